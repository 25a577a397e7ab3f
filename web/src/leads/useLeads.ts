/** Leads as the server has them, by column or as one list; moves show at once and are taken back with words if they fail. */
import { type InfiniteData, useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { useCallback, useSyncExternalStore } from 'react'
import type { Lead, LeadStatus, ListLeads, Page, PatchLead } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { useText } from '../app/text.tsx'
import { toast } from '../app/toasts.tsx'
import { assumed, type LeadSearch, leadStatuses, mayMove, placesOf, putIn, takeOut } from '../rules/leadBoard.ts'

type Pages = InfiniteData<Page<Lead>, string | undefined>

const filterOf = ({ q, urgency, assignee }: LeadSearch) => ({
  ...(q ? { q } : {}),
  ...(urgency ? { urgency } : {}),
  ...(assignee ? { assignee } : {}),
})

export function useLeads(search: LeadSearch, status: LeadStatus | 'all') {
  const { api } = useConsole()
  const filter: ListLeads = { ...filterOf(search), status }
  const pages = useInfiniteQuery({
    queryKey: keys.leads(filter),
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => api.leads.list({ ...filter, cursor: pageParam }, { signal }),
    getNextPageParam: (page) => page.next ?? undefined,
  })
  return { pages, leads: pages.data?.pages.flatMap((page) => page.items) ?? [] }
}

/** Which column each lead of the board belongs to, whichever of them have heard of its last move. */
export function usePlaces(search: LeadSearch): ReadonlyMap<string, LeadStatus> {
  const { queries } = useConsole()
  const filter = filterOf(search)
  const columns = leadStatuses.map((status) => keys.leads({ ...filter, status }))
  const listen = useCallback(
    (changed: () => void) =>
      queries.getQueryCache().subscribe(({ query }) => query.queryKey[0] === keys.allLeads[0] && changed()),
    [queries],
  )
  useSyncExternalStore(listen, () => columns.map((key) => queries.getQueryState(key)?.dataUpdateCount ?? 0).join(' '))
  return placesOf(columns.map((key) => queries.getQueryData<Pages>(key)?.pages.flatMap((page) => page.items) ?? []))
}

export function useSums({ urgency, assignee }: LeadSearch) {
  const { api } = useConsole()
  const filter = filterOf({ ...(urgency ? { urgency } : {}), ...(assignee ? { assignee } : {}) })
  return useQuery({ queryKey: keys.leadSums(filter), queryFn: ({ signal }) => api.leads.sums(filter, { signal }) })
}

export const exportQuery = (search: LeadSearch): Record<string, string> => filterOf(search)

export function useChangeLead() {
  const { api, queries } = useConsole()
  const { t } = useText()
  const put = (lead: Lead): void => {
    for (const [key, data] of queries.getQueriesData<Pages>({ queryKey: keys.allLeads })) {
      const filter = key[1] as ListLeads
      if (!data?.pages[0]) continue
      const [first, ...rest] = data.pages
      const without = rest.map((page) => ({ ...page, items: takeOut(page.items, lead.id) }))
      const has = data.pages.some((page) => page.items.some((one) => one.id === lead.id))
      const here = filter.status === lead.status || (filter.status === 'all' && has)
      if (!here && !has) continue
      const items = here ? putIn(first.items, lead) : takeOut(first.items, lead.id)
      queries.setQueryData<Pages>(key, { ...data, pages: [{ ...first, items }, ...without] })
    }
    queries.setQueryData(keys.lead(lead.id), lead)
  }
  const change = useMutation({
    mutationFn: ({ lead, patch }: { lead: Lead; patch: PatchLead; undone?: boolean }) => api.leads.update(lead.id, patch),
    onMutate: async ({ lead, patch }) => {
      // What was asked before the move must not come back after it.
      await queries.cancelQueries({ queryKey: keys.allLeads })
      put(assumed(lead, patch.status ? { status: patch.status } : {}))
    },
    onSuccess: (next, { lead, patch, undone }) => {
      put(next)
      void queries.invalidateQueries({ queryKey: keys.allLeads })
      void queries.invalidateQueries({ queryKey: keys.allSums })
      if (!patch.status || undone) return
      const back = lead.status
      toast({
        text: t('leads.moved', { to: t(`leads.status.${next.status}`) }),
        ...(mayMove(next.status, back)
          ? {
              action: { label: t('app.undo'), run: () => change.mutate({ lead: next, patch: { status: back }, undone: true }) },
            }
          : {}),
      })
    },
    onError: (error, { lead }) => {
      put(lead)
      void queries.invalidateQueries({ queryKey: keys.allLeads })
      toast({ text: t('thread.actionFailed', { reason: reasonOf(error, t) }), tone: 'bad' })
    },
  })
  return change
}
