import type { Message } from '../../../../../client/index.ts'
import { hrefOf } from '../../../rules/formatting.ts'
import { Face } from '../../Face.tsx'
import css from './bodies.module.css'
import { fieldsOf } from './fields.ts'

export function ContactCards({ message }: { message: Message }) {
  return fieldsOf(message.body)
    .list('contacts')
    .map((card) => {
      const name = card.text('name') ?? '—'
      const reach = [
        ...card.list('phones').map((one) => one.text('phone')),
        ...card.list('emails').map((one) => one.text('email')),
        ...card.list('urls').map((one) => one.text('url')),
      ].filter((one): one is string => one !== undefined)
      return (
        <div key={`${name}${reach[0] ?? ''}`} className={css.card}>
          <Face id={name} name={name} size={32} />
          <div className={css.cardWords}>
            <strong>
              <bdi>{name}</bdi>
            </strong>
            {card.text('organisation') && <span dir="auto">{card.text('organisation')}</span>}
            {reach.map((one) => (
              <Reach key={one} text={one} />
            ))}
            {card.list('addresses').map((one) => (
              <span key={one.text('text')} dir="auto">
                {one.text('text')}
              </span>
            ))}
          </div>
        </div>
      )
    })
}

function Reach({ text }: { text: string }) {
  const href = hrefOf(text)
  if (!href) return <bdi>{text}</bdi>
  return (
    <a href={href} rel="noopener noreferrer nofollow" target={href.startsWith('http') ? '_blank' : undefined}>
      <bdi>{text}</bdi>
    </a>
  )
}
