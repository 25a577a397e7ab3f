/** From the draft to the outbox. Files go first in their order, the text as the caption of the first one that takes it. */
import type { Conversation } from '../../../../client/index.ts'
import { useConsole } from '../../app/context.ts'
import type { NewEntry } from '../../rules/outbox.ts'
import type { useAttachments } from './useAttachments.ts'
import type { Draft } from './useDraft.ts'

interface SendInput {
  conversation: Conversation
  draft: Draft
  files: ReturnType<typeof useAttachments>
  lastSeq: number
}

const LONGEST_CAPTION = 1024

export function useSend({ conversation, draft, files, lastSeq }: SendInput): () => void {
  const { outbox } = useConsole()
  return () => {
    const { note, replyTo } = draft.content
    const text = draft.content.text.trim()
    const base = { conversationId: conversation.id, afterSeq: lastSeq, preview: null }
    const add = (body: NewEntry['body'], answers: NewEntry['replyTo']) =>
      outbox.add({ ...base, key: crypto.randomUUID(), body, replyTo: answers })
    if (note) {
      add({ type: 'note', text }, null)
      draft.clear()
      return
    }
    const sent = files.all.filter((one) => one.media !== null)
    const captioned = text.length <= LONGEST_CAPTION ? sent.find((one) => one.kind !== 'audio') : undefined
    let answers = replyTo
    for (const one of sent) {
      const caption = one === captioned && text ? { caption: text } : {}
      const fileName = one.kind === 'document' ? { fileName: one.name.slice(0, 240) } : {}
      add({ type: one.kind, mediaId: one.media?.id ?? '', ...caption, ...fileName }, answers)
      answers = null
    }
    if (text && !captioned) add({ type: 'text', text }, answers)
    files.clear()
    draft.clear()
  }
}
