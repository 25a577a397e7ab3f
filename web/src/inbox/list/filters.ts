import type { InboxSearch, Tab } from '../../app/search.ts'
import type { ListFilter } from '../../rules/listOrder.ts'

const byTab: Record<Tab, Pick<ListFilter, 'status' | 'assignee' | 'unread'>> = {
  open: { status: 'open', assignee: 'any', unread: false },
  mine: { status: 'open', assignee: 'me', unread: false },
  unassigned: { status: 'open', assignee: 'none', unread: false },
  unread: { status: 'open', assignee: 'any', unread: true },
  closed: { status: 'closed', assignee: 'any', unread: false },
  all: { status: 'all', assignee: 'any', unread: false },
}

/** Tabs that say whose it is cannot be narrowed by an owner. */
export function filterOf({ tab = 'open', q = '', label, over, owner }: InboxSearch): ListFilter {
  const of = byTab[tab]
  return {
    ...of,
    q: q.trim(),
    ...(owner && of.assignee === 'any' ? { assignee: owner } : {}),
    ...(over ? { accountId: over } : {}),
    ...(label ? { labelId: label } : {}),
  }
}
