import type { Tab } from '../../app/search.ts'
import type { ListFilter } from '../../rules/listOrder.ts'

const byTab: Record<Tab, Omit<ListFilter, 'q'>> = {
  open: { status: 'open', assignee: 'any', unread: false },
  mine: { status: 'open', assignee: 'me', unread: false },
  unassigned: { status: 'open', assignee: 'none', unread: false },
  unread: { status: 'open', assignee: 'any', unread: true },
  closed: { status: 'closed', assignee: 'any', unread: false },
  all: { status: 'all', assignee: 'any', unread: false },
}

export const filterOf = (tab: Tab, q: string): ListFilter => ({ ...byTab[tab], q: q.trim() })
