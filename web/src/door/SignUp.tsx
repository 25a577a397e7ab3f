import { Button, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { Session } from '../../../client/index.ts'
import { useBoot } from '../app/boot.ts'
import { useText } from '../app/text.tsx'
import { Door, DoorLink } from './Door.tsx'
import css from './door.module.css'
import { EmailField, NameFields, PasswordField } from './fields.tsx'
import { refusal } from './words.ts'

/** A business and its owner. `first`: nobody is on this server yet. */
export function SignUp(props: { first: boolean; onSignedIn: (session: Session) => void; onBack: () => void }) {
  const { api } = useBoot()
  const { t, language } = useText()
  const [business, setBusiness] = useState('')
  const [firstName, setFirstName] = useState('')
  const [lastName, setLastName] = useState('')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const make = useMutation({
    mutationFn: () =>
      api.signUp({
        business: { name: business.trim(), timezone: Intl.DateTimeFormat().resolvedOptions().timeZone, language },
        firstName: firstName.trim(),
        lastName: lastName.trim(),
        email: email.trim(),
        password,
      }),
    onSuccess: props.onSignedIn,
  })
  return (
    <Door
      title={t(props.first ? 'signUp.first' : 'signUp.title')}
      lead={t(props.first ? 'signUp.first.lead' : 'signUp.lead')}
      error={make.isError ? refusal(make.error, t) : null}
      onSubmit={make.mutate}
      testId="sign-up-form"
      foot={props.first ? null : <DoorLink onClick={props.onBack}>{t('signUp.known')}</DoorLink>}
    >
      <TextInput
        label={t('signUp.business')}
        name="organization"
        autoComplete="organization"
        required
        withAsterisk={false}
        maxLength={255}
        autoFocus
        value={business}
        onChange={(event) => setBusiness(event.currentTarget.value)}
      />
      <div className={css.pair}>
        <NameFields first={firstName} last={lastName} onFirst={setFirstName} onLast={setLastName} />
      </div>
      <EmailField value={email} onChange={setEmail} />
      <PasswordField value={password} onChange={setPassword} fresh />
      <Button type="submit" loading={make.isPending} fullWidth>
        {t('signUp.submit')}
      </Button>
    </Door>
  )
}
