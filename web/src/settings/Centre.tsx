/** The contact centre: what connects it, how it is doing, which numbers it answers, and by which rules. */
import { Button, NumberInput, PasswordInput, Skeleton, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ContactCentre, PatchContactCentre } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { fullTime } from '../text/time.ts'
import { Card, CopyLine, Head, Toggle, useChange } from './parts.tsx'
import css from './settings.module.css'

export function Centre() {
  const { api } = useConsole()
  const { t } = useText()
  const centre = useQuery({ queryKey: keys.contactCentre, queryFn: ({ signal }) => api.contactCentre.get({ signal }) })
  return (
    <>
      <Head title={t('settings.centre')} lead={t('centre.text')} />
      {centre.isPending && <Skeleton height={420} radius={12} />}
      {centre.isError && (
        <Failed text={t('context.failed')} reason={reasonOf(centre.error, t)} onRetry={() => void centre.refetch()} />
      )}
      {centre.data?.configured && <State centre={centre.data} />}
      {centre.data && <Connection configured={centre.data.configured} />}
      {centre.data?.configured && (
        <>
          <Numbers centre={centre.data} />
          <Rules centre={centre.data} />
        </>
      )}
    </>
  )
}

function useAgain(): () => void {
  const { queries } = useConsole()
  return () => void queries.invalidateQueries({ queryKey: keys.contactCentre })
}

function State({ centre }: { centre: ContactCentre }) {
  const { api } = useConsole()
  const { t, clock } = useText()
  const again = useAgain()
  const check = useChange({ run: () => api.contactCentre.check(), after: again })
  const text = check.data && check.data.state !== 'connected' ? check.data.text : centre.stateText
  return (
    <Card title={t('centre.state')} testId="centre-state">
      <p data-state={centre.state}>
        <strong>{t(`centre.state.${centre.state}`)}</strong>
        {text && ` — ${text}`}
      </p>
      {centre.failingSince && <p role="status">{t('centre.failing', { time: fullTime(clock, centre.failingSince) })}</p>}
      {centre.waiting > 0 && <p>{t('centre.waiting', { n: centre.waiting })}</p>}
      {centre.webhookUrl && <CopyLine label={t('centre.webhook')} value={centre.webhookUrl} />}
      <div className={css.formBar}>
        <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>
          {t('centre.check')}
        </Button>
      </div>
    </Card>
  )
}

const empty = { region: '', clientId: '', clientSecret: '', integrationId: '', webhookSecret: '' }
/** The secret before is taken for as long as it may take to enter the new one over there. */
const overlapHours = 24

function Connection({ configured }: { configured: boolean }) {
  const { api, session } = useConsole()
  const { t } = useText()
  const again = useAgain()
  const [form, setForm] = useState(empty)
  const set = (name: keyof typeof empty) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget
    setForm((before) => ({ ...before, [name]: value }))
  }
  const connect = useChange({
    run: () =>
      api.contactCentre.connect(
        session.tenant.id,
        Object.fromEntries(Object.entries(form).map(([name, value]) => [name, value.trim()])),
        configured ? overlapHours : 0,
      ),
    done: t('centre.saved'),
    after: () => {
      setForm(empty)
      again()
    },
  })
  const field = (name: keyof typeof empty) => ({
    ...{ required: true, withAsterisk: false, dir: 'ltr' as const, autoComplete: 'off', label: t(`centre.${name}`) },
    ...{ value: form[name], onChange: set(name) },
  })
  return (
    <Card
      title={t('centre.credentials')}
      text={t('centre.credentials.text')}
      onSubmit={() => connect.mutate()}
      testId="centre-form"
    >
      <TextInput {...field('region')} description={t('centre.region.help')} placeholder="euw2.pure.cloud" />
      <TextInput {...field('clientId')} />
      <PasswordInput {...field('clientSecret')} />
      <TextInput {...field('integrationId')} />
      <PasswordInput {...field('webhookSecret')} minLength={16} description={t('centre.webhookSecret.help')} />
      <div className={css.formBar}>
        <Button type="submit" loading={connect.isPending}>
          {t(configured ? 'centre.replace' : 'centre.connect')}
        </Button>
      </div>
    </Card>
  )
}

function Numbers({ centre }: { centre: ContactCentre }) {
  const { api } = useConsole()
  const { t } = useText()
  const again = useAgain()
  const accounts = useQuery({ queryKey: keys.accounts, queryFn: ({ signal }) => api.accounts.list({ signal }) })
  const answer = useChange({
    run: ({ id, on }: { id: string; on: boolean }) => api.contactCentre.answer(id, on ? 'genesys' : 'human'),
    done: t('app.saved'),
    after: again,
  })
  const answered = new Set(centre.accounts.map(({ id }) => id))
  return (
    <Card title={t('centre.numbers')} text={t('centre.numbers.text')} testId="centre-numbers">
      {accounts.data?.items.length === 0 && <Empty title={t('centre.numbers.none')} />}
      {accounts.data?.items.map(({ id, name, address }) => (
        <Toggle
          key={id}
          label={[name, address].filter(Boolean).join(' · ')}
          checked={answered.has(id)}
          disabled={answer.isPending}
          onChange={(on) => answer.mutate({ id, on })}
        />
      ))}
    </Card>
  )
}

function Rules({ centre: { settings } }: { centre: ContactCentre }) {
  const { api } = useConsole()
  const { t } = useText()
  const again = useAgain()
  const [expire, setExpire] = useState<number | string>(settings.expireHours)
  const [tell, setTell] = useState<number | string>(settings.tellAfterMinutes)
  const [handOver, setHandOver] = useState<number | string>(settings.handOverAfterMinutes ?? '')
  const [disconnect, setDisconnect] = useState(settings.disconnectOnTakeover)
  const save = useChange({
    run: (patch: PatchContactCentre) => api.contactCentre.update(patch),
    done: t('app.saved'),
    after: again,
  })
  const submit = () =>
    save.mutate({
      expireHours: Number(expire),
      tellAfterMinutes: Number(tell),
      handOverAfterMinutes: handOver === '' ? null : Number(handOver),
      disconnectOnTakeover: disconnect,
    })
  const number = { maw: 320, min: 1, allowDecimal: false, withAsterisk: false }
  return (
    <Card title={t('centre.rules')} onSubmit={submit} testId="centre-rules">
      <NumberInput {...number} required max={720} label={t('centre.expire')} value={expire} onChange={setExpire} />
      <NumberInput {...number} required max={1440} label={t('centre.tell')} value={tell} onChange={setTell} />
      <NumberInput {...number} max={10_080} label={t('centre.handOver')} value={handOver} onChange={setHandOver} />
      <Toggle label={t('centre.disconnect')} checked={disconnect} onChange={setDisconnect} />
      <div className={css.formBar}>
        <Button type="submit" loading={save.isPending}>
          {t('app.save')}
        </Button>
      </div>
    </Card>
  )
}
