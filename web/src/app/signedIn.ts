/** Who is signed in, whether they look at a business or only run the server. */
import { createContext, useContext } from 'react'
import type { Session } from '../../../client/index.ts'

export interface SignedIn {
  session: Session
  /** Takes the place of the present session: another business, another person, nobody. */
  enter: (next: Session | null) => void
  leave: (why: 'ended' | 'out') => void
}
export const SignedInContext = createContext<SignedIn | null>(null)

export function useSignedIn(): SignedIn {
  const found = useContext(SignedInContext)
  if (!found) throw new Error('used outside of a session')
  return found
}
