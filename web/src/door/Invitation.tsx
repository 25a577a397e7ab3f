import { Button } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { InvitationLook, Session } from '../../../client/index.ts'
import { useBoot } from '../app/boot.ts'
import { useText } from '../app/text.tsx'
import { Door, DoorLink } from './Door.tsx'
import css from './door.module.css'
import { CodeField, EmailField, NameFields, PasswordField } from './fields.tsx'
import { asksForCode, refusal } from './words.ts'

interface Props {
  token: string
  onSignedIn: (session: Session) => void
  onLeave: () => void
}

/** Behind an invitation's link. Who is known here accepts with their own password, somebody new chooses one. */
export function Invitation({ token, onSignedIn, onLeave }: Props) {
  const { api } = useBoot()
  const { t } = useText()
  const look = useQuery({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) => api.invitations.look(token, { signal }),
    enabled: token !== '',
    retry: false,
  })
  const foot = <DoorLink onClick={onLeave}>{t('forgot.back')}</DoorLink>
  if (!token || look.isError) {
    const error = look.isError ? refusal(look.error, t) : t('door.linkOver')
    return <Door title={t('invitation.title')} error={error} lead={t('invitation.over')} foot={foot} />
  }
  if (!look.data) return null
  return <Accept token={token} invitation={look.data} onSignedIn={onSignedIn} />
}

function Accept(props: { token: string; invitation: InvitationLook; onSignedIn: (session: Session) => void }) {
  const { token, invitation, onSignedIn } = props
  const { api } = useBoot()
  const { t } = useText()
  const [firstName, setFirstName] = useState('')
  const [lastName, setLastName] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [asked, setAsked] = useState(false)
  const known = invitation.knownPerson
  const accept = useMutation({
    mutationFn: () =>
      api.invitations.accept({
        token,
        password,
        ...(known ? {} : { firstName: firstName.trim(), lastName: lastName.trim() }),
        ...(asked ? { code: code.trim() } : {}),
      }),
    onSuccess: onSignedIn,
    onError: (error) => {
      if (asksForCode(error)) setAsked(true)
    },
  })
  return (
    <Door
      title={t('invitation.join', { business: invitation.business })}
      lead={t(known ? 'invitation.known' : 'invitation.new', { role: t(`role.${invitation.role}`) })}
      error={accept.isError && (!asksForCode(accept.error) || code !== '') ? refusal(accept.error, t) : null}
      onSubmit={accept.mutate}
      testId="invitation-form"
    >
      <EmailField value={invitation.email} onChange={() => {}} readOnly />
      {!known && (
        <div className={css.pair}>
          <NameFields first={firstName} last={lastName} onFirst={setFirstName} onLast={setLastName} autoFocus />
        </div>
      )}
      <PasswordField value={password} onChange={setPassword} fresh={!known} autoFocus={known} />
      {asked && <CodeField value={code} onChange={setCode} recovery />}
      <Button type="submit" loading={accept.isPending} fullWidth>
        {t('invitation.accept')}
      </Button>
    </Door>
  )
}
