import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { ParleyError, type Session } from '../../../client/index.ts'
import type { Translate } from '../text/t.ts'
import { useBoot } from './boot.ts'
import { reasonOf } from './reason.ts'
import css from './signIn.module.css'
import { useText } from './text.tsx'

interface Props {
  reason: 'ended' | 'out' | null
  onSignedIn: (session: Session) => void
}

export function SignIn({ reason, onSignedIn }: Props) {
  const { api } = useBoot()
  const { t } = useText()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const enter = useMutation({ mutationFn: () => api.session.signIn({ email: email.trim(), password }), onSuccess: onSignedIn })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    enter.mutate()
  }
  return (
    <main className={css.page}>
      <form className={css.card} onSubmit={submit} data-testid="sign-in-form">
        <img src="/mark.svg" alt="" width={40} height={40} />
        <h1 className={css.title}>{t('signIn.title')}</h1>
        <p className={css.lead}>{t('signIn.lead')}</p>
        {reason && (
          <p className={css.notice} role="status">
            {t(reason === 'ended' ? 'signIn.ended' : 'signIn.out')}
          </p>
        )}
        <TextInput
          label={t('signIn.email')}
          type="email"
          name="email"
          autoComplete="username"
          required
          withAsterisk={false}
          autoFocus
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label={t('signIn.password')}
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {enter.isError && (
          <p className={css.error} role="alert">
            {words(enter.error, t)}
          </p>
        )}
        <Button type="submit" loading={enter.isPending} fullWidth>
          {t('signIn.submit')}
        </Button>
      </form>
    </main>
  )
}

function words(error: unknown, t: Translate): string {
  if (error instanceof ParleyError && error.status === 401) return t('signIn.wrong')
  if (error instanceof ParleyError && error.status === 429) return t('signIn.tooMany')
  return reasonOf(error, t)
}
