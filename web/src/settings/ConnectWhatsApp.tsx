/** The way of a number onto the server: what is needed, where to find it, then webhook and check. */
import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { CreatedAccount } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { Connecting, type ConnectProps } from './Connecting.tsx'
import { CodeField, FormEnd, SecretField } from './fields.tsx'
import { Card, CopyLine, Toggle, useChange } from './parts.tsx'
import css from './settings.module.css'

export function ConnectWhatsApp({ onClose, onConnected }: ConnectProps) {
  const { t } = useText()
  return (
    <Connecting
      title={t('connect.title')}
      lead={t('connect.lead')}
      onClose={onClose}
      form={(onMade) => <NumberForm onMade={onMade} />}
      webhook={(made) => <Webhook made={made} onNext={() => onConnected(made.id)} />}
    />
  )
}

function NumberForm({ onMade }: { onMade: (made: CreatedAccount) => void }) {
  const { api, queries } = useConsole()
  const { t } = useText()
  const [form, setForm] = useState({ name: '', phoneNumberId: '', wabaId: '', accessToken: '', appSecret: '' })
  const [ownApp, setOwnApp] = useState(false)
  const set = (patch: Partial<typeof form>) => setForm((before) => ({ ...before, ...patch }))
  const create = useChange({
    run: () =>
      api.accounts.create({
        provider: 'whatsapp-cloud',
        name: form.name.trim(),
        phoneNumberId: form.phoneNumberId.trim(),
        wabaId: form.wabaId.trim(),
        accessToken: form.accessToken.trim(),
        ...(ownApp ? { appSecret: form.appSecret.trim() } : {}),
      }),
    quiet: true,
    after: (made: CreatedAccount) => {
      void queries.invalidateQueries({ queryKey: keys.accounts })
      onMade(made)
    },
  })
  return (
    <Card title={t('connect.number')} text={t('connect.number.text')} onSubmit={create.mutate} testId="connect-form">
      <TextInput
        label={t('connect.name')}
        description={t('connect.name.help')}
        required
        withAsterisk={false}
        maxLength={100}
        value={form.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <div className={css.pair}>
        <CodeField
          label={t('connect.phoneNumberId')}
          description={t('connect.phoneNumberId.help')}
          inputMode="numeric"
          pattern="[0-9]{1,32}"
          value={form.phoneNumberId}
          onChange={(phoneNumberId) => set({ phoneNumberId })}
        />
        <CodeField
          label={t('connect.wabaId')}
          description={t('connect.wabaId.help')}
          inputMode="numeric"
          pattern="[0-9]{1,32}"
          value={form.wabaId}
          onChange={(wabaId) => set({ wabaId })}
        />
      </div>
      <SecretField
        label={t('connect.token')}
        description={t('connect.token.help')}
        value={form.accessToken}
        onChange={(accessToken) => set({ accessToken })}
      />
      <Toggle label={t('connect.ownApp')} help={t('connect.ownApp.help')} checked={ownApp} onChange={setOwnApp} />
      {ownApp && (
        <SecretField
          label={t('connect.appSecret')}
          description={t('connect.appSecret.help')}
          minLength={8}
          value={form.appSecret}
          onChange={(appSecret) => set({ appSecret })}
        />
      )}
      <FormEnd change={create} submit={t('connect.submit')} />
    </Card>
  )
}

function Webhook({ made, onNext }: { made: CreatedAccount; onNext: () => void }) {
  const { t } = useText()
  const { url, verifyToken } = made.webhook
  return (
    <Card
      title={t('connect.webhook')}
      text={t(verifyToken ? 'connect.webhook.text' : 'connect.webhook.shared')}
      testId="webhook"
    >
      <CopyLine label={t('connect.webhook.url')} value={url} />
      {verifyToken && <CopyLine label={t('connect.webhook.token')} value={verifyToken} />}
      {verifyToken && <p className={css.cardText}>{t('connect.webhook.once')}</p>}
      <div className={css.formBar}>
        <Button onClick={onNext}>{t('connect.next')}</Button>
      </div>
    </Card>
  )
}
