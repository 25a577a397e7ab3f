/** Marks a conversation read when its end has been in front of somebody's eyes. */
import { useEffect, useState } from 'react'
import type { Conversation } from '../../../../client/index.ts'
import { takeConversations } from '../../app/cache.ts'
import { mayWrite, useConsole } from '../../app/context.ts'

/** Passing through with J and K is not reading. */
const SEEN_MS = 700

export function useMarkRead(conversation: Conversation | undefined, atEnd: boolean): void {
  const { api, queries, session } = useConsole()
  const [visible, setVisible] = useState(document.visibilityState === 'visible')
  useEffect(() => {
    const look = () => setVisible(document.visibilityState === 'visible')
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [])
  const unread = conversation?.unreadCount ?? 0
  const id = conversation?.id
  const may = mayWrite(session)
  useEffect(() => {
    if (!id || unread === 0 || !visible || !atEnd || !may) return
    const timer = setTimeout(() => {
      const now = queries.getQueryData<Conversation>(['conversation', id])
      if (!now) return
      takeConversations(queries, session.user.id, [{ ...now, unreadCount: 0 }])
      // Should it fail, the next batch or visit says how it stands.
      void api.conversations.markRead(id).catch(() => {})
    }, SEEN_MS)
    return () => clearTimeout(timer)
  }, [id, unread, visible, atEnd, may, api, queries, session.user.id])
}
