import { useBoot } from './boot.ts'
import { useSignedIn } from './signedIn.ts'

export function useLeave(): { signOut: () => void } {
  const { api } = useBoot()
  const { leave } = useSignedIn()
  return { signOut: () => void api.session.signOut().finally(() => leave('out')) }
}
