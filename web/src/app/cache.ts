/** The one place where conversations and messages enter the caches, whether from the stream, a page or an answer. */
import type { QueryClient } from '@tanstack/react-query'
import type { AskSlots, Conversation, ListBookings, ListLeads, Member, Message, ParleyClient } from '../../../client/index.ts'
import { type ListFilter, type LoadedList, laterConversation, mergeConversations } from '../rules/listOrder.ts'
import { mergeMembers } from '../rules/roles.ts'
import { joinPage, type LoadedThread, mergeMessages } from '../rules/threadItems.ts'
import type { Recent } from './recent.ts'

export const keys = {
  session: ['session'] as const,
  lists: ['conversations'] as const,
  counts: ['conversation-counts'] as const,
  labels: ['labels'] as const,
  holds: ['holds'] as const,
  list: (filter: ListFilter) => ['conversations', filter] as const,
  conversation: (id: string) => ['conversation', id] as const,
  thread: (id: string) => ['thread', id] as const,
  history: (id: string) => ['history', id] as const,
  contact: (id: string) => ['contact', id] as const,
  consents: (contactId: string) => ['consents', contactId] as const,
  calls: (status: string) => ['calls', status] as const,
  callSettings: ['call-settings'] as const,
  callStandards: ['call-standards'] as const,
  allStories: ['call-story'] as const,
  callStory: (id: string) => ['call-story', id] as const,
  allLeads: ['leads'] as const,
  leads: (filter: ListLeads) => ['leads', filter] as const,
  allTwins: ['lead-twins'] as const,
  leadTwins: (contactId: string) => ['lead-twins', contactId] as const,
  lead: (id: string) => ['lead', id] as const,
  allSums: ['lead-sums'] as const,
  leadSums: (filter: object) => ['lead-sums', filter] as const,
  staff: ['staff'] as const,
  allSlots: ['slots'] as const,
  slots: (asked: AskSlots) => ['slots', asked] as const,
  allBookings: ['bookings'] as const,
  bookings: (filter: ListBookings) => ['bookings', filter] as const,
  allFunnels: ['funnel'] as const,
  funnel: (days: number) => ['funnel', days] as const,
  contacts: (q: string) => ['contacts', q] as const,
  others: (contactId: string) => ['others', contactId] as const,
  accounts: ['accounts'] as const,
  numbers: ['numbers'] as const,
  numberDelivery: (id: string, asOf: string) => ['number-delivery', id, asOf] as const,
  numberProvider: ['number-provider'] as const,
  contactCentre: ['contact-centre'] as const,
  templates: (accountId: string) => ['templates', accountId] as const,
  members: ['members'] as const,
  apiKeys: ['api-keys'] as const,
  me: ['me'] as const,
  notifications: ['notifications'] as const,
  sessions: ['sessions'] as const,
  invitations: ['invitations'] as const,
  business: ['business'] as const,
  audit: ['audit'] as const,
  deadLetters: ['dead-letters'] as const,
  setup: (accountId: string) => ['account-setup', accountId] as const,
  tenants: ['tenants'] as const,
  upkeep: ['upkeep'] as const,
  tenant: (id: string) => ['tenant', id] as const,
  platformKeys: ['platform-keys'] as const,
  operators: ['operators'] as const,
}

export function takeConversations(queries: QueryClient, me: string, changed: Conversation[]): void {
  for (const one of changed) {
    queries.setQueryData<Conversation>(keys.conversation(one.id), (before) => laterConversation(before, one))
    queries.setQueryData<Conversation[]>(keys.others(one.contact.id), (before) => before && replaceIn(before, one))
  }
  for (const [key, list] of queries.getQueriesData<LoadedList>({ queryKey: keys.lists })) {
    if (list) queries.setQueryData(key, mergeConversations(list, changed, key[1] as ListFilter, me))
  }
}

function replaceIn(all: Conversation[], one: Conversation): Conversation[] {
  return all.some((each) => each.id === one.id)
    ? all.map((each) => (each.id === one.id ? laterConversation(each, one) : each))
    : [one, ...all]
}

/** Colleagues as they are now: who came, left, is there, or has another name. */
export function takeMembers(queries: QueryClient, me: string, changed: Member[], gone: string[]): void {
  if (changed.length === 0 && gone.length === 0) return
  queries.setQueryData<{ items: Member[] }>(
    keys.members,
    (before) => before && { items: mergeMembers(before.items, changed, gone) },
  )
  void queries.invalidateQueries({ queryKey: keys.invitations })
  // One's own role and name are part of the session.
  if (gone.includes(me) || changed.some((one) => one.id === me)) void queries.invalidateQueries({ queryKey: keys.session })
}

export function takeMessages(deps: { queries: QueryClient; api: ParleyClient }, messages: Message[]): void {
  const byConversation = Map.groupBy(messages, (one) => one.conversationId)
  for (const [id, some] of byConversation) {
    const before = deps.queries.getQueryData<LoadedThread>(keys.thread(id))
    if (!before) continue
    const { thread, gap } = mergeMessages(before, some)
    deps.queries.setQueryData(keys.thread(id), thread)
    if (gap) void fillGap(deps, id)
  }
  for (const one of messages) void deps.queries.invalidateQueries({ queryKey: keys.history(one.id) })
}

/** The answer to a send or a new attempt. Pages that were asked for before it get it laid over them, as the stream's news. */
export function takeAnswer(
  deps: { queries: QueryClient; api: ParleyClient; live: { recent: Recent } },
  message: Message,
): void {
  deps.live.recent.add({ conversations: [], messages: [message] })
  takeMessages(deps, [message])
}

/** Asks for what follows the last message here, page by page until nothing does. */
async function fillGap(deps: { queries: QueryClient; api: ParleyClient }, id: string): Promise<void> {
  for (let pages = 0; pages < 20; pages += 1) {
    const before = deps.queries.getQueryData<LoadedThread>(keys.thread(id))
    if (!before) return
    try {
      const page = await deps.api.conversations.messages(id, { after: before.items.at(-1)?.seq ?? 0, limit: 200 })
      deps.queries.setQueryData<LoadedThread>(keys.thread(id), (thread) => joinPage(thread, page, 'after'))
      if (!page.hasAfter) return
    } catch {
      await deps.queries.invalidateQueries({ queryKey: keys.thread(id) })
      return
    }
  }
}
