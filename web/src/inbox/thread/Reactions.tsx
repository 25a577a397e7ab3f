import type { Message } from '../../../../client/index.ts'
import { useText } from '../../app/text.tsx'
import { fullTime } from '../../text/time.ts'
import { nameOf } from '../person.ts'
import css from './bubble.module.css'
import { useThreadAsks } from './threadContext.ts'

export function Reactions({ message }: { message: Message }) {
  const { t, clock } = useText()
  const { conversation } = useThreadAsks()
  if (message.reactions.length === 0) return null
  return (
    <ul className={css.reactions}>
      {message.reactions.map((one) => {
        const who = one.direction === 'inbound' ? nameOf(conversation.contact, t) : t('sender.human')
        return (
          <li key={`${one.direction}${one.emoji}`} title={`${who}, ${fullTime(clock, one.at)}`}>
            {one.emoji}
            <span className="visually-hidden">{who}</span>
          </li>
        )
      })}
    </ul>
  )
}
