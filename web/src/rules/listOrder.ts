/** Which conversations a list shows and in which order. Pure: the live stream and the pages of the server meet here. */
import type { Conversation } from '../../../client/index.ts'

export interface ListFilter {
  status: 'open' | 'closed' | 'all'
  /** 'me', 'none', 'any' or the id of a colleague. */
  assignee: string
  unread: boolean
  q: string
  /** Over this number only. */
  accountId?: string
  labelId?: string
}
export interface LoadedList {
  items: Conversation[]
  /** Cursor of the page that follows; null when all is here. */
  next: string | null
}

const moment = (one: Conversation) => one.lastMessageAt ?? one.createdAt

/** Newest first; the id settles equal times, as the server's cursor does. */
export function compareConversations(a: Conversation, b: Conversation): number {
  const [x, y] = [moment(a), moment(b)]
  if (x !== y) return Date.parse(y) - Date.parse(x) || (x < y ? 1 : -1)
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0
}

export function matches(one: Conversation, filter: ListFilter, me: string): boolean {
  if (filter.status !== 'all' && one.status !== filter.status) return false
  if (!belongs(one, filter.assignee, me)) return false
  if (filter.accountId && one.account.id !== filter.accountId) return false
  if (filter.labelId && !one.labelIds.includes(filter.labelId)) return false
  if (filter.unread && one.unreadCount === 0) return false
  const asked = filter.q.trim().toLowerCase()
  if (asked === '') return true
  const digits = asked.replace(/\D/g, '')
  const phone = (one.contact.phone ?? '').replace(/\D/g, '')
  const last = (one.lastPreview ?? '').toLowerCase()
  return (
    (one.contact.name ?? '').toLowerCase().includes(asked) ||
    (digits.length > 2 && phone.includes(digits)) ||
    asked.split(/\s+/).every((word) => last.includes(word))
  )
}

function belongs(one: Conversation, assignee: string, me: string): boolean {
  if (assignee === 'any') return true
  if (assignee === 'none') return one.assignee === null
  return one.assignee?.id === (assignee === 'me' ? me : assignee)
}

/** The later of two states of a conversation: answers may overtake each other. What is shown ahead of its answer has the version it changed. */
export function laterConversation(a: Conversation | undefined, b: Conversation): Conversation {
  return a && a.version > b.version ? a : b
}

/**
 * Takes what changed into a loaded list. What sorts after the last loaded row is left to the page that will bring it,
 * otherwise the rows between would be missing.
 */
export function mergeConversations(list: LoadedList, changed: Conversation[], filter: ListFilter, me: string): LoadedList {
  if (changed.length === 0) return list
  const known = new Map(list.items.map((one) => [one.id, one]))
  const latest = new Map<string, Conversation>()
  for (const one of changed) latest.set(one.id, laterConversation(latest.get(one.id) ?? known.get(one.id), one))
  const kept = list.items.filter((one) => !latest.has(one.id))
  const end = list.next === null ? undefined : list.items.at(-1)
  const added = [...latest.values()].filter((one) => matches(one, filter, me) && within(one, end, known.has(one.id)))
  return { items: weave(kept, added.sort(compareConversations)), next: list.next }
}

const within = (one: Conversation, end: Conversation | undefined, known: boolean) =>
  end === undefined || known || compareConversations(one, end) < 0

function weave(kept: Conversation[], added: Conversation[]): Conversation[] {
  const out: Conversation[] = []
  let from = 0
  for (const one of kept) {
    while (from < added.length && compareConversations(added[from] as Conversation, one) < 0)
      out.push(added[from++] as Conversation)
    out.push(one)
  }
  return out.concat(added.slice(from))
}

/** Puts a further page after what is loaded; rows that moved up meanwhile are not doubled. */
export function appendPage(list: LoadedList, page: LoadedList): LoadedList {
  const known = new Set(list.items.map((one) => one.id))
  return {
    items: [...list.items, ...page.items.filter((one) => !known.has(one.id))].sort(compareConversations),
    next: page.next,
  }
}

export interface ShownOrder {
  ids: string[]
  /** How many wait above until the reader asks for them. */
  waiting: number
}

/**
 * What the reader sees. Live, it is the true order. Held (scrolled down, or about to click) no row moves: rows that left
 * are taken out, except the open one; rows that are new at the top wait and are counted.
 */
export function settleOrder(shown: string[], actual: string[], input: { held: boolean; keep: string | null }): ShownOrder {
  const there = new Set(actual)
  const keepsPlace = (id: string) => there.has(id) || id === input.keep
  if (!input.held || shown.length === 0) {
    const at = input.keep !== null && !there.has(input.keep) ? shown.indexOf(input.keep) : -1
    const ids = at < 0 || input.keep === null ? actual : [...actual.slice(0, at), input.keep, ...actual.slice(at)]
    return { ids, waiting: 0 }
  }
  const kept = shown.filter(keepsPlace)
  const known = new Set(kept)
  const lastKnown = actual.findLastIndex((id) => known.has(id))
  const below = actual.slice(lastKnown + 1)
  return { ids: [...kept, ...below], waiting: outOfPlace(kept, actual.slice(0, lastKnown + 1)) }
}

/** How many of `actual` stand higher than in `kept`, or are not in it. */
function outOfPlace(kept: string[], actual: string[]): number {
  const known = new Set(kept)
  const moved = new Set<string>()
  let at = 0
  let count = 0
  for (const id of actual) {
    while (moved.has(kept[at] ?? '')) at += 1
    if (id === kept[at]) at += 1
    else {
      count += 1
      if (known.has(id)) moved.add(id)
    }
  }
  return count
}
