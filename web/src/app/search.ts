/** What the address of the inbox says: tab, search, message. */
export const tabs = ['open', 'mine', 'unassigned', 'unread', 'closed', 'all'] as const
export type Tab = (typeof tabs)[number]

export interface InboxSearch {
  /** Absent: open. */
  tab?: Tab
  q?: string
  /** A message to show in the middle, highlighted. */
  message?: string
}

export function readInboxSearch(search: Record<string, unknown>): InboxSearch {
  const text = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
  const tab = tabs.find((one) => one === search.tab && one !== 'open')
  const q = text(search.q)
  const message = text(search.message)
  return { ...(tab ? { tab } : {}), ...(q ? { q } : {}), ...(message ? { message } : {}) }
}
