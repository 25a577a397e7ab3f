import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useBoot } from '../app/boot.ts'
import { useText } from '../app/text.tsx'
import { Door, DoorLink } from './Door.tsx'
import { PasswordField } from './fields.tsx'
import { refusal } from './words.ts'

/** Behind a reset link: a new password, then sign-in. */
export function Reset({ token, onDone }: { token: string; onDone: (notice: string | null) => void }) {
  const { api } = useBoot()
  const { t } = useText()
  const [password, setPassword] = useState('')
  const save = useMutation({
    mutationFn: () => api.passwordResets.confirm({ token, password }),
    onSuccess: () => onDone(t('reset.done')),
  })
  const foot = <DoorLink onClick={() => onDone(null)}>{t('forgot.back')}</DoorLink>
  if (!token) return <Door title={t('reset.title')} error={t('door.linkOver')} foot={foot} />
  return (
    <Door
      title={t('reset.title')}
      lead={t('reset.lead')}
      error={save.isError ? refusal(save.error, t) : null}
      onSubmit={save.mutate}
      foot={foot}
      testId="reset-form"
    >
      <PasswordField value={password} onChange={setPassword} fresh autoFocus label={t('password.new')} />
      <Button type="submit" loading={save.isPending} fullWidth>
        {t('reset.submit')}
      </Button>
    </Door>
  )
}
