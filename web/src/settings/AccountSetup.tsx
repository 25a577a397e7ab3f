/** Whether a number works: its checklist, kept fresh while it is looked at, and a message to oneself. */
import { Button, Skeleton, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Account } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { mayManage, useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { Checklist } from './Checklist.tsx'
import { Delivery } from './numbers/Delivery.tsx'
import { Card, Confirm, CopyLine, Head, useChange } from './parts.tsx'
import { Registration } from './Registration.tsx'
import css from './settings.module.css'
import { WhoAnswers } from './WhoAnswers.tsx'

const CHECK_EVERY_MS = 4_000

export function AccountSetup({ account, onClose }: { account: Account; onClose: () => void }) {
  const { api, queries, session } = useConsole()
  const { t } = useText()
  const [asking, setAsking] = useState(false)
  const setup = useQuery({
    queryKey: keys.setup(account.id),
    queryFn: ({ signal }) => api.accounts.setup(account.id, { signal }),
    refetchInterval: CHECK_EVERY_MS,
    staleTime: 0,
  })
  const numbers = useQuery({ queryKey: keys.numbers, queryFn: ({ signal }) => api.numbers.list({ signal }) })
  const bought = numbers.data?.items.find((one) => one.accountId === account.id && one.status !== 'released')
  const remove = useChange({
    run: () => api.accounts.remove(account.id),
    done: t('channels.removed', { name: account.name }),
    after: () => {
      void queries.invalidateQueries({ queryKey: keys.accounts })
      onClose()
    },
  })
  return (
    <>
      <Head title={account.name} lead={t('setup.lead')}>
        <Button size="xs" variant="default" onClick={onClose}>
          {t('app.back')}
        </Button>
      </Head>
      <Card title={t('setup.check')} testId="account-setup">
        {setup.isPending && <Skeleton height={200} radius={8} />}
        {setup.isError && !setup.data && (
          <Failed text={t('context.failed')} reason={reasonOf(setup.error, t)} onRetry={() => void setup.refetch()} />
        )}
        {setup.data && (
          <>
            <p className={css.preview} data-open={setup.data.ready || undefined} role="status">
              <strong>{t(setup.data.ready ? 'setup.ready' : 'setup.notReady')}</strong>
            </p>
            <Checklist steps={setup.data.steps} />
            {!bought && <CopyLine label={t('connect.webhook.url')} value={setup.data.webhookUrl} />}
          </>
        )}
      </Card>
      {bought && mayManage(session) && (
        <Card title={t('delivery.title')} text={t('delivery.text')}>
          <Delivery number={bought} />
        </Card>
      )}
      <WhoAnswers account={account} />
      {account.channel === 'sms' && <Registration account={account} />}
      <SendYourself account={account} onSent={() => void setup.refetch()} />
      <Card title={t('channels.remove')} text={t('channels.remove.text')}>
        <div>
          <Button variant="default" size="xs" loading={remove.isPending} onClick={() => setAsking(true)}>
            {t('channels.remove')}
          </Button>
        </div>
      </Card>
      <Confirm
        opened={asking}
        title={t('channels.remove')}
        text={t('channels.removeConfirm', { name: account.name })}
        action={t('channels.remove')}
        onConfirm={() => remove.mutate()}
        onClose={() => setAsking(false)}
      />
    </>
  )
}

function SendYourself({ account, onSent }: { account: Account; onSent: () => void }) {
  const { api } = useConsole()
  const { t } = useText()
  const [to, setTo] = useState('')
  const send = useChange({ run: () => api.accounts.test(account.id, to.trim()), quiet: true, after: onSent })
  const messageId = send.data?.messageId ?? null
  const message = useQuery({
    queryKey: ['test-message', messageId],
    queryFn: ({ signal }) => api.messages.get(messageId ?? '', { signal }),
    enabled: messageId !== null,
    refetchInterval: (query) => (['delivered', 'read', 'failed'].includes(query.state.data?.status ?? '') ? false : 1500),
  })
  const status = message.data?.status
  const moved = status === 'sent' || status === 'delivered' || status === 'read' || status === 'failed'
  return (
    <Card title={t('test.title')} text={t('test.text')} onSubmit={send.mutate} testId="test-form">
      <div className={css.inline}>
        <TextInput
          label={t('test.to')}
          type="tel"
          dir="ltr"
          required
          withAsterisk={false}
          placeholder="+34 600 123 456"
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
        <Button type="submit" loading={send.isPending}>
          {t('test.send')}
        </Button>
      </div>
      {send.isError && (
        <p className={css.error} role="alert">
          {reasonOf(send.error, t)}
        </p>
      )}
      {send.data && (
        <p className={css.preview} data-open={send.data.sent || undefined} role="status" data-testid="test-answer">
          <strong dir="auto">{send.data.text}</strong>
          {moved && <small>{message.data?.error?.text ?? t(`test.status.${status}`)}</small>}
          {send.data.conversationId && (
            <Link to="/inbox/$conversationId" params={{ conversationId: send.data.conversationId }} search={{}}>
              {t('test.open')}
            </Link>
          )}
        </p>
      )}
    </Card>
  )
}
