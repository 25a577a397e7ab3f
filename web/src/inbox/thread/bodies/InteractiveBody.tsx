/** Buttons, lists and forms: what we offered, and what the customer chose. */
import type { Message } from '../../../../../client/index.ts'
import { useText } from '../../../app/text.tsx'
import type { TextKey } from '../../../text/t.ts'
import { Formatted } from '../Formatted.tsx'
import css from './bodies.module.css'
import { type Fields, fieldsOf } from './fields.ts'

export function InteractiveBody({ message }: { message: Message }) {
  return message.direction === 'inbound' ? <Choice message={message} /> : <Offer message={message} />
}

const kinds: Record<string, TextKey> = {
  button_reply: 'message.button',
  list_reply: 'message.choice',
  form_reply: 'message.form',
  call_permission: 'message.permission',
}

function Choice({ message }: { message: Message }) {
  const { t } = useText()
  const body = fieldsOf(message.body)
  const kind = message.type === 'button' ? 'button_reply' : (body.text('kind') ?? '')
  const key = kinds[kind]
  const title = body.text('title') ?? body.text('text') ?? message.text
  const answers = answersOf(body.raw('response'))
  return (
    <>
      <small className={css.kind}>{key ? t(key) : t('message.unknown', { type: kind || message.type })}</small>
      {title && <Formatted text={title} />}
      {body.text('description') && (
        <small className={css.description} dir="auto">
          {body.text('description')}
        </small>
      )}
      {answers.length > 0 && (
        <dl className={css.answers}>
          {answers.map(([name, value]) => (
            <div key={name}>
              <dt dir="auto">{name.replaceAll('_', ' ')}</dt>
              <dd dir="auto">{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  )
}

function answersOf(response: unknown): [string, string][] {
  if (typeof response === 'string') return [['', response]]
  if (typeof response !== 'object' || response === null) return []
  return Object.entries(response)
    .filter(([name]) => name !== 'flow_token')
    .map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)])
}

function Offer({ message }: { message: Message }) {
  const body = fieldsOf(message.body)
  const header = body.object('header').text('text')
  const buttons = body.list('buttons').map((one) => one.text('title') ?? '')
  const label = body.text('label') ?? body.text('button')
  return (
    <>
      {header && <strong dir="auto">{header}</strong>}
      <Formatted text={body.text('text') ?? message.text ?? ''} />
      {body.text('footer') && (
        <small className={css.description} dir="auto">
          {body.text('footer')}
        </small>
      )}
      <Sections sections={body.list('sections')} />
      {(buttons.length > 0 || label) && (
        <ul className={css.offered}>
          {[...buttons, ...(label ? [label] : [])].filter(Boolean).map((one) => (
            <li key={one} dir="auto" title={body.text('url')}>
              {one}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

function Sections({ sections }: { sections: Fields[] }) {
  if (sections.length === 0) return null
  return (
    <ul className={css.sections}>
      {sections.flatMap((section) =>
        section.list('rows').map((row) => (
          <li key={row.text('id') ?? row.text('title')} dir="auto">
            {row.text('title')}
            {row.text('description') && <small>{row.text('description')}</small>}
          </li>
        )),
      )}
    </ul>
  )
}
