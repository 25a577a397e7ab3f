/** What is being written in one conversation. Kept in the browser, so that it survives a reload and a sign-out. */
import { useCallback, useEffect, useMemo, useState } from 'react'
import type { Message } from '../../../../client/index.ts'
import { useConsole } from '../../app/context.ts'
import { remember, remembered } from '../../app/remember.ts'
import { createStore, useStore } from '../../app/store.ts'
import type { OutboxEntry } from '../../rules/outbox.ts'

export interface DraftContent {
  text: string
  note: boolean
  replyTo: OutboxEntry['replyTo']
}
const blank: DraftContent = { text: '', note: false, replyTo: null }

/** Words that go back into a composer, for instance of a message that was refused. */
export const draftAsks = createStore<{ conversationId: string; text: string; note: boolean } | null>(null)

export type Draft = ReturnType<typeof useDraft>

export function useDraft(conversationId: string) {
  const { session } = useConsole()
  const name = `draft.${session.user.id}.${conversationId}`
  const [content, setContent] = useState<DraftContent>(() => read(name))
  /** Grows whenever the composer is asked to take the focus. */
  const [asked, setAsked] = useState(0)
  const given = useStore(draftAsks)

  useEffect(() => {
    if (content.text === '' && !content.replyTo) remember(name, null)
    else remember(name, JSON.stringify(content))
  }, [name, content])

  const change = useCallback((more: Partial<DraftContent>) => setContent((before) => ({ ...before, ...more })), [])
  const open = useCallback(
    (mode: 'reply' | 'note') => {
      change({ note: mode === 'note' })
      setAsked((n) => n + 1)
    },
    [change],
  )
  const replyTo = useCallback(
    (message: Message) => {
      const { id, text, type, direction } = message
      change({ note: false, replyTo: { id, text, type, direction } })
      setAsked((n) => n + 1)
    },
    [change],
  )
  const clear = useCallback(() => setContent((before) => ({ ...blank, note: before.note })), [])

  useEffect(() => {
    if (given?.conversationId !== conversationId) return
    draftAsks.set(null)
    setContent((before) => ({ ...before, note: given.note, text: [given.text, before.text].filter(Boolean).join('\n') }))
    setAsked((n) => n + 1)
  }, [given, conversationId])

  return useMemo(() => ({ content, change, open, replyTo, clear, asked }), [content, change, open, replyTo, clear, asked])
}

function read(name: string): DraftContent {
  try {
    const stored = JSON.parse(remembered(name) ?? 'null') as Partial<DraftContent> | null
    return { ...blank, ...stored }
  } catch {
    return blank
  }
}
