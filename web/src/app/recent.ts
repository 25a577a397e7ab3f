/**
 * What the stream brought lately. A page that was asked for before a batch came may arrive after it and be older: what came
 * meanwhile is laid over it.
 */
import type { Conversation, Message } from '../../../client/index.ts'

const KEPT = 500

export function createRecent() {
  let count = 0
  let kept: { n: number; conversations: Conversation[]; messages: Message[] }[] = []
  return {
    add: (of: { conversations: Conversation[]; messages: Message[] }): void => {
      count += 1
      kept = [...kept.slice(1 - KEPT), { n: count, ...of }]
    },
    mark: () => count,
    since: (mark: number) => {
      const later = kept.filter((one) => one.n > mark)
      return { conversations: later.flatMap((one) => one.conversations), messages: later.flatMap((one) => one.messages) }
    },
  }
}
export type Recent = ReturnType<typeof createRecent>
