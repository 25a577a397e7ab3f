import type { SendStatus, Thread, ThreadMessage } from './types.ts'
import { dayMs, keepNewest, type World } from './world.ts'

// Per thread; older messages are forgotten so that long runs stay bounded.
const keepMessages = 2000

export function threadOf(world: World, phoneNumberId: string, customerId: string): Thread {
  const key = `${phoneNumberId}:${customerId}`
  const existing = world.threads.get(key)
  if (existing) return existing
  const thread: Thread = { phoneNumberId, customerId, messages: [], revision: 0 }
  world.threads.set(key, thread)
  return thread
}

export function threadOfMessage(world: World, message: ThreadMessage): Thread {
  return threadOf(world, message.phoneNumberId, message.customerId)
}

export function touch(world: World, message: ThreadMessage): void {
  threadOfMessage(world, message).revision++
}

export function addMessage(world: World, message: ThreadMessage): ThreadMessage {
  const thread = threadOfMessage(world, message)
  thread.messages.push(message)
  thread.revision++
  world.messages.set(message.id, message)
  if (thread.messages.length > keepMessages * 1.1) {
    for (const old of thread.messages.slice(0, thread.messages.length - keepMessages)) world.messages.delete(old.id)
    keepNewest(thread.messages, keepMessages)
  }
  return message
}

/** The customer wrote (or called) in the last 24 h, or came from an ad in the last 72 h. */
export function windowIsOpen(world: World, thread: Thread): boolean {
  const now = world.clock.now()
  if (thread.freeEntryUntil !== undefined && now <= thread.freeEntryUntil) return true
  return thread.lastCustomerMessageAt !== undefined && now - thread.lastCustomerMessageAt <= dayMs
}

const rank: Record<SendStatus, number> = { accepted: 0, sent: 1, delivered: 2, read: 3, played: 4, failed: 5 }

/** Whether a send may still move to `status`; statuses never go back and failure is final. */
export function canAdvance(message: ThreadMessage, status: SendStatus): boolean {
  return message.status !== undefined && rank[status] > rank[message.status]
}

// Binary header, recipient, flags, 8 random bytes: long base64 text, as opaque as Meta's.
export function newWamid(world: World, phone: string): string {
  const random = world.random.ids.hex(32).toUpperCase()
  return `wamid.${Buffer.from(`\x1d\x18${String.fromCharCode(phone.length)}${phone}\x15\x02\x00\x11\x18 ${random}\x00`, 'latin1').toString('base64')}`
}
