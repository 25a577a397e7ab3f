/**
 * What one message says: the provider's `type` and the member of that name → our type, text and body. Types not in the
 * table are kept under their own name with their payload; a type of ours that the provider does not have, and a type
 * that came without its payload, become `unsupported`, which the thread shows as a placeholder.
 */

import { cut, type Json, list, member, number, present, record, sha256Hex, string } from '../../kernel/read.ts'
import type { MediaRef } from '../../ports/channel.ts'
import { messageBodies } from '../../ports/message.ts'
import { readCards } from './parse-cards.ts'
import { readInteractive } from './parse-interactive.ts'

export interface Content {
  type: string
  text: string | null
  body: Json
  media: MediaRef[]
  replyTo?: string
  conversational: boolean
  /** Whether a customer who sends it may be answered freely for 24 hours. */
  opensWindow: boolean
}

/** The search index takes a megabyte at most; people read far less. Characters. */
const MAX_TEXT = 65_536
const TYPE_NAME = /^[a-z][a-z0-9_]{0,63}$/

type Reader = (payload: unknown, message: Json, type: string) => Content | undefined

const readers = new Map<string, Reader>([
  ['text', readText],
  ['image', media(() => ({}))],
  ['video', media(() => ({}))],
  ['audio', media((payload) => ({ voice: member(payload, 'voice') === true }))],
  ['document', media((payload) => ({ fileName: string(member(payload, 'filename')) }))],
  ['sticker', media((payload) => ({ animated: member(payload, 'animated') === true }))],
  ['location', readLocation],
  ['contacts', readContactsMessage],
  ['button', readButton],
  ['interactive', readAnswer],
  ['reaction', readReaction],
  ['order', readOrder],
  ['system', readSystem],
  ['edit', readEdit],
  ['revoke', readRevoke],
  ['unsupported', readUnsupported],
  ['request_welcome', readWelcome],
])

/** `errors` are those of the message, or of the value around it where the message has none of its own. */
export function readContent(message: Json, errors: readonly unknown[]): Content {
  const type = string(message.type) ?? typeByPayload(message)
  if (type === undefined) return unsupported(undefined, 'It came without a type.', errors)
  const reader = readers.get(type)
  if (reader) {
    return reader(member(message, type), message, type) ?? unsupported(type, 'It came without its content.', errors)
  }
  // `note`, `template` and the like are our own words: a stranger's message must not pass for a colleague's note.
  if (!TYPE_NAME.test(type) || type in messageBodies) return unsupported(type, undefined, errors)
  const payload = member(message, type)
  return said(type, null, record(payload) ?? present({ value: payload }))
}

const said = (type: string, text: string | null | undefined, body: Json, files: MediaRef[] = []): Content => ({
  type,
  text: text ? cut(text, MAX_TEXT) : null,
  body: present(body),
  media: files,
  conversational: true,
  opensWindow: true,
})

/** Something that happens to a message or to the customer rather than being said. */
const quiet = (content: Content, replyTo?: string): Content => {
  const result = { ...content, conversational: false, opensWindow: false }
  return replyTo === undefined ? result : { ...result, replyTo }
}

const typeByPayload = (message: Json): string | undefined =>
  [...readers.keys()].find((type) => record(member(message, type)) !== undefined || Array.isArray(member(message, type)))

function readText(payload: unknown): Content | undefined {
  const text = member(payload, 'body')
  return typeof text === 'string' ? said('text', text, { text }) : undefined
}

function media(own: (payload: Json) => Json): Reader {
  return (value, _message, type) => {
    const payload = record(value)
    const externalId = string(payload?.id)
    const url = string(payload?.url)
    if (!payload || (externalId === undefined && url === undefined)) return undefined
    const mimeType = string(payload.mime_type)
    const sha256 = sha256Hex(payload.sha256)
    const fileName = string(payload.filename)
    const caption = string(payload.caption)
    return said(type, caption, { caption, mimeType, ...own(payload) }, [
      present({ externalId, url, mimeType, sha256, fileName }),
    ])
  }
}

