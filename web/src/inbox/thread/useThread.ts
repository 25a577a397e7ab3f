/** The loaded part of a conversation: latest page or around one message, and further pages both ways. */
import { useQuery } from '@tanstack/react-query'
import { useCallback, useRef } from 'react'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { laterConversation } from '../../rules/listOrder.ts'
import { joinPage, type LoadedThread, mergeMessages } from '../../rules/threadItems.ts'

const PAGE = 50

export function useConversation(id: string) {
  const { api, live } = useConsole()
  return useQuery({
    queryKey: keys.conversation(id),
    queryFn: async ({ signal }) => {
      await live.ready
      const mark = live.recent.mark()
      const one = await api.conversations.get(id, { signal })
      return live.recent
        .since(mark)
        .conversations.filter((each) => each.id === id)
        .reduce(laterConversation, one)
    },
  })
}

export function useThread(id: string, messageId: string | null) {
  const { api, live, queries } = useConsole()
  const key = keys.thread(id)
  const busy = useRef<Set<string>>(new Set())

  const fresh = useCallback(
    async (around: string | null, signal?: AbortSignal): Promise<LoadedThread> => {
      await live.ready
      const mark = live.recent.mark()
      const page = await api.conversations.messages(id, around ? { around, limit: PAGE } : { limit: PAGE }, { signal })
      const meanwhile = live.recent.since(mark).messages.filter((one) => one.conversationId === id)
      return mergeMessages(joinPage(undefined, page, 'fresh'), meanwhile).thread
    },
    [api, live, id],
  )
  const query = useQuery({ queryKey: key, queryFn: ({ signal }) => fresh(messageId, signal) })

  const once = useCallback(async (name: string, work: () => Promise<void>) => {
    if (busy.current.has(name)) return
    busy.current.add(name)
    try {
      await work()
    } finally {
      busy.current.delete(name)
    }
  }, [])

  const load = useCallback(
    (side: 'before' | 'after') =>
      once(side, async () => {
        const thread = queries.getQueryData<LoadedThread>(key)
        const edge = side === 'before' ? thread?.items[0] : thread?.items.at(-1)
        if (!thread || !edge || !(side === 'before' ? thread.hasBefore : thread.hasAfter)) return
        const page = await api.conversations.messages(id, { [side]: edge.seq, limit: PAGE })
        queries.setQueryData<LoadedThread>(key, (before) => joinPage(before, page, side))
      }),
    [api, queries, key, id, once],
  )
  const goTo = useCallback(
    (around: string | null) => once('go', async () => void queries.setQueryData(key, await fresh(around))),
    [queries, key, fresh, once],
  )
  return { query, thread: query.data, load, goTo }
}
