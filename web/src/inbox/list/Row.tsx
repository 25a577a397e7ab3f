import IconCornerUpLeft from '@tabler/icons-react/dist/esm/icons/IconCornerUpLeft.mjs'
import IconRobot from '@tabler/icons-react/dist/esm/icons/IconRobot.mjs'
import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import type { Conversation } from '../../../../client/index.ts'
import { useNow } from '../../app/now.ts'
import { useText } from '../../app/text.tsx'
import { Chips } from '../../labels/Chips.tsx'
import { plain } from '../../rules/formatting.ts'
import { fullTime, listTime } from '../../text/time.ts'
import { ChannelMark } from '../ChannelMark.tsx'
import { Face } from '../Face.tsx'
import { nameOf } from '../person.ts'
import { WindowRing } from '../WindowRing.tsx'
import css from './list.module.css'

export const Row = memo(function Row({ conversation, selected }: { conversation: Conversation; selected: boolean }) {
  const { t } = useText()
  const one = conversation
  const name = nameOf(one.contact, t)
  return (
    <Link
      to="/inbox/$conversationId"
      params={{ conversationId: one.id }}
      search={(before) => ({ ...before, message: undefined })}
      className={css.row}
      data-selected={selected || undefined}
      data-unread={one.unreadCount > 0 || undefined}
      aria-current={selected ? 'true' : undefined}
      data-testid="conversation-row"
      data-conversation-id={one.id}
      draggable={false}
    >
      <span className={css.face}>
        <Face id={one.contact.id} name={name} size={36} />
        <span className={css.channel}>
          <ChannelMark channel={one.channel} size={13} />
        </span>
      </span>
      <span className={css.words}>
        <span className={css.line}>
          <span className={css.name}>
            <bdi>{name}</bdi>
          </span>
          <WindowRing conversation={one} size={14} />
          <When at={one.lastMessageAt ?? one.createdAt} />
        </span>
        <span className={css.line}>
          <Preview one={one} />
          <Chips conversation={one} most={2} />
          {one.control === 'ai' || one.control === 'bot' ? (
            <IconRobot size={16} className={css.robot} role="img" aria-label={t('sender.ai')} />
          ) : (
            one.assignee && (
              <span title={t('list.owner', { name: one.assignee.name })}>
                <Face id={one.assignee.id} name={one.assignee.name} size={18} />
                <span className="visually-hidden">{t('list.owner', { name: one.assignee.name })}</span>
              </span>
            )
          )}
          {one.unreadCount > 0 && (
            <span className={css.badge}>
              <span aria-hidden>{one.unreadCount > 99 ? '99+' : one.unreadCount}</span>
              <span className="visually-hidden">{t('list.unread', { n: one.unreadCount })}</span>
            </span>
          )}
        </span>
      </span>
    </Link>
  )
})

function Preview({ one }: { one: Conversation }) {
  const { t } = useText()
  const text = one.lastPreview ? plain(one.lastPreview) : ''
  return (
    <span className={css.preview}>
      {one.lastDirection === 'outbound' && text && (
        <IconCornerUpLeft size={13} className={css.ours} role="img" aria-label={t('sender.you')} />
      )}
      <bdi>{text || t('list.noPreview')}</bdi>
    </span>
  )
}

function When({ at }: { at: string }) {
  const { t, clock } = useText()
  const now = useNow()
  return (
    <time className={css.when} dateTime={at} title={fullTime(clock, at)}>
      {listTime(clock, at, now) || t('time.now')}
    </time>
  )
}
