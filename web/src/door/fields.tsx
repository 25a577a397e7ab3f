/** Fields of the forms before the console. */
import { PasswordInput, TextInput } from '@mantine/core'
import { useText } from '../app/text.tsx'

interface Field {
  value: string
  onChange: (value: string) => void
  autoFocus?: boolean
}

export function EmailField({ value, onChange, autoFocus, readOnly }: Field & { readOnly?: boolean }) {
  const { t } = useText()
  return (
    <TextInput
      label={t('signIn.email')}
      type="email"
      name="email"
      autoComplete="username"
      required
      withAsterisk={false}
      autoFocus={autoFocus}
      readOnly={readOnly}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

/** `fresh`: one to be chosen now, not one that is known. */
export function PasswordField({ value, onChange, autoFocus, fresh, label }: Field & { fresh?: boolean; label?: string }) {
  const { t } = useText()
  return (
    <PasswordInput
      label={label ?? t('signIn.password')}
      description={fresh ? t('password.rule') : undefined}
      name={fresh ? 'new-password' : 'password'}
      autoComplete={fresh ? 'new-password' : 'current-password'}
      required
      withAsterisk={false}
      minLength={fresh ? 10 : undefined}
      autoFocus={autoFocus}
      visibilityToggleButtonProps={{ 'aria-label': t('password.show'), tabIndex: 0 }}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

/** `recovery`: a recovery code does as well. */
export function CodeField({ value, onChange, recovery }: Field & { recovery?: boolean }) {
  const { t } = useText()
  return (
    <TextInput
      label={t('code.label')}
      description={recovery ? t('code.help') : undefined}
      name="code"
      autoComplete="one-time-code"
      required
      withAsterisk={false}
      autoFocus
      maxLength={40}
      dir="ltr"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

export function NameFields(props: {
  first: string
  last: string
  onFirst: (value: string) => void
  onLast: (value: string) => void
  autoFocus?: boolean
}) {
  const { t } = useText()
  return (
    <>
      <TextInput
        label={t('person.firstName')}
        name="given-name"
        autoComplete="given-name"
        required
        withAsterisk={false}
        maxLength={100}
        autoFocus={props.autoFocus}
        value={props.first}
        onChange={(event) => props.onFirst(event.currentTarget.value)}
      />
      <TextInput
        label={t('person.lastName')}
        name="family-name"
        autoComplete="family-name"
        maxLength={100}
        value={props.last}
        onChange={(event) => props.onLast(event.currentTarget.value)}
      />
    </>
  )
}
