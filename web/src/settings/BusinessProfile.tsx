import { Button, NativeSelect, NumberInput, Skeleton, Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Business } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { mayManage, useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { languages } from '../text/languages.ts'
import { Holds } from './Holds.tsx'
import { Card, Head, Toggle } from './parts.tsx'
import { Retention } from './Retention.tsx'
import css from './settings.module.css'
import { useSaveBusiness } from './useSaveBusiness.ts'
import { zones } from './zones.ts'

export function BusinessProfile() {
  const { api } = useConsole()
  const { t } = useText()
  const business = useQuery({ queryKey: keys.business, queryFn: ({ signal }) => api.business.get({ signal }) })
  return (
    <>
      <Head title={t('settings.business')} lead={t('business.text')} />
      {business.isPending && <Skeleton height={420} radius={12} />}
      {business.isError && (
        <Failed text={t('context.failed')} reason={reasonOf(business.error, t)} onRetry={() => void business.refetch()} />
      )}
      {business.data && (
        <>
          <Details business={business.data} />
          <Answers business={business.data} />
          <Retention business={business.data} />
          <Holds />
        </>
      )}
    </>
  )
}

function Details({ business }: { business: Business }) {
  const { session } = useConsole()
  const { t } = useText()
  const [form, setForm] = useState({
    name: business.name,
    email: business.email ?? '',
    phone: business.phone ?? '',
    address: business.address ?? '',
    tradeType: business.tradeType ?? '',
    radius: business.serviceAreaRadius as number | string,
    timezone: business.timezone,
    language: business.language,
  })
  const set = (patch: Partial<typeof form>) => setForm((before) => ({ ...before, ...patch }))
  const save = useSaveBusiness()
  const may = mayManage(session)
  const submit = () =>
    save.mutate({
      name: form.name.trim(),
      email: form.email.trim() || null,
      phone: form.phone.trim() || null,
      address: form.address.trim() || null,
      tradeType: form.tradeType.trim() || null,
      serviceAreaRadius: Number(form.radius) || 0,
      timezone: form.timezone,
      language: form.language,
    })
  // A language that is stored and that the console does not speak stays as it is.
  const tongues: Record<string, string> = { [form.language]: form.language, ...languages }
  return (
    <Card title={t('business.details')} onSubmit={submit} testId="business-form">
      <fieldset className={css.fields} disabled={!may}>
        <TextInput
          label={t('business.name')}
          dir="auto"
          required
          withAsterisk={false}
          maxLength={255}
          value={form.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <div className={css.pair}>
          <TextInput
            label={t('signIn.email')}
            type="email"
            dir="ltr"
            value={form.email}
            onChange={(event) => set({ email: event.currentTarget.value })}
          />
          <TextInput
            label={t('profile.phone')}
            type="tel"
            dir="ltr"
            maxLength={20}
            value={form.phone}
            onChange={(event) => set({ phone: event.currentTarget.value })}
          />
        </div>
        <Textarea
          label={t('business.address')}
          dir="auto"
          autosize={false}
          rows={2}
          maxLength={1000}
          value={form.address}
          onChange={(event) => set({ address: event.currentTarget.value })}
        />
        <div className={css.pair}>
          <TextInput
            label={t('business.trade')}
            dir="auto"
            description={t('business.trade.help')}
            maxLength={100}
            value={form.tradeType}
            onChange={(event) => set({ tradeType: event.currentTarget.value })}
          />
          <NumberInput
            label={t('business.radius')}
            description={t('business.radius.help')}
            min={0}
            max={12_500}
            allowDecimal={false}
            value={form.radius}
            onChange={(radius) => set({ radius })}
          />
        </div>
        <div className={css.pair}>
          <NativeSelect
            label={t('business.zone')}
            value={form.timezone}
            onChange={(event) => set({ timezone: event.currentTarget.value })}
            data={zones(form.timezone)}
          />
          <NativeSelect
            label={t('business.language')}
            value={form.language}
            onChange={(event) => set({ language: event.currentTarget.value })}
            data={Object.entries(tongues).map(([value, label]) => ({ value, label }))}
          />
        </div>
      </fieldset>
      {may && (
        <div className={css.formBar}>
          <Button type="submit" loading={save.isPending}>
            {t('app.save')}
          </Button>
        </div>
      )}
    </Card>
  )
}

/** What is said while nobody is there. */
function Answers({ business }: { business: Business }) {
  const { session } = useConsole()
  const { t } = useText()
  const [on, setOn] = useState(business.autoResponseEnabled)
  const [message, setMessage] = useState(business.autoResponseMessage)
  const [greeting, setGreeting] = useState(business.aiGreetingTemplate)
  const [delay, setDelay] = useState<number | string>(business.aiTakeoverDelay)
  const save = useSaveBusiness()
  const may = mayManage(session)
  const submit = () =>
    save.mutate({
      autoResponseEnabled: on,
      autoResponseMessage: message.trim(),
      aiGreetingTemplate: greeting.trim(),
      aiTakeoverDelay: Number(delay) || 0,
    })
  return (
    <Card title={t('business.answers')} text={t('business.answers.text')} onSubmit={submit}>
      <fieldset className={css.fields} disabled={!may}>
        <Toggle label={t('business.auto')} help={t('business.auto.help')} checked={on} onChange={setOn} disabled={!may} />
        <Textarea
          label={t('business.autoMessage')}
          dir="auto"
          rows={3}
          required
          withAsterisk={false}
          maxLength={1600}
          value={message}
          onChange={(event) => setMessage(event.currentTarget.value)}
        />
        <Textarea
          label={t('business.greeting')}
          dir="auto"
          description={t('business.greeting.help')}
          rows={3}
          required
          withAsterisk={false}
          maxLength={1600}
          value={greeting}
          onChange={(event) => setGreeting(event.currentTarget.value)}
        />
        <NumberInput
          label={t('business.delay')}
          description={t('business.delay.help')}
          maw={320}
          min={0}
          max={3600}
          allowDecimal={false}
          value={delay}
          onChange={setDelay}
        />
      </fieldset>
      {may && (
        <div className={css.formBar}>
          <Button type="submit" loading={save.isPending}>
            {t('app.save')}
          </Button>
        </div>
      )}
    </Card>
  )
}
