import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useBoot } from '../app/boot.ts'
import { useText } from '../app/text.tsx'
import { Door, DoorLink } from './Door.tsx'
import { EmailField } from './fields.tsx'
import { refusal } from './words.ts'

/** The answer does not tell whether the address is known here. */
export function Forgotten({ mail, onBack }: { mail: boolean; onBack: () => void }) {
  const { api } = useBoot()
  const { t } = useText()
  const [email, setEmail] = useState('')
  const ask = useMutation({ mutationFn: () => api.passwordResets.ask(email.trim()) })
  const foot = <DoorLink onClick={onBack}>{t('forgot.back')}</DoorLink>
  if (!mail) return <Door title={t('forgot.title')} lead={t('forgot.noMail')} foot={foot} />
  if (ask.isSuccess) return <Door title={t('forgot.title')} notice={t('forgot.sent', { email: email.trim() })} foot={foot} />
  return (
    <Door
      title={t('forgot.title')}
      lead={t('forgot.lead')}
      error={ask.isError ? refusal(ask.error, t) : null}
      onSubmit={ask.mutate}
      foot={foot}
    >
      <EmailField value={email} onChange={setEmail} autoFocus />
      <Button type="submit" loading={ask.isPending} fullWidth>
        {t('forgot.submit')}
      </Button>
    </Door>
  )
}
