/** What would happen to a call: the server decides by its own table, with what is on the page laid over what is saved. */
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { type CallSettings, ParleyError, type PreviewCall } from '../../../../client/index.ts'
import { useConsole } from '../../app/context.ts'
import { reasonOf } from '../../app/reason.ts'
import { Failed } from '../../app/Trouble.tsx'
import { useText } from '../../app/text.tsx'
import { useAccounts } from '../../inbox/composer/useAccount.ts'
import { wallClock } from '../../rules/callSettings.ts'
import { Card } from '../parts.tsx'
import css from '../settings.module.css'
import { Imagined } from './Imagined.tsx'
import { RuleTable } from './RuleTable.tsx'

const callers = ['phone', 'withheld', 'landline', 'other'] as const
type Caller = (typeof callers)[number]
const outcomes = ['no_answer', 'busy', 'voicemail', 'short', 'canceled', 'failed', 'unanswered', 'answered'] as const
/** Between two questions while somebody types. Milliseconds. */
const pauseMs = 250

export function Imagine({ sound, zone }: { sound: Partial<CallSettings>; zone: string }) {
  const { api } = useConsole()
  const { t } = useText()
  const numbers = useAccounts().data?.items.filter((one) => one.channel === 'sms') ?? []
  const [form, setForm] = useState({
    ...{ caller: 'phone' as Caller, number: '+1 415 555 0142', outcome: 'no_answer', accountId: '' },
    ...wallClock(zone, Date.now()),
  })
  const set = (patch: Partial<typeof form>) => setForm((before) => ({ ...before, ...patch }))
  const account = numbers.find((one) => one.id === form.accountId) ?? numbers[0]
  const complete = form.day !== '' && form.time !== ''
  const asked: PreviewCall = {
    from: fromOf(form.caller, form.number),
    landline: form.caller === 'landline',
    outcome: form.outcome,
    local: `${form.day}T${form.time}`,
    settings: sound,
    ...(account ? { accountId: account.id } : {}),
  }
  const [question] = useDebouncedValue(JSON.stringify({ asked, complete }), pauseMs)
  const preview = useQuery({
    queryKey: ['call-preview', question],
    queryFn: ({ signal }) => api.calls.preview((JSON.parse(question) as { asked: PreviewCall }).asked, { signal }),
    enabled: complete,
    placeholderData: keepPreviousData,
    staleTime: 0,
    retry: (count, error) => count < 2 && !(error instanceof ParleyError && !error.temporary),
  })
  const none = preview.error instanceof ParleyError && preview.error.status === 404
  return (
    <Card title={t('imagine.title')} text={t('imagine.text')} testId="imagine">
      <div className={css.pair}>
        <NativeSelect
          label={t('imagine.who')}
          value={form.caller}
          onChange={(event) => set({ caller: callers.find((one) => one === event.currentTarget.value) ?? 'phone' })}
          data={callers.map((value) => ({
            value,
            label: t(value === 'withheld' || value === 'other' ? `calls.${value}` : `imagine.who.${value}`),
          }))}
        />
        {(form.caller === 'phone' || form.caller === 'landline') && (
          <TextInput
            label={t('imagine.number')}
            type="tel"
            dir="ltr"
            autoComplete="off"
            maxLength={30}
            value={form.number}
            onChange={(event) => set({ number: event.currentTarget.value })}
          />
        )}
        <NativeSelect
          label={t('imagine.outcome')}
          value={form.outcome}
          onChange={(event) => set({ outcome: event.currentTarget.value })}
          data={outcomes.map((value) => ({ value, label: t(`calls.outcome.${value}`) }))}
        />
        {numbers.length > 1 && (
          <NativeSelect
            label={t('imagine.account')}
            value={account?.id ?? ''}
            onChange={(event) => set({ accountId: event.currentTarget.value })}
            data={numbers.map((one) => ({ value: one.id, label: [one.name, one.address].filter(Boolean).join(' · ') }))}
          />
        )}
        <TextInput
          label={t('imagine.day')}
          type="date"
          required
          withAsterisk={false}
          value={form.day}
          onChange={(event) => set({ day: event.currentTarget.value })}
        />
        <TextInput
          label={t('imagine.time')}
          type="time"
          required
          withAsterisk={false}
          value={form.time}
          onChange={(event) => set({ time: event.currentTarget.value })}
        />
      </div>
      {!complete && <p className={css.dim}>{t('imagine.pick')}</p>}
      {none && <NoNumber />}
      {preview.isError && !none && (
        <Failed text={t('context.failed')} reason={reasonOf(preview.error, t)} onRetry={() => void preview.refetch()} />
      )}
      {complete && !preview.isError && preview.data && <Imagined preview={preview.data} outcome={form.outcome} />}
      <RuleTable applies={complete && !preview.isError ? preview.data?.rule : undefined} />
    </Card>
  )
}

function fromOf(caller: Caller, number: string): string | null {
  if (caller === 'withheld') return null
  return caller === 'other' ? 'client:browser' : number.trim() || null
}

function NoNumber() {
  const { t } = useText()
  return (
    <div className={css.inline}>
      <p className={css.cardText}>{t('imagine.noNumber')}</p>
      <Button
        size="xs"
        variant="default"
        renderRoot={(props) => <Link {...props} to="/settings/{-$section}" params={{ section: 'channels' }} />}
      >
        {t('settings.channels')}
      </Button>
    </div>
  )
}
