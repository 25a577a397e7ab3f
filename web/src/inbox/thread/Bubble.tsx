/** One message: its author, what it answers, its body, reactions, time and mark; notes, system and activity lines. */
import { memo, useState } from 'react'
import type { Message } from '../../../../client/index.ts'
import { useConsole } from '../../app/context.ts'
import { useText } from '../../app/text.tsx'
import { deliveryMark } from '../../rules/deliveryMark.ts'
import { emojiOnly } from '../../rules/formatting.ts'
import type { Translate } from '../../text/t.ts'
import { clockTime, fullTime } from '../../text/time.ts'
import { Body } from './bodies/Body.tsx'
import css from './bubble.module.css'
import { Line } from './Line.tsx'
import { Mark } from './Mark.tsx'
import { MessageMenu } from './MessageMenu.tsx'
import { Quote } from './Quote.tsx'
import { Reactions } from './Reactions.tsx'
import { Settle } from './Settle.tsx'

interface Props {
  message: Message
  /** Continues the bubble above: no author again. */
  grouped: boolean
  lit: boolean
}

export const Bubble = memo(function Bubble({ message, grouped, lit }: Props) {
  const { t, clock } = useText()
  const { session } = useConsole()
  if (isLine(message)) return <Line message={message} />
  const mark = deliveryMark(message)
  const bare = message.type === 'sticker' || (message.type === 'text' && !message.replyTo && shortEmoji(message.text))
  return (
    <article
      className={css.row}
      data-row={message.id}
      data-side={message.type === 'note' ? 'note' : message.direction}
      data-grouped={grouped || undefined}
      data-lit={lit || undefined}
    >
      {!grouped && message.direction !== 'inbound' && (
        <div className={css.author}>
          <bdi>{authorOf(message, session.user.id, t)}</bdi>
          {message.type === 'note' && ` · ${t('message.note')}`}
        </div>
      )}
      <div className={css.holder}>
        <div
          className={css.bubble}
          data-testid="message-bubble"
          data-message-id={message.id}
          data-type={message.type}
          data-status={mark ?? message.status ?? ''}
          data-bare={(bare && !message.revokedAt) || undefined}
        >
          {message.replyTo && message.type !== 'reaction' && <Quote of={message.replyTo} />}
          <Original message={message} />
          <footer className={css.foot}>
            {message.editedAt && <span title={fullTime(clock, message.editedAt)}>{t('message.edited')}</span>}
            {message.segments && message.segments.count > 1 && (
              <span title={t(message.segments.encoding === 'UCS-2' ? 'composer.pieces.unicode' : 'composer.pieces.plain')}>
                {t('message.pieces', { n: message.segments.count })}
              </span>
            )}
            <time dateTime={message.occurredAt} title={fullTime(clock, message.occurredAt)}>
              {clockTime(clock, message.occurredAt)}
            </time>
            <Mark message={message} />
          </footer>
        </div>
        <MessageMenu message={message} />
      </div>
      <Reactions message={message} />
      {(mark === 'failed' || mark === 'unknown') && <Settle message={message} mark={mark} />}
    </article>
  )
})

const isLine = (message: Message) =>
  message.type === 'system' || message.type === 'activity' || ['reaction', 'edit', 'revoke'].includes(message.type)

const shortEmoji = (text: string | null) => {
  const n = emojiOnly(text ?? '')
  return n > 0 && n <= 3
}

/** A deleted message says so; what it was is kept and can be looked at. */
function Original({ message }: { message: Message }) {
  const { t } = useText()
  const [shown, setShown] = useState(false)
  if (!message.revokedAt) return <Body message={message} />
  return (
    <>
      <p className={css.revoked}>
        {t(message.direction === 'inbound' ? 'message.revoked' : 'message.revokedOurs')}{' '}
        <button type="button" className={css.textButton} aria-expanded={shown} onClick={() => setShown(!shown)}>
          {t(shown ? 'message.hide' : 'message.reveal')}
        </button>
      </p>
      {shown && <Body message={message} />}
    </>
  )
}

export function authorOf(message: Pick<Message, 'author' | 'sender'>, me: string, t: Translate): string {
  if (message.author?.id === me) return t('sender.you')
  return message.author?.name ?? t(`sender.${message.sender}`)
}