function readLocation(payload: unknown): Content | undefined {
  const latitude = number(member(payload, 'latitude'))
  const longitude = number(member(payload, 'longitude'))
  if (latitude === undefined || longitude === undefined) return undefined
  const name = string(member(payload, 'name'))
  const address = string(member(payload, 'address'))
  const text = [name, address].filter((part) => part !== undefined).join(', ')
  return said('location', text, { latitude, longitude, name, address, url: string(member(payload, 'url')) })
}

function readContactsMessage(payload: unknown): Content | undefined {
  const contacts = readCards(payload)
  return contacts ? said('contacts', contacts.map((card) => card.name).join(', '), { contacts }) : undefined
}

function readButton(payload: unknown): Content | undefined {
  const text = string(member(payload, 'text')) ?? string(member(payload, 'payload'))
  return text === undefined ? undefined : said('button', text, { text, payload: string(member(payload, 'payload')) })
}

function readAnswer(payload: unknown): Content | undefined {
  const answer = readInteractive(payload)
  return answer ? said('interactive', answer.text, answer.body) : undefined
}

/** An emoji that is absent or '' takes the reaction back. */
function readReaction(payload: unknown): Content | undefined {
  const target = string(member(payload, 'message_id'))
  const emoji = string(member(payload, 'emoji')) ?? null
  return target === undefined ? undefined : quiet(said('reaction', emoji, { emoji }), target)
}

function readOrder(payload: unknown): Content | undefined {
  if (!record(payload)) return undefined
  const items = list(member(payload, 'product_items')).flatMap((item) => {
    const productId = string(member(item, 'product_retailer_id'))
    if (productId === undefined) return []
    const quantity = number(member(item, 'quantity')) ?? 1
    const price = number(member(item, 'item_price'))
    return [present({ productId, quantity, price, currency: string(member(item, 'currency')) })]
  })
  const text = string(member(payload, 'text'))
  return said('order', text, { catalogId: string(member(payload, 'catalog_id')), text, items })
}

const systemEvents = new Map([
  ['user_changed_number', 'number_changed'],
  ['user_changed_user_id', 'user_id_changed'],
  ['customer_identity_changed', 'identity_changed'],
])

function readSystem(payload: unknown): Content | undefined {
  const came = string(member(payload, 'type'))
  const text = string(member(payload, 'body'))
  if (came === undefined && text === undefined) return undefined
  return quiet(said('system', text, { event: systemEvents.get(came ?? '') ?? came ?? 'notice', text }))
}

/** The customer opened the chat for the first time: nothing was said, but the window is open. */
function readWelcome(): Content {
  return { ...quiet(said('system', null, { event: 'chat_opened' })), opensWindow: true }
}

function readEdit(payload: unknown): Content | undefined {
  const target = string(member(payload, 'original_message_id'))
  const message = record(member(payload, 'message'))
  // An edit of an edit does not exist; refusing it bounds the recursion.
  if (target === undefined || !message || message.type === 'edit') return undefined
  const now = readContent(message, [])
  return quiet(said('edit', now.text, { type: now.type, body: now.body, text: now.text ?? undefined }), target)
}

function readRevoke(payload: unknown): Content | undefined {
  const target = string(member(payload, 'original_message_id'))
  return target === undefined ? undefined : quiet(said('revoke', null, {}), target)
}

function readUnsupported(payload: unknown, message: Json): Content {
  return unsupported(string(member(payload, 'type')), undefined, list(message.errors))
}

function unsupported(originalType: string | undefined, reason: string | undefined, errors: readonly unknown[]): Content {
  const error = errors[0]
  const told = string(member(member(error, 'error_data'), 'details')) ?? string(member(error, 'title'))
  return said('unsupported', null, {
    originalType: originalType === undefined ? undefined : cut(originalType, 64),
    reason: told ?? reason,
    code: string(member(error, 'code')),
  })
}
