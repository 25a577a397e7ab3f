import { ActionIcon, Button, Menu, Skeleton, Tooltip } from '@mantine/core'
import IconArchive from '@tabler/icons-react/dist/esm/icons/IconArchive.mjs'
import IconArrowBackUp from '@tabler/icons-react/dist/esm/icons/IconArrowBackUp.mjs'
import IconArrowLeft from '@tabler/icons-react/dist/esm/icons/IconArrowLeft.mjs'
import IconHeadset from '@tabler/icons-react/dist/esm/icons/IconHeadset.mjs'
import IconInfoCircle from '@tabler/icons-react/dist/esm/icons/IconInfoCircle.mjs'
import IconRobot from '@tabler/icons-react/dist/esm/icons/IconRobot.mjs'
import IconRotate from '@tabler/icons-react/dist/esm/icons/IconRotate.mjs'
import IconUserPlus from '@tabler/icons-react/dist/esm/icons/IconUserPlus.mjs'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { Conversation } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { mayWrite, useConsole } from '../../app/context.ts'
import type { SeenPresence } from '../../app/live.ts'
import { useText } from '../../app/text.tsx'
import { Chips } from '../../labels/Chips.tsx'
import { LabelMenu } from '../../labels/LabelMenu.tsx'
import { shownStatus, statusOf, useMembers } from '../../people/presence.ts'
import { channelName } from '../ChannelMark.tsx'
import { useAccount } from '../composer/useAccount.ts'
import { Face } from '../Face.tsx'
import { nameOf } from '../person.ts'
import { WindowRing } from '../WindowRing.tsx'
import css from './thread.module.css'
import { useConversationActions } from './useActions.ts'

interface Props {
  conversation: Conversation | undefined
  others: SeenPresence[]
  onBack: () => void
  onDetails: () => void
}

export function ThreadHeader({ conversation, others, onBack, onDetails }: Props) {
  const { t } = useText()
  const { session } = useConsole()
  const { setStatus } = useConversationActions()
  const one = conversation
  if (!one) {
    return (
      <header className={css.header}>
        <Skeleton height={12} width={160} />
      </header>
    )
  }
  const name = nameOf(one.contact, t)
  const closed = one.status !== 'open'
  return (
    <header className={css.header}>
      <ActionIcon className={css.back} variant="subtle" color="gray" size="lg" aria-label={t('app.back')} onClick={onBack}>
        <IconArrowLeft size={20} className={css.flip} aria-hidden />
      </ActionIcon>
      <div className={css.who}>
        <h2 className={css.name}>
          <bdi>{name}</bdi> <WindowRing conversation={one} /> <Chips conversation={one} most={5} />
        </h2>
        <div className={css.via}>
          {t('thread.via', { channel: channelName(one.channel), account: one.account.name })}
          {one.contact.name && one.contact.phone && (
            <>
              {' · '}
              <bdi>{one.contact.phone}</bdi>
            </>
          )}
        </div>
      </div>
      <Others others={others} />
      {mayWrite(session) && (
        <>
          <LabelMenu conversation={one} />
          <Assistant conversation={one} />
          <HandOver conversation={one} />
          <Owner conversation={one} />
          <Tooltip label={`${t(closed ? 'thread.reopen' : 'thread.close')} · E`}>
            <Button
              variant="default"
              size="xs"
              className={css.action}
              aria-label={t(closed ? 'thread.reopen' : 'thread.close')}
              leftSection={closed ? <IconRotate size={15} aria-hidden /> : <IconArchive size={15} aria-hidden />}
              onClick={() => void setStatus(one, closed ? 'open' : 'closed')}
            >
              {t(closed ? 'thread.reopen' : 'thread.close')}
            </Button>
          </Tooltip>
        </>
      )}
      <Tooltip label={t('thread.details')}>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('thread.details')} onClick={onDetails}>
          <IconInfoCircle size={20} stroke={1.7} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </header>
  )
}

function Action({ words, icon, onClick }: { words: string; icon: ReactNode; onClick: () => void }) {
  return (
    <Tooltip label={words}>
      <ActionIcon variant="default" size="md" aria-label={words} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  )
}

