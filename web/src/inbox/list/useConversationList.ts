/** A list of conversations by filter: the first page, further ones on demand, and what the stream changes. */
import { useMutation, useQuery } from '@tanstack/react-query'
import type { ListConversations } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { appendPage, type ListFilter, type LoadedList, mergeConversations } from '../../rules/listOrder.ts'

const PAGE = 50

const queryOf = (filter: ListFilter): ListConversations => ({
  status: filter.status,
  assignee: filter.assignee,
  ...(filter.unread ? { unread: true } : {}),
  ...(filter.accountId ? { accountId: filter.accountId } : {}),
  ...(filter.labelId ? { labelId: filter.labelId } : {}),
  ...(filter.q.trim() ? { q: filter.q.trim() } : {}),
  limit: PAGE,
})

export function useConversationList(filter: ListFilter) {
  const { api, live, queries, session } = useConsole()
  const key = keys.list(filter)
  const query = useQuery({
    queryKey: key,
    queryFn: async ({ signal }): Promise<LoadedList> => {
      await live.ready
      const mark = live.recent.mark()
      let page = await api.conversations.list(queryOf(filter), { signal })
      // Where few of very many fit, the first pages may have none.
      while (page.items.length === 0 && page.next)
        page = await api.conversations.list({ ...queryOf(filter), cursor: page.next }, { signal })
      return mergeConversations(page, live.recent.since(mark).conversations, filter, session.user.id)
    },
  })
  const further = useMutation({
    mutationFn: async () => {
      const cursor = queries.getQueryData<LoadedList>(key)?.next
      if (!cursor) return
      const page = await api.conversations.list({ ...queryOf(filter), cursor })
      queries.setQueryData<LoadedList>(key, (list) => list && appendPage(list, page))
    },
  })
  return {
    list: query.data,
    query,
    further,
    loadMore: () => {
      if (query.data?.next && !further.isPending && !further.isError) further.mutate()
    },
  }
}
