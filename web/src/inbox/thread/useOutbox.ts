import { useSyncExternalStore } from 'react'
import { useConsole } from '../../app/context.ts'
import type { OutboxEntry } from '../../rules/outbox.ts'

/** What was written in this conversation and is not confirmed yet. */
export function useOutbox(conversationId: string): OutboxEntry[] {
  const { outbox } = useConsole()
  return useSyncExternalStore(outbox.subscribe, outbox.entries).filter((one) => one.conversationId === conversationId)
}
