/** The pages behind a link that somebody was given. They open whoever is signed in. */
import type { Session } from '../../../client/index.ts'
import { Invitation } from './Invitation.tsx'
import { Reset } from './Reset.tsx'
import { useToken } from './token.ts'

interface Props {
  kind: 'invitation' | 'reset'
  onSignedIn: (session: Session) => void
  onLeave: (notice: string | null) => void
}

export function LinkDoor({ kind, onSignedIn, onLeave }: Props) {
  const token = useToken()
  if (kind === 'reset') return <Reset token={token} onDone={onLeave} />
  return <Invitation token={token} onSignedIn={onSignedIn} onLeave={() => onLeave(null)} />
}
