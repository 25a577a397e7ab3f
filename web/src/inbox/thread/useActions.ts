/** What can be done with a conversation. Shown at once, reconciled with the answer, taken back with words if it fails. */
import { useCallback } from 'react'
import type { Conversation, PatchConversation } from '../../../../client/index.ts'
import { takeConversations } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { reasonOf } from '../../app/reason.ts'
import { useText } from '../../app/text.tsx'
import { toast } from '../../app/toasts.tsx'

const handed = { human: 'thread.takeBack.done', agent: 'thread.toCentre.done', ai: 'thread.toAssistant.done' } as const

export function useConversationActions() {
  const { api, queries, session } = useConsole()
  const { t } = useText()
  const me = session.user.id

  const change = useCallback(
    async (before: Conversation, patch: PatchConversation, shown: Partial<Conversation>): Promise<boolean> => {
      takeConversations(queries, me, [{ ...before, ...shown }])
      try {
        takeConversations(queries, me, [await api.conversations.update(before.id, patch)])
        return true
      } catch (error) {
        takeConversations(queries, me, [before])
        toast({ text: t('thread.actionFailed', { reason: reasonOf(error, t) }), tone: 'bad' })
        return false
      }
    },
    [api, queries, me, t],
  )

  const setStatus = useCallback(
    async (one: Conversation, status: 'open' | 'closed', quiet = false): Promise<void> => {
      const closedAt = status === 'closed' ? new Date().toISOString() : null
      const done = await change(one, { status }, { status, closedAt })
      if (!done || quiet) return
      const other = status === 'closed' ? 'open' : 'closed'
      toast({
        text: t(status === 'closed' ? 'thread.closed' : 'thread.reopened'),
        action: { label: t('app.undo'), run: () => void setStatus({ ...one, status }, other, true) },
      })
    },
    [change, t],
  )

  const assign = useCallback(
    async (one: Conversation, to: { id: string; name: string } | null, quiet = false): Promise<void> => {
      if (to?.id === one.assignee?.id) return
      const done = await change(one, { assigneeId: to?.id ?? null }, { assignee: to })
      if (!done || quiet) return
      toast({
        text: to ? t('thread.assigned', { name: to.name }) : t('thread.unassigned'),
        action: { label: t('app.undo'), run: () => void assign({ ...one, assignee: to }, one.assignee, true) },
      })
    },
    [change, t],
  )
  const handOver = useCallback(
    async (one: Conversation, to: 'human' | 'agent' | 'ai'): Promise<void> => {
      takeConversations(queries, me, [{ ...one, control: to }])
      try {
        takeConversations(queries, me, [await api.conversations.handOver(one.id, { to })])
        toast({ text: t(handed[to]) })
      } catch (error) {
        takeConversations(queries, me, [one])
        toast({ text: t('thread.actionFailed', { reason: reasonOf(error, t) }), tone: 'bad' })
      }
    },
    [api, queries, me, t],
  )
  return { setStatus, assign, handOver, me: { id: me, name: session.user.name } }
}
