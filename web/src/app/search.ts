/** What the address of the inbox says: tab, search, message. */
export const tabs = ['open', 'mine', 'unassigned', 'unread', 'closed', 'all'] as const
export type Tab = (typeof tabs)[number]

export interface InboxSearch {
  /** Absent: open. */
  tab?: Tab
  q?: string
  /** Ids: of a label, of a number of the business, of who owns the conversation. */
  label?: string
  over?: string
  owner?: string
  /** A message to show in the middle, highlighted. */
  message?: string
}

export function readInboxSearch(search: Record<string, unknown>): InboxSearch {
  const text = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
  const tab = tabs.find((one) => one === search.tab && one !== 'open')
  const q = text(search.q)
  const given = (['label', 'over', 'owner', 'message'] as const).flatMap((name) => {
    const value = text(search[name])
    return value ? [[name, value]] : []
  })
  return { ...(tab ? { tab } : {}), ...(q ? { q } : {}), ...Object.fromEntries(given) }
}
