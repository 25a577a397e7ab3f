/** What forms that connect something have in common: ids of a provider, secrets, and the end of a form. */
import { Button, PasswordInput, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { reasonOf } from '../app/reason.ts'
import { useText } from '../app/text.tsx'
import css from './settings.module.css'

interface FieldProps {
  label: string
  description: string
  value: string
  onChange: (value: string) => void
}
type CodeProps = FieldProps & { pattern?: string; optional?: boolean; inputMode?: 'numeric'; type?: 'tel' }

/** An id as a provider writes it: from left to right in every language, never filled in by the browser. */
export function CodeField({ optional = false, onChange, ...props }: CodeProps) {
  return (
    <TextInput
      {...props}
      required={!optional}
      withAsterisk={false}
      dir="ltr"
      autoComplete="off"
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

export function SecretField({ onChange, ...props }: FieldProps & { minLength?: number }) {
  const { t } = useText()
  return (
    <PasswordInput
      {...props}
      required
      withAsterisk={false}
      dir="ltr"
      autoComplete="off"
      visibilityToggleButtonProps={{ 'aria-label': t('password.show'), tabIndex: 0 }}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

/** Why it was refused, and the button that sends it; `children` stand before that. */
export function FormEnd(props: {
  change: { isError: boolean; error: unknown; isPending: boolean }
  submit: string
  children?: ReactNode
}) {
  const { t } = useText()
  const { change, submit, children } = props
  return (
    <>
      {change.isError && (
        <p className={css.error} role="alert">
          {reasonOf(change.error, t)}
        </p>
      )}
      <div className={css.formBar}>
        {children}
        <Button type="submit" loading={change.isPending}>
          {submit}
        </Button>
      </div>
    </>
  )
}
