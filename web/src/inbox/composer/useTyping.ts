/** Tells the customer and the team that somebody is writing: at most every few seconds, and only while it is so. */
import { useCallback, useRef } from 'react'
import { useConsole } from '../../app/context.ts'

const EVERY_MS = 5_000

export function useTyping(conversationId: string, tellsCustomer: boolean): () => void {
  const { api } = useConsole()
  const last = useRef(0)
  return useCallback(() => {
    const now = Date.now()
    if (now - last.current < EVERY_MS) return
    last.current = now
    // A hint: nothing depends on its arrival.
    void api.conversations.presence(conversationId, 'typing').catch(() => {})
    if (tellsCustomer) void api.conversations.typing(conversationId).catch(() => {})
  }, [api, conversationId, tellsCustomer])
}
