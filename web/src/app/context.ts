/** What every part of the console may use: the client, the caches, the live connection, the outbox, who is signed in. */
import type { QueryClient } from '@tanstack/react-query'
import { createContext, useContext } from 'react'
import type { ParleyClient, Role, Session } from '../../../client/index.ts'
import type { Outbox } from '../rules/outbox.ts'
import type { Live } from './live.ts'

/** A session that looks at a business. */
export type WorkSession = Session & { tenant: NonNullable<Session['tenant']>; role: Role }
/** Whether this person may change and send here at all; what exactly, the server says. */
export const mayWrite = (session: WorkSession): boolean => session.role !== 'viewer' && !session.tenant.suspended
export const mayManage = (session: WorkSession): boolean =>
  (session.role === 'owner' || session.role === 'admin') && !session.tenant.suspended
/** Whether this person sees the business's numbers. */
export const mayLook = (session: WorkSession): boolean => session.role === 'owner' || session.role === 'admin'
export const looksAtBusiness = (session: Session): session is WorkSession => session.tenant !== null && session.role !== null

export interface Console {
  api: ParleyClient
  queries: QueryClient
  live: Live
  outbox: Outbox
  session: WorkSession
}

export const ConsoleContext = createContext<Console | null>(null)

export function useConsole(): Console {
  const found = useContext(ConsoleContext)
  if (!found) throw new Error('used outside of a signed-in console')
  return found
}
