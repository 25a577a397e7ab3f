import type { Message } from '../../../../client/index.ts'
import { useText } from '../../app/text.tsx'
import { plain } from '../../rules/formatting.ts'
import { nameOf } from '../person.ts'
import css from './bubble.module.css'
import { useThreadAsks } from './threadContext.ts'
import { typeName } from './typeName.ts'

/** The message answered; a click shows it. */
export function Quote({ of }: { of: NonNullable<Message['replyTo']> }) {
  const { t } = useText()
  const { conversation, show } = useThreadAsks()
  if (!of.id) return <div className={css.quote}>{of.text ? plain(of.text) : t('message.replyGone')}</div>
  const id = of.id
  const who = of.direction === 'outbound' ? t('sender.human') : nameOf(conversation.contact, t)
  return (
    <button type="button" className={css.quote} data-side={of.direction} onClick={() => show(id)}>
      <bdi>{who}</bdi>
      <span dir="auto">{of.text ? plain(of.text) : typeName(of.type ?? '', t)}</span>
    </button>
  )
}
