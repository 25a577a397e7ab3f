/** What exists before anybody is signed in. */
import type { QueryClient } from '@tanstack/react-query'
import { createContext, useContext } from 'react'
import type { ParleyClient } from '../../../client/index.ts'
import type { Store } from './store.ts'

export interface Boot {
  api: ParleyClient
  /** Counts answers that said the session is over. */
  refusals: Store<number>
  queries: QueryClient
}
export const BootContext = createContext<Boot | null>(null)

export function useBoot(): Boot {
  const found = useContext(BootContext)
  if (!found) throw new Error('used outside of the console')
  return found
}
