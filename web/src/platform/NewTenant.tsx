import { Button, Modal, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useBoot } from '../app/boot.ts'
import { keys } from '../app/cache.ts'
import { reasonOf } from '../app/reason.ts'
import { useText } from '../app/text.tsx'
import { Once, useChange } from '../settings/parts.tsx'
import css from '../settings/settings.module.css'

/** A business, and the invitation of its owner. */
export function NewTenant({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { api, queries } = useBoot()
  const { t, language } = useText()
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const make = useChange({
    run: () =>
      api.tenants.create({
        name: name.trim(),
        email: email.trim(),
        owner: { email: email.trim() },
        settings: { timezone: Intl.DateTimeFormat().resolvedOptions().timeZone, language },
      }),
    quiet: true,
    after: () => void queries.invalidateQueries({ queryKey: keys.tenants }),
  })
  const close = () => {
    setName('')
    setEmail('')
    make.reset()
    onClose()
  }
  const made = make.data
  return (
    <Modal opened={opened} onClose={close} title={t('tenant.new')} closeButtonProps={{ 'aria-label': t('app.close') }}>
      {made ? (
        <div className={css.fields}>
          <p className={css.confirmText}>{t('tenant.made', { name: made.name })}</p>
          {made.ownerInvitation && (
            <Once text={t('tenant.ownerLink', { email: made.ownerInvitation.email })} value={made.ownerInvitation.url} />
          )}
          <Once text={t('tenant.apiKey')} value={made.apiKey} />
          <div className={css.modalBar}>
            <Button onClick={close}>{t('app.close')}</Button>
          </div>
        </div>
      ) : (
        <form
          className={css.fields}
          onSubmit={(event) => {
            event.preventDefault()
            make.mutate()
          }}
        >
          <TextInput
            label={t('signUp.business')}
            required
            withAsterisk={false}
            maxLength={255}
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label={t('tenant.owner')}
            description={t('tenant.owner.help')}
            type="email"
            dir="ltr"
            required
            withAsterisk={false}
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          {make.isError && (
            <p className={css.error} role="alert">
              {reasonOf(make.error, t)}
            </p>
          )}
          <div className={css.modalBar}>
            <Button variant="default" onClick={close}>
              {t('app.cancel')}
            </Button>
            <Button type="submit" loading={make.isPending}>
              {t('tenant.create')}
            </Button>
          </div>
        </form>
      )}
    </Modal>
  )
}
