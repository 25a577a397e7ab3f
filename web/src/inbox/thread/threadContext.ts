/** What a bubble may ask of the thread it is in. */
import { createContext, useContext } from 'react'
import type { Conversation, Message } from '../../../../client/index.ts'

export interface ThreadAsks {
  conversation: Conversation
  onReply: ((message: Message) => void) | null
  onWhy: (messageId: string) => void
  /** Scrolls to a message and lights it up. */
  show: (messageId: string) => void
}
export const ThreadContext = createContext<ThreadAsks | null>(null)

export function useThreadAsks(): ThreadAsks {
  const found = useContext(ThreadContext)
  if (!found) throw new Error('used outside of a thread')
  return found
}
