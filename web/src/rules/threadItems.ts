/** The loaded part of a conversation: one unbroken run of messages by seq. Pure. */
import type { Message, MessagePage } from '../../../client/index.ts'

export interface LoadedThread {
  /** Ascending by seq, without holes. */
  items: Message[]
  hasBefore: boolean
  hasAfter: boolean
  /** Lines at the beginning that are no longer kept; known once the beginning is loaded. */
  removed?: number
}

/** More than this many bubbles in the page and the far end is let go; it loads again when scrolled to. */
export const LONGEST_RUN = 600

/** The later of two states of one message: answers, pages and batches may overtake each other. */
export const laterMessage = (a: Message | undefined, b: Message): Message => (a && a.version > b.version ? a : b)

/** A page from the server in place of or beside what is loaded. Pages that do not touch the run replace it. */
export function joinPage(
  thread: LoadedThread | undefined,
  page: MessagePage,
  side: 'before' | 'after' | 'fresh',
): LoadedThread {
  if (!thread || side === 'fresh')
    return { items: page.items, hasBefore: page.hasBefore, hasAfter: page.hasAfter, removed: page.removed }
  const items = union(thread.items, page.items)
  if (side === 'before') {
    const cut = items.length > LONGEST_RUN
    return {
      items: items.slice(0, LONGEST_RUN),
      hasBefore: page.hasBefore,
      hasAfter: thread.hasAfter || cut,
      removed: page.removed,
    }
  }
  const cut = items.length > LONGEST_RUN
  return {
    items: items.slice(-LONGEST_RUN),
    hasBefore: thread.hasBefore || cut,
    hasAfter: page.hasAfter,
    removed: thread.removed,
  }
}

function union(a: Message[], b: Message[]): Message[] {
  const byId = new Map(a.map((one) => [one.id, one]))
  for (const one of b) byId.set(one.id, laterMessage(byId.get(one.id), one))
  return [...byId.values()].sort((x, y) => x.seq - y.seq)
}

/**
 * Live messages. Known ones are replaced; new ones go to the end if they follow it. `gap`: something between is missing
 * and must be asked for (messages after the last one here).
 */
export function mergeMessages(thread: LoadedThread, messages: Message[]): { thread: LoadedThread; gap: boolean } {
  const known = new Set(thread.items.map((one) => one.id))
  const first = thread.items[0]?.seq ?? 0
  let items = union(
    thread.items,
    messages.filter((one) => known.has(one.id)),
  )
  let gap = false
  const fresh = messages.filter((one) => !known.has(one.id)).sort((x, y) => x.seq - y.seq)
  const seen = new Set<string>()
  for (const one of fresh) {
    if (seen.has(one.id)) continue
    const last = items.at(-1)?.seq ?? 0
    if (thread.hasAfter) break
    if (one.seq <= last) {
      if (one.seq > first) items = union(items, [one])
      continue
    }
    if (one.seq > last + 1 && (items.length > 0 || one.seq > 1)) {
      gap = true
      break
    }
    seen.add(one.id)
    items = [...items, one]
  }
  return { thread: { ...thread, items }, gap }
}

/** Reactions, edits and deletions are shown on the message they are about, not as bubbles of their own. */
export function isShownAlone(message: Message): boolean {
  if (message.type !== 'reaction' && message.type !== 'edit' && message.type !== 'revoke') return true
  return !message.replyTo?.id
}

/** Whether a bubble continues the one above: same side, same author, within five minutes, nothing between. */
export function continues(above: Message | undefined, message: Message): boolean {
  if (!above || above.direction !== message.direction || above.sender !== message.sender) return false
  if (above.author?.id !== message.author?.id || message.type === 'activity' || above.type === 'activity') return false
  if ((above.type === 'note') !== (message.type === 'note') || above.type === 'system' || message.type === 'system')
    return false
  return Math.abs(Date.parse(message.occurredAt) - Date.parse(above.occurredAt)) < 5 * 60_000
}
