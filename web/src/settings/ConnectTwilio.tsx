/** A number that is at Twilio already: what opens it, what to enter there, then the check. */
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { CreatedAccount } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { Connecting, type ConnectProps } from './Connecting.tsx'
import { CodeField, FormEnd, SecretField } from './fields.tsx'
import { Card, CopyLine, useChange } from './parts.tsx'
import css from './settings.module.css'

export function ConnectTwilio({ onClose, onConnected }: ConnectProps) {
  const { t } = useText()
  return (
    <Connecting
      title={t('twilio.title')}
      lead={t('twilio.lead')}
      onClose={onClose}
      form={(onMade) => <NumberForm onMade={onMade} />}
      webhook={(made) => <Webhook made={made} onNext={() => onConnected(made.id)} />}
    />
  )
}

const providers = ['twilio', 'twilio-whatsapp'] as const

function NumberForm({ onMade }: { onMade: (made: CreatedAccount) => void }) {
  const { api, queries } = useConsole()
  const { t } = useText()
  const [provider, setProvider] = useState<(typeof providers)[number]>('twilio')
  const [form, setForm] = useState({ name: '', number: '', accountSid: '', authToken: '', messagingServiceSid: '' })
  const set = (patch: Partial<typeof form>) => setForm((before) => ({ ...before, ...patch }))
  const create = useChange({
    run: () =>
      api.accounts.create({
        ...{ provider, name: form.name.trim(), number: form.number.replace(/[\s().-]/g, '') },
        ...{ accountSid: form.accountSid.trim(), authToken: form.authToken.trim() },
        ...(form.messagingServiceSid.trim() ? { messagingServiceSid: form.messagingServiceSid.trim() } : {}),
      }),
    quiet: true,
    after: (made: CreatedAccount) => {
      void queries.invalidateQueries({ queryKey: keys.accounts })
      onMade(made)
    },
  })
  return (
    <Card title={t('connect.number')} text={t('connect.number.text')} onSubmit={create.mutate} testId="twilio-form">
      <div className={css.pair}>
        <NativeSelect
          label={t('twilio.channel')}
          data={[
            { value: 'twilio', label: t('twilio.channel.sms') },
            { value: 'twilio-whatsapp', label: t('twilio.channel.whatsapp') },
          ]}
          value={provider}
          onChange={(event) => setProvider(providers.find((one) => one === event.currentTarget.value) ?? 'twilio')}
        />
        <TextInput
          label={t('connect.name')}
          description={t('connect.name.help')}
          required
          withAsterisk={false}
          maxLength={100}
          value={form.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <CodeField
          label={t('twilio.number')}
          description={t('twilio.number.help')}
          type="tel"
          value={form.number}
          onChange={(number) => set({ number })}
        />
        <CodeField
          label={t('twilio.accountSid')}
          description={t('twilio.accountSid.help')}
          pattern="AC[0-9a-zA-Z]{32}"
          value={form.accountSid}
          onChange={(accountSid) => set({ accountSid })}
        />
      </div>
      <SecretField
        label={t('twilio.authToken')}
        description={t('twilio.authToken.help')}
        minLength={8}
        value={form.authToken}
        onChange={(authToken) => set({ authToken })}
      />
      <CodeField
        label={t('twilio.service')}
        description={t('twilio.service.help')}
        pattern="MG[0-9a-zA-Z]{32}"
        value={form.messagingServiceSid}
        onChange={(messagingServiceSid) => set({ messagingServiceSid })}
        optional
      />
      <FormEnd change={create} submit={t('connect.submit')} />
    </Card>
  )
}

function Webhook({ made, onNext }: { made: CreatedAccount; onNext: () => void }) {
  const { t } = useText()
  const { url, calls, callStatus } = made.webhook
  const texts = made.channel === 'sms'
  return (
    <Card
      title={t('twilio.webhook')}
      text={t(texts ? 'twilio.webhook.sms' : 'twilio.webhook.whatsapp')}
      testId="twilio-webhook"
    >
      <CopyLine label={t('twilio.webhook.texts')} value={url} />
      {calls && <CopyLine label={t('twilio.webhook.calls')} value={calls} />}
      {callStatus && <CopyLine label={t('twilio.webhook.callStatus')} value={callStatus} />}
      {made.stateText && (
        <p className={css.error} role="alert">
          {made.stateText}
        </p>
      )}
      <div className={css.formBar}>
        <Button onClick={onNext}>{t('connect.next')}</Button>
      </div>
    </Card>
  )
}
