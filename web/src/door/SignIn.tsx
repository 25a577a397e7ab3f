import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { ParleyError, type Session } from '../../../client/index.ts'
import { useBoot } from '../app/boot.ts'
import { useText } from '../app/text.tsx'
import { Door, DoorLink } from './Door.tsx'
import { CodeField, EmailField, PasswordField } from './fields.tsx'
import { asksForCode, refusal } from './words.ts'

interface Props {
  notice: string | null
  onSignedIn: (session: Session) => void
  onForgotten: () => void
  /** Absent: this server takes no new businesses. */
  onSignUp?: () => void
}

export function SignIn({ notice, onSignedIn, onForgotten, onSignUp }: Props) {
  const { api } = useBoot()
  const { t } = useText()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [asked, setAsked] = useState(false)
  const enter = useMutation({
    mutationFn: () => api.session.signIn({ email: email.trim(), password, ...(asked ? { code: code.trim() } : {}) }),
    onSuccess: onSignedIn,
    onError: (error) => {
      if (asksForCode(error)) setAsked(true)
    },
  })
  const missing = enter.error instanceof ParleyError && enter.error.code === 'code_required'
  const error = enter.isError && !missing ? refusal(enter.error, t) : null
  const back = () => {
    setAsked(false)
    setCode('')
    enter.reset()
  }
  if (asked) {
    return (
      <Door title={t('code.title')} lead={t('code.lead')} error={error} onSubmit={enter.mutate} testId="code-form">
        <CodeField value={code} onChange={setCode} recovery />
        <Button type="submit" loading={enter.isPending} fullWidth>
          {t('signIn.submit')}
        </Button>
        <DoorLink onClick={back}>{t('app.back')}</DoorLink>
      </Door>
    )
  }
  return (
    <Door
      title={t('signIn.title')}
      lead={t('signIn.lead')}
      notice={notice}
      error={error}
      onSubmit={enter.mutate}
      testId="sign-in-form"
      foot={
        <>
          <DoorLink onClick={onForgotten}>{t('forgot.link')}</DoorLink>
          {onSignUp && <DoorLink onClick={onSignUp}>{t('signUp.link')}</DoorLink>}
        </>
      }
    >
      <EmailField value={email} onChange={setEmail} autoFocus />
      <PasswordField value={password} onChange={setPassword} />
      <Button type="submit" loading={enter.isPending} fullWidth>
        {t('signIn.submit')}
      </Button>
    </Door>
  )
}
