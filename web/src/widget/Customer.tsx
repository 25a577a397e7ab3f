/** Who it is, how they are known, and how long free text may be sent. */
import type { Widget } from '../../../client/index.ts'
import { useText } from '../app/text.tsx'
import { ChannelMark } from '../inbox/ChannelMark.tsx'
import { Face } from '../inbox/Face.tsx'
import { WindowRing } from '../inbox/WindowRing.tsx'
import { shortDate } from '../text/time.ts'
import css from './widget.module.css'

export function Customer({ widget: { business, customer, conversation, conversations } }: { widget: Widget }) {
  const { t, clock } = useText()
  const name = customer.name ?? customer.phone ?? t('sender.customer')
  const since = customer.identities[0]?.since ?? customer.createdAt
  return (
    <header className={css.customer}>
      <Face id={customer.id} name={name} size={40} />
      <div className={css.who}>
        <h1>
          <bdi>{name}</bdi>
          {customer.status === 'blocked' && <small className={css.blocked}>{t('context.blocked')}</small>}
        </h1>
        {customer.phone && customer.name && (
          <a href={`tel:${customer.phone}`} dir="ltr">
            {customer.phone}
          </a>
        )}
        <small>
          {t('context.since', { date: shortDate(clock, since) })} · {t('widget.conversations', { n: conversations.length })}
        </small>
      </div>
      {conversation && (
        <div className={css.over}>
          <span>
            <ChannelMark channel={conversation.channel} /> <bdi>{conversation.account.name}</bdi>
          </span>
          <WindowRing conversation={conversation} size={18} />
        </div>
      )}
      <small className="visually-hidden">{business.name}</small>
    </header>
  )
}