/** To the agents of the contact centre and back; nothing where the business has none. */
function HandOver({ conversation }: { conversation: Conversation }) {
  const { t } = useText()
  const { api } = useConsole()
  const { handOver } = useConversationActions()
  const centre = useQuery({ queryKey: keys.contactCentre, queryFn: ({ signal }) => api.contactCentre.get({ signal }) })
  const isTheirs = conversation.control === 'agent'
  if (!isTheirs && !centre.data?.configured) return null
  const words = t(isTheirs ? 'thread.takeBack' : 'thread.toCentre')
  const icon = isTheirs ? <IconArrowBackUp size={16} aria-hidden /> : <IconHeadset size={16} aria-hidden />
  return <Action {...{ words, icon }} onClick={() => void handOver(conversation, isTheirs ? 'human' : 'agent')} />
}

/** To the assistant and back, where it may answer the number at all; whoever writes takes over by that. */
function Assistant({ conversation }: { conversation: Conversation }) {
  const { t } = useText()
  const { handOver } = useConversationActions()
  const account = useAccount(conversation.account.id)
  const speaks = conversation.control === 'ai'
  const may = conversation.status === 'open' && conversation.control !== 'agent' && account?.answerer === 'assistant'
  if (!speaks && !may) return null
  const words = t(speaks ? 'thread.fromAssistant' : 'thread.toAssistant')
  const icon = speaks ? <IconArrowBackUp size={16} aria-hidden /> : <IconRobot size={16} aria-hidden />
  return <Action {...{ words, icon }} onClick={() => void handOver(conversation, speaks ? 'human' : 'ai')} />
}

function Others({ others }: { others: SeenPresence[] }) {
  const { t } = useText()
  const first = others.find((one) => one.state === 'typing') ?? others[0]
  return (
    <span className={css.others} role="status">
      {others.slice(0, 3).map((one) => (
        <Face key={one.userId} id={one.userId} name={one.name} size={22} />
      ))}
      {first && (
        <span className={css.othersText}>
          {t(first.state === 'typing' ? 'thread.typing' : 'thread.looking', { name: first.name })}
        </span>
      )}
    </span>
  )
}

function Owner({ conversation }: { conversation: Conversation }) {
  const { t } = useText()
  const { assign, me } = useConversationActions()
  const members = useMembers()
  const owner = conversation.assignee
  return (
    <Menu position="bottom-end" width={240} shadow="md">
      <Menu.Target>
        <Button
          variant="default"
          size="xs"
          className={css.action}
          aria-label={owner ? t('list.owner', { name: owner.name }) : t('thread.assign')}
          leftSection={
            owner ? (
              <Face id={owner.id} name={owner.name} size={18} status={statusOf(members.data?.items, owner.id)} />
            ) : (
              <IconUserPlus size={15} aria-hidden />
            )
          }
        >
          {owner ? <bdi>{owner.name}</bdi> : t('thread.assign')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('thread.assignTo')}</Menu.Label>
        {owner?.id !== me.id && (
          <Menu.Item
            leftSection={<Face id={me.id} name={me.name} size={20} />}
            rightSection={<kbd className={css.key}>A</kbd>}
            onClick={() => void assign(conversation, me)}
          >
            {t('thread.assignMe')}
          </Menu.Item>
        )}
        {members.data?.items
          .filter((one) => one.id !== me.id && one.role !== 'viewer')
          .map((one) => (
            <Menu.Item
              key={one.id}
              leftSection={<Face id={one.id} name={one.name} size={20} status={shownStatus(one.presence)} />}
              disabled={one.id === owner?.id}
              onClick={() => void assign(conversation, { id: one.id, name: one.name })}
            >
              <bdi>{one.name}</bdi> <span className="visually-hidden">{t(`presence.${shownStatus(one.presence)}`)}</span>
            </Menu.Item>
          ))}
        {owner && (
          <>
            <Menu.Divider />
            <Menu.Item onClick={() => void assign(conversation, null)}>{t('thread.unassign')}</Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
