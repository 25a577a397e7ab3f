import { type CustomerSend, customerSends } from './inbound.ts'
import type { Json, ThreadMessage } from './types.ts'
import type { World } from './world.ts'

/** What a customer can tap under a message of the business. `id` is unique within the message. */
export type Tappable = { kind: 'button' | 'row' | 'template'; id: string; title: string; description?: string }

const list = (value: unknown) => (Array.isArray(value) ? (value as Json[]) : [])
const text = (value: unknown) => (typeof value === 'string' ? value : undefined)

function interactiveTaps(interactive: Json): Tappable[] {
  const action = (interactive.action ?? {}) as Json
  const buttons = list(action.buttons).map((button) => (button.reply ?? {}) as Json)
  const rows = list(action.sections).flatMap((section) => list(section.rows))
  return [
    ...buttons.map((reply) => ({ kind: 'button' as const, id: String(reply.id), title: String(reply.title) })),
    ...rows.map((row) => ({
      kind: 'row' as const,
      id: String(row.id),
      title: String(row.title),
      description: text(row.description),
    })),
  ]
}

// Quick replies of a template: the text is the template's, the payload is the send's (the text when none was given).
function templateTaps(world: World, wabaId: string, sent: Json): Tappable[] {
  const language = ((sent.language ?? {}) as Json).code
  const template = [...world.templates.values()].find(
    (candidate) => candidate.wabaId === wabaId && candidate.name === sent.name && candidate.language === language,
  )
  const buttons = list(template?.components.find((component) => component.type === 'BUTTONS')?.buttons)
  return buttons.flatMap((button, index) => {
    if (button.type !== 'QUICK_REPLY') return []
    const component = list(sent.components).find((part) => part.sub_type === 'quick_reply' && Number(part.index) === index)
    const payload = text(list(component?.parameters)[0]?.payload) ?? String(button.text)
    return [{ kind: 'template' as const, id: payload, title: String(button.text) }]
  })
}

export function tapsOf(world: World, message: ThreadMessage): Tappable[] {
  if (message.direction !== 'out') return []
  if (message.type === 'interactive') return interactiveTaps((message.content.interactive ?? {}) as Json)
  const wabaId = world.numbers.get(message.phoneNumberId)?.wabaId
  if (message.type !== 'template' || wabaId === undefined) return []
  return templateTaps(world, wabaId, (message.content.template ?? {}) as Json)
}

const replies: Record<Tappable['kind'], (tap: Tappable) => Pick<CustomerSend, 'type' | 'payload'>> = {
  button: ({ id, title }) => ({ type: 'interactive', payload: { type: 'button_reply', button_reply: { id, title } } }),
  row: ({ id, title, description }) => ({
    type: 'interactive',
    payload: { type: 'list_reply', list_reply: { id, title, ...(description === undefined ? {} : { description }) } },
  }),
  template: ({ id, title }) => ({ type: 'button', payload: { text: title, payload: id } }),
}

/** The customer taps a button or a list row under `messageId`. Returns the wamid of the answer; throws when there is no such button. */
export function customerTaps(world: World, tap: { messageId: string; id: string }): string {
  const message = world.messages.get(tap.messageId)
  const found = message && tapsOf(world, message).find((candidate) => candidate.id === tap.id)
  if (!message || !found) throw new Error(`Message ${tap.messageId} has no button or row "${tap.id}".`)
  return customerSends(world, {
    from: message.customerId,
    to: message.phoneNumberId,
    replyTo: message.id,
    ...replies[found.kind](found),
  })
}
