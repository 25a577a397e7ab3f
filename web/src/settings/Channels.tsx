import { Button, Skeleton } from '@mantine/core'
import IconPlus from '@tabler/icons-react/dist/esm/icons/IconPlus.mjs'
import IconRefresh from '@tabler/icons-react/dist/esm/icons/IconRefresh.mjs'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Account, Template } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { mayManage, useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { toast } from '../app/toasts.tsx'
import { ChannelMark, channelName } from '../inbox/ChannelMark.tsx'
import { useAccounts } from '../inbox/composer/useAccount.ts'
import { AccountSetup } from './AccountSetup.tsx'
import { ConnectTwilio } from './ConnectTwilio.tsx'
import { ConnectWhatsApp } from './ConnectWhatsApp.tsx'
import { Head } from './parts.tsx'
import css from './settings.module.css'

export function Channels() {
  const { session } = useConsole()
  const { t } = useText()
  const accounts = useAccounts()
  const [open, setOpen] = useState<'new' | 'new-twilio' | string | null>(null)
  const may = mayManage(session)
  const items = accounts.data?.items ?? []
  if (open === 'new-twilio') return <ConnectTwilio onClose={() => setOpen(null)} onConnected={setOpen} />
  if (open === 'new') return <ConnectWhatsApp onClose={() => setOpen(null)} onConnected={setOpen} />
  const one = items.find((each) => each.id === open)
  if (one) return <AccountSetup account={one} onClose={() => setOpen(null)} />
  return (
    <>
      <Head title={t('settings.channels')} lead={t('settings.channels.text')}>
        {may && items.length > 0 && <Add onOpen={setOpen} />}
      </Head>
      {accounts.isPending && <Skeleton height={96} radius={12} />}
      {accounts.isError && (
        <Failed text={t('context.failed')} reason={reasonOf(accounts.error, t)} onRetry={() => void accounts.refetch()} />
      )}
      {accounts.data && items.length === 0 && (
        <>
          <Empty title={t('settings.channels.none')} text={t('channels.none.text')} />
          {may && <Add onOpen={setOpen} />}
        </>
      )}
      {items.map((each) => (
        <AccountCard key={each.id} account={each} onSetup={may ? () => setOpen(each.id) : null} />
      ))}
    </>
  )
}

function Add({ onOpen }: { onOpen: (what: 'new' | 'new-twilio') => void }) {
  const { t } = useText()
  return (
    <div className={css.buttons}>
      <Button size="xs" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => onOpen('new')}>
        {t('channels.add')}
      </Button>
      <Button size="xs" variant="default" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => onOpen('new-twilio')}>
        {t('channels.addTwilio')}
      </Button>
      <Link className={css.link} to="/settings/{-$section}" params={{ section: 'numbers' }}>
        {t('channels.buyNumber')}
      </Link>
    </div>
  )
}

function AccountCard({ account, onSetup }: { account: Account; onSetup: (() => void) | null }) {
  const { t } = useText()
  return (
    <section className={css.card}>
      <header className={css.cardHead}>
        <ChannelMark channel={account.channel} size={22} />
        <div>
          <h3>
            <bdi>{account.name}</bdi>
          </h3>
          <small>{[channelName(account.channel), account.address, account.provider].filter(Boolean).join(' · ')}</small>
        </div>
        <span className={css.state} data-state={account.state}>
          {t(`state.${account.state}`)}
        </span>
        {onSetup && (
          <Button size="compact-xs" variant="default" aria-label={`${t('channels.setup')}: ${account.name}`} onClick={onSetup}>
            {t('channels.setup')}
          </Button>
        )}
      </header>
      {account.stateText && <p className={css.stateText}>{account.stateText}</p>}
      {account.capabilities.templates && <Templates accountId={account.id} />}
    </section>
  )
}

function Templates({ accountId }: { accountId: string }) {
  const { api, queries, session } = useConsole()
  const { t } = useText()
  const templates = useQuery({
    queryKey: keys.templates(accountId),
    queryFn: ({ signal }) => api.templates.list({ accountId }, { signal }),
  })
  const sync = useMutation({
    mutationFn: () => api.templates.sync(accountId),
    onSuccess: ({ count }) => {
      toast({ text: t('settings.synced', { n: count }) })
      void queries.invalidateQueries({ queryKey: keys.templates(accountId) })
    },
    onError: (error) => toast({ text: t('thread.actionFailed', { reason: reasonOf(error, t) }), tone: 'bad' }),
  })
  const all = templates.data?.items ?? []
  const may = mayManage(session)
  return (
    <>
      <div className={css.templateHead}>
        <strong>{t('settings.templates', { n: all.length })}</strong>
        {may && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconRefresh size={15} aria-hidden />}
            loading={sync.isPending}
            onClick={() => sync.mutate()}
          >
            {t('settings.sync')}
          </Button>
        )}
      </div>
      <ul className={css.templates}>
        {all.map((one) => (
          <TemplateLine key={one.id} one={one} />
        ))}
      </ul>
    </>
  )
}

function TemplateLine({ one }: { one: Template }) {
  const status = one.status.toLowerCase()
  return (
    <li>
      <div>
        <bdi>{one.name}</bdi>{' '}
        <small>{[one.language, one.category.toLowerCase(), one.quality?.toLowerCase()].filter(Boolean).join(' · ')}</small>
        <p dir="auto">{one.body}</p>
        {one.rejectionReason && <p className={css.rejected}>{one.rejectionReason}</p>}
      </div>
      <span className={css.state} data-state={status}>
        {status}
      </span>
    </li>
  )
}
