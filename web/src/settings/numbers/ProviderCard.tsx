/** The account at Twilio that pays for numbers. */
import { Button } from '@mantine/core'
import { useState } from 'react'
import type { NumberProvider } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { useText } from '../../app/text.tsx'
import { CodeField, FormEnd, SecretField } from '../fields.tsx'
import { Card, Confirm, useChange } from '../parts.tsx'
import css from '../settings.module.css'

export function ProviderCard({ provider, inUse }: { provider: NumberProvider; inUse: boolean }) {
  const { api, queries } = useConsole()
  const { t } = useText()
  const [open, setOpen] = useState(!provider.configured)
  const [asking, setAsking] = useState(false)
  const [form, setForm] = useState({ accountSid: provider.accountSid ?? '', authToken: '' })
  const again = () => void queries.invalidateQueries({ queryKey: keys.numberProvider })
  const save = useChange({
    run: () => api.numbers.setProvider({ accountSid: form.accountSid.trim(), authToken: form.authToken.trim() }),
    done: t('numbers.provider.saved'),
    quiet: true,
    after: () => {
      again()
      setOpen(false)
      setForm({ ...form, authToken: '' })
    },
  })
  const remove = useChange({ run: () => api.numbers.removeProvider(), after: again })
  if (!open)
    return (
      <Card title={t('numbers.provider')} testId="number-provider">
        <p className={css.cardText}>
          {t(provider.from === 'account' ? 'numbers.provider.fromAccount' : 'numbers.provider.is')}{' '}
          <code dir="ltr">{provider.accountSid}</code>
        </p>
        <div className={css.buttons}>
          <Button size="xs" variant="default" onClick={() => setOpen(true)}>
            {t('numbers.provider.change')}
          </Button>
          {provider.from === 'given' && !inUse && (
            <Button size="xs" variant="default" loading={remove.isPending} onClick={() => setAsking(true)}>
              {t('numbers.provider.remove')}
            </Button>
          )}
        </div>
        <Confirm
          opened={asking}
          title={t('numbers.provider.remove')}
          text={t('numbers.provider.remove.text')}
          action={t('numbers.provider.remove')}
          onConfirm={() => remove.mutate()}
          onClose={() => setAsking(false)}
        />
      </Card>
    )
  return (
    <Card
      title={t('numbers.provider')}
      text={t('numbers.provider.text')}
      onSubmit={() => save.mutate()}
      testId="number-provider"
    >
      <CodeField
        label={t('twilio.accountSid')}
        description={t('twilio.accountSid.help')}
        pattern="AC[0-9a-zA-Z]{32}"
        value={form.accountSid}
        onChange={(accountSid) => setForm({ ...form, accountSid })}
      />
      <SecretField
        label={t('twilio.authToken')}
        description={t('twilio.authToken.help')}
        minLength={8}
        value={form.authToken}
        onChange={(authToken) => setForm({ ...form, authToken })}
      />
      <FormEnd change={save} submit={t('app.save')}>
        {provider.configured && (
          <Button variant="default" onClick={() => setOpen(false)}>
            {t('app.cancel')}
          </Button>
        )}
      </FormEnd>
    </Card>
  )
}
