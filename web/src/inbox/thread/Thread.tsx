/** The middle pane: who it is with, what was said, and where to answer. */
import { Skeleton } from '@mantine/core'
import { useEffect, useState } from 'react'
import { type Message, ParleyError } from '../../../../client/index.ts'
import { mayWrite, useConsole } from '../../app/context.ts'
import { useKeys } from '../../app/keyboard.ts'
import { reasonOf } from '../../app/reason.ts'
import { Empty, Failed } from '../../app/Trouble.tsx'
import { useText } from '../../app/text.tsx'
import { Composer } from '../composer/Composer.tsx'
import { useDraft } from '../composer/useDraft.ts'
import { nameOf } from '../person.ts'
import { ThreadHeader } from './ThreadHeader.tsx'
import { Timeline } from './Timeline.tsx'
import css from './thread.module.css'
import { useConversationActions } from './useActions.ts'
import { useMarkRead } from './useMarkRead.ts'
import { useOutbox } from './useOutbox.ts'
import { usePresence } from './usePresence.ts'
import { useConversation, useThread } from './useThread.ts'

interface Props {
  conversationId: string
  messageId: string | null
  onBack: () => void
  onDetails: () => void
  onWhy: (messageId: string) => void
}

export function Thread({ conversationId, messageId, onBack, onDetails, onWhy }: Props) {
  const { t } = useText()
  const { session } = useConsole()
  const conversation = useConversation(conversationId)
  const { query, thread, load, goTo } = useThread(conversationId, messageId)
  const [atEnd, setAtEnd] = useState(false)
  const others = usePresence(conversationId)
  const draft = useDraft(conversationId)
  const pending = useOutbox(conversationId)
  const { setStatus, assign, me } = useConversationActions()
  const one = conversation.data
  useMarkRead(one, atEnd)
  const may = mayWrite(session)
  useKeys({
    e: () => one && may && void setStatus(one, one.status === 'closed' ? 'open' : 'closed'),
    a: () => one && may && void assign(one, me),
    r: () => draft.open('reply'),
    n: () => draft.open('note'),
  })
  const unreadAtOpen = useUnreadAtOpen(one?.unreadCount)

  if (query.isError && !thread) {
    const gone = query.error instanceof ParleyError && query.error.status === 404
    if (gone) return <Empty title={t('thread.gone')} />
    return <Failed text={t('thread.failed')} reason={reasonOf(query.error, t)} onRetry={() => void query.refetch()} />
  }
  const name = one ? nameOf(one.contact, t) : ''
  const reply = (message: Message) => draft.replyTo(message)
  return (
    <section className={css.pane} aria-label={t('thread.label', { name })}>
      <ThreadHeader conversation={one} onBack={onBack} onDetails={onDetails} others={others} />
      {thread && one ? (
        <Timeline
          key={messageId ?? ''}
          conversation={one}
          thread={thread}
          pending={pending}
          unread={unreadAtOpen}
          messageId={messageId}
          load={load}
          goTo={goTo}
          onAtEnd={setAtEnd}
          onReply={may ? reply : null}
          onWhy={onWhy}
        />
      ) : (
        <Waiting />
      )}
      {one && <Composer key={one.id} conversation={one} draft={draft} lastSeq={thread?.items.at(-1)?.seq ?? one.lastSeq} />}
    </section>
  )
}

/** The count when the conversation was opened: marking it read must not move the line "new messages". */
function useUnreadAtOpen(now: number | undefined): number {
  const [first, setFirst] = useState(now)
  useEffect(() => {
    setFirst((before) => before ?? now)
  }, [now])
  return first ?? now ?? 0
}

function Waiting() {
  return (
    <div className={css.waiting} aria-hidden>
      {[180, 260, 140, 220].map((width, at) => (
        <Skeleton key={width} width={width} height={40} radius={12} ms={at % 2 ? 'auto' : 0} />
      ))}
    </div>
  )
}
