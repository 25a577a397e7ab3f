/** Messages in order, with days, the line of the unread, what is still being saved, and the way to the latest. */
import IconArrowDown from '@tabler/icons-react/dist/esm/icons/IconArrowDown.mjs'
import { Fragment, type ReactNode, useEffect, useRef, useState } from 'react'
import type { Conversation, Message } from '../../../../client/index.ts'
import { useNow } from '../../app/now.ts'
import { useText } from '../../app/text.tsx'
import type { OutboxEntry } from '../../rules/outbox.ts'
import { continues, isShownAlone, type LoadedThread } from '../../rules/threadItems.ts'
import { dayOf, daysBetween, dayTitle } from '../../text/time.ts'
import { Bubble } from './Bubble.tsx'
import { PendingBubble } from './PendingBubble.tsx'
import css from './thread.module.css'
import { ThreadContext } from './threadContext.ts'
import { useThreadScroll } from './useScroll.ts'

interface Props {
  conversation: Conversation
  thread: LoadedThread
  pending: OutboxEntry[]
  unread: number
  messageId: string | null
  load: (side: 'before' | 'after') => Promise<void>
  goTo: (messageId: string | null) => Promise<void>
  onAtEnd: (atEnd: boolean) => void
  onReply: ((message: Message) => void) | null
  onWhy: (messageId: string) => void
}

export function Timeline(props: Props) {
  const { conversation, thread, pending, messageId, load, goTo, onAtEnd, onReply, onWhy } = props
  const { t } = useText()
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const [lit, setLit] = useState(messageId)
  const [target, setTarget] = useState(messageId)
  const messages = thread.items.filter(isShownAlone)
  const firstUnread = useFirstUnread(messages, props.unread)
  const last = thread.items.at(-1)
  const scroll = useThreadScroll({
    scroller,
    content,
    version: `${thread.items[0]?.id} ${last?.id} ${thread.items.length} ${pending.length}`,
    target,
    load: (side) => void load(side).catch(() => {}),
    onAtEnd,
    complete: !thread.hasAfter,
  })
  // Only what came since the conversation was opened is new; what a link left out is merely further down.
  const seenSeq = useRef(conversation.lastSeq)
  if (!scroll.away) seenSeq.current = Math.max(seenSeq.current, last?.seq ?? 0)
  const below = Math.max(0, conversation.lastSeq - seenSeq.current)

  // A link to a message that is not in what is loaded: load around it.
  useEffect(() => {
    if (messageId && !thread.items.some((one) => one.id === messageId)) void goTo(messageId).catch(() => setTarget(null))
  }, [messageId, goTo, thread.items])
  useEffect(() => {
    if (!lit) return
    const timer = setTimeout(() => setLit(null), 3000)
    return () => clearTimeout(timer)
  }, [lit])
  // One's own words are always in view.
  const count = pending.length
  const before = useRef(count)
  useEffect(() => {
    if (count > before.current) scroll.toEnd()
    before.current = count
  }, [count, scroll])

  const show = (id: string) => {
    const row = scroller.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`)
    setLit(id)
    if (row) row.scrollIntoView({ block: 'center' })
    else
      void goTo(id)
        .then(() => requestAnimationFrame(() => show(id)))
        .catch(() => {})
  }
  const latest = () => {
    if (thread.hasAfter)
      void goTo(null)
        .then(() => requestAnimationFrame(scroll.toEnd))
        .catch(() => {})
    else scroll.toEnd()
  }
  return (
    <ThreadContext value={{ conversation, onReply, onWhy, show }}>
      <div className={css.timeline}>
        <div ref={scroller} className={css.scroller} onScroll={scroll.look} role="log" aria-live="off" tabIndex={-1}>
          <div ref={content} className={css.content}>
            <div className={css.top}>
              {thread.hasBefore
                ? t('thread.older')
                : thread.removed
                  ? t('thread.removed', { n: thread.removed })
                  : t('thread.start')}
            </div>
            {messages.map((message, at) => (
              <Fragment key={message.idempotencyKey ?? message.id}>
                <DayLine above={messages[at - 1]} message={message} />
                {message.id === firstUnread && <UnreadLine n={props.unread} />}
                <Bubble message={message} grouped={grouped(messages[at - 1], message, firstUnread)} lit={lit === message.id} />
              </Fragment>
            ))}
            {!thread.hasAfter && pending.map((entry) => <PendingBubble key={entry.key} entry={entry} />)}
          </div>
        </div>
        {scroll.away && messages.length > 0 && (
          <button type="button" className={css.latest} onClick={latest}>
            <IconArrowDown size={16} aria-hidden />
            {below > 0 ? t('thread.latest.n', { n: below }) : t('thread.latest')}
          </button>
        )}
      </div>
    </ThreadContext>
  )
}

const grouped = (above: Message | undefined, message: Message, firstUnread: string | null) =>
  message.id !== firstUnread && continues(above, message)

/** The first of the last `unread` inbound messages, fixed while the conversation is open. */
function useFirstUnread(messages: Message[], unread: number): string | null {
  const [first] = useState(() => {
    const inbound = messages.filter((one) => one.direction === 'inbound')
    return unread > 0 ? (inbound.at(-Math.min(unread, inbound.length))?.id ?? null) : null
  })
  return first
}

function UnreadLine({ n }: { n: number }) {
  const { t } = useText()
  return <div className={css.unread}>{t('thread.unread', { n })}</div>
}

function DayLine({ above, message }: { above: Message | undefined; message: Message }): ReactNode {
  const { t, clock } = useText()
  const now = useNow()
  const at = Date.parse(message.occurredAt)
  if (above && dayOf(clock, Date.parse(above.occurredAt)) === dayOf(clock, at)) return null
  const ago = daysBetween(clock, at, now)
  return <div className={css.day}>{ago === 0 ? t('day.today') : ago === 1 ? t('day.yesterday') : dayTitle(clock, at)}</div>
}
