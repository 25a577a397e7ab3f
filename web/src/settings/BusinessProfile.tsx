import { Button, NativeSelect, Skeleton, Textarea, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Business } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { mayManage, useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { languages } from '../text/languages.ts'
import { BusinessAnswers } from './BusinessAnswers.tsx'
import { Holds } from './Holds.tsx'
import { Card, Head } from './parts.tsx'
import { Retention } from './Retention.tsx'
import { ServiceArea } from './ServiceArea.tsx'
import css from './settings.module.css'
import { UnsavedForms, useForm } from './Unsaved.tsx'
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
        <UnsavedForms>
          <Details business={business.data} />
          <BusinessAnswers business={business.data} />
          <Retention business={business.data} />
          <Holds />
        </UnsavedForms>
      )}
    </>
  )
}

const formOf = (business: Business) => ({
  name: business.name,
  email: business.email ?? '',
  phone: business.phone ?? '',
  address: business.address ?? '',
  tradeType: business.tradeType ?? '',
  radius: business.serviceAreaRadius as number | string,
  unit: business.settings.distanceUnit === 'km' ? 'km' : 'mi',
  latitude: (business.latitude ?? '') as number | string,
  longitude: (business.longitude ?? '') as number | string,
  timezone: business.timezone,
  language: business.language,
})

function Details({ business }: { business: Business }) {
  const { session } = useConsole()
  const { t } = useText()
  const { form, set, settle } = useForm(formOf(business))
  const save = useSaveBusiness((next) => settle(formOf(next)))
  const may = mayManage(session)
  const halfPlace = (form.latitude === '') !== (form.longitude === '')
  const submit = () =>
    !halfPlace &&
    save.mutate({
      name: form.name.trim(),
      email: form.email.trim() || null,
      phone: form.phone.trim() || null,
      address: form.address.trim() || null,
      tradeType: form.tradeType.trim() || null,
      serviceAreaRadius: Number(form.radius) || 0,
      latitude: form.latitude === '' ? null : Number(form.latitude),
      longitude: form.longitude === '' ? null : Number(form.longitude),
      settings: { distanceUnit: form.unit },
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
        <TextInput
          label={t('business.trade')}
          dir="auto"
          description={t('business.trade.help')}
          maxLength={100}
          value={form.tradeType}
          onChange={(event) => set({ tradeType: event.currentTarget.value })}
        />
        <ServiceArea form={form} set={set} halfPlace={halfPlace} />
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
          <Button type="submit" loading={save.isPending} disabled={halfPlace}>
            {t('app.save')}
          </Button>
        </div>
      )}
    </Card>
  )
}
