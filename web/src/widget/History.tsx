/** What was said over every channel as one thread, each change of channel told; the newest page asks for itself again. */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Fragment, useEffect, useRef, useState } from 'react'
import type { Conversation, Message } from '../../../client/index.ts'
import { useNow } from '../app/now.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { ChannelMark, channelName } from '../inbox/ChannelMark.tsx'
import { Body } from '../inbox/thread/bodies/Body.tsx'
import bubbleCss from '../inbox/thread/bubble.module.css'
import { Mark } from '../inbox/thread/Mark.tsx'
import { Quote } from '../inbox/thread/Quote.tsx'
import { deliveryMark } from '../rules/deliveryMark.ts'
import { clockTime, dayOf, daysBetween, dayTitle, fullTime } from '../text/time.ts'
import { askEveryMs, type WidgetApi } from './api.ts'
import { joinHistory } from './joinHistory.ts'
import css from './widget.module.css'

export function History({ api, conversations }: { api: WidgetApi; conversations: Conversation[] }) {
  const { t } = useText()
  const newest = useQuery({ queryKey: ['history'], queryFn: () => api.history(), refetchInterval: askEveryMs })
  const [older, setOlder] = useState<{ items: Message[]; before: string | null }>()
  const [loading, setLoading] = useState(false)
  const [trouble, setTrouble] = useState<unknown>(null)
  const end = useRef<HTMLDivElement>(null)
  const last = newest.data?.items.at(-1)?.id
  useEffect(() => {
    if (last) end.current?.scrollIntoView({ block: 'end' })
  }, [last])

  if (newest.isError && !newest.data)
    return <Failed text={t('context.failed')} reason={reasonOf(newest.error, t)} onRetry={() => void newest.refetch()} />
  if (!newest.data) return null
  const items = joinHistory(older?.items ?? [], newest.data.items)
  const before = older ? older.before : newest.data.before
  if (items.length === 0) return <Empty title={t('widget.empty')} />
  const showOlder = async () => {
    setLoading(true)
    try {
      const page = await api.history(before ?? undefined)
      // What was the newest page stays loaded: later ones may no longer reach back to it.
      setOlder({ items: joinHistory(page.items, items), before: page.before })
      setTrouble(null)
    } catch (error) {
      setTrouble(error)
    }
    setLoading(false)
  }
  return (
    <div className={css.history} data-testid="widget-history">
      {before && (
        <Button size="xs" variant="default" className={css.older} loading={loading} onClick={() => void showOlder()}>
          {t('widget.older')}
        </Button>
      )}
      {trouble !== null && <p role="alert">{reasonOf(trouble, t)}</p>}
      {items.map((message, at) => (
        <Fragment key={message.id}>
          <Between above={items[at - 1]} message={message} conversations={conversations} />
          <Line message={message} />
        </Fragment>
      ))}
      <div ref={end} />
    </div>
  )
}

/** A new day, and another channel or number than the line above. */
function Between(props: { above: Message | undefined; message: Message; conversations: Conversation[] }) {
  const { above, message, conversations } = props
  const { t, clock } = useText()
  const now = useNow()
  const at = Date.parse(message.occurredAt)
  const newDay = !above || dayOf(clock, Date.parse(above.occurredAt)) !== dayOf(clock, at)
  const moved = above?.conversationId !== message.conversationId
  const conversation = conversations.find(({ id }) => id === message.conversationId)
  if (!newDay && !moved) return null
  const ago = daysBetween(clock, at, now)
  const day = ago === 0 ? t('day.today') : ago === 1 ? t('day.yesterday') : dayTitle(clock, at)
  return (
    <div className={css.between}>
      {newDay && <span>{day}</span>}
      {moved && conversation && (
        <span data-testid="widget-channel">
          <ChannelMark channel={conversation.channel} /> {channelName(conversation.channel)} ·{' '}
          <bdi>{conversation.account.name}</bdi>
        </span>
      )}
    </div>
  )
}

function Line({ message }: { message: Message }) {
  const { t, clock } = useText()
  if (message.direction === 'internal' || message.type === 'system' || message.type === 'activity') return null
  const mark = deliveryMark(message)
  return (
    <article className={bubbleCss.row} data-side={message.direction}>
      {message.direction === 'outbound' && (
        <div className={bubbleCss.author}>
          <bdi>{message.author?.name ?? t(`sender.${message.sender}`)}</bdi>
        </div>
      )}
      <div className={bubbleCss.holder}>
        <div className={bubbleCss.bubble} data-testid="widget-line" data-status={mark ?? message.status ?? ''}>
          {message.replyTo && <Quote of={message.replyTo} />}
          {message.revokedAt ? <em>{t('message.revoked')}</em> : <Body message={message} />}
          <footer className={bubbleCss.foot}>
            <time dateTime={message.occurredAt} title={fullTime(clock, message.occurredAt)}>
              {clockTime(clock, message.occurredAt)}
            </time>
            <Mark message={message} />
          </footer>
        </div>
      </div>
      {message.error && <p className={css.error}>{message.error.text}</p>}
    </article>
  )
}
