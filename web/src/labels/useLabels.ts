/** The business's labels, and putting them on a conversation: shown at once, reconciled with the answer. */
import { useQuery } from '@tanstack/react-query'
import { useCallback } from 'react'
import type { Conversation, Label } from '../../../client/index.ts'
import { keys, takeConversations } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { useText } from '../app/text.tsx'
import { toast } from '../app/toasts.tsx'

const none: Label[] = []

export function useLabels(): Label[] {
  const { api } = useConsole()
  return (
    useQuery({ queryKey: keys.labels, queryFn: ({ signal }) => api.labels.list({ signal }), staleTime: 300_000 }).data?.items ??
    none
  )
}

/** In the order of their names; one that was deleted meanwhile is left out. */
export function useLabelsOf(conversation: Pick<Conversation, 'labelIds'>): Label[] {
  return useLabels().filter((one) => conversation.labelIds.includes(one.id))
}

export function useLabelling(): (one: Conversation, labelId: string) => Promise<void> {
  const { api, queries, session } = useConsole()
  const { t } = useText()
  const me = session.user.id
  return useCallback(
    async (one, labelId) => {
      const on = !one.labelIds.includes(labelId)
      const labelIds = on ? [...one.labelIds, labelId] : one.labelIds.filter((id) => id !== labelId)
      takeConversations(queries, me, [{ ...one, labelIds }])
      try {
        const answer = on ? api.conversations.putLabel(one.id, labelId) : api.conversations.takeLabel(one.id, labelId)
        takeConversations(queries, me, [await answer])
      } catch (error) {
        takeConversations(queries, me, [one])
        toast({ text: t('thread.actionFailed', { reason: reasonOf(error, t) }), tone: 'bad' })
      }
    },
    [api, queries, me, t],
  )
}
