/** What one message says: SMS and MMS by their text and files, WhatsApp by its type. */
import { cut, type Json, number, present } from '../../kernel/read.ts'
import type { MediaRef, MessageEvent } from '../../ports/channel.ts'
import type { Form } from './signature.ts'

type Content = Pick<MessageEvent, 'type' | 'text' | 'body' | 'media' | 'opensWindow' | 'conversational'>

/** The search index takes a megabyte at most; people read far less. Characters. */
const maxText = 65_536
const maxFiles = 10

type Read = (name: string) => string | undefined

export function readContent(form: Form): Content {
  const one: Read = (name) => form.get(name)?.[0] || undefined
  const files = filesOf(one)
  const type = one('MessageType')?.toLowerCase()
  const reader = (type === undefined ? undefined : readers.get(type)) ?? readerByParts(one)
  if (reader) return reader(one)
  if (files.length > 0) return withFiles(one, files, type)
  const text = one('Body')
  if (text !== undefined) return said('text', text, { text })
  return said('unsupported', null, present({ originalType: type, reason: 'It came without its content.' }))
}

const said = (type: string, text: string | null | undefined, body: Json, media: MediaRef[] = []): Content => ({
  type,
  text: text ? cut(text, maxText) : null,
  body: present(body),
  media,
  opensWindow: true,
  conversational: true,
})

const readers = new Map<string, (one: Read) => Content>([
  ['location', readLocation],
  ['button', readButton],
  ['interactive', readAnswer],
  ['reaction', readReaction],
  ['unsupported', (one) => said('unsupported', one('Body'), { originalType: 'unsupported' })],
])

/** What came before there was a type. */
function readerByParts(one: Read): ((one: Read) => Content) | undefined {
  if (one('Latitude') !== undefined && one('Longitude') !== undefined) return readLocation
  if (one('ListId') !== undefined || one('ListTitle') !== undefined) return readAnswer
  return one('ButtonText') === undefined && one('ButtonPayload') === undefined ? undefined : readButton
}

function readLocation(one: Read): Content {
  const [latitude, longitude] = [number(one('Latitude')), number(one('Longitude'))]
  const [name, address] = [one('Label') ?? one('Body'), one('Address')]
  if (latitude === undefined || longitude === undefined)
    return said('unsupported', name, { originalType: 'location', reason: 'It came without its place.' })
  return said('location', [name, address].filter(Boolean).join(', '), { latitude, longitude, name, address })
}

function readButton(one: Read): Content {
  const text = one('ButtonText') ?? one('Body') ?? one('ButtonPayload') ?? ''
  return said('button', text, { text, payload: one('ButtonPayload') })
}

function readAnswer(one: Read): Content {
  if (one('ListId') === undefined && one('ListTitle') === undefined) {
    const title = one('ButtonText') ?? one('Body')
    return said('interactive', title, { kind: 'button_reply', id: one('ButtonPayload'), title })
  }
  const [title, description] = [one('ListTitle') ?? one('Body'), one('ListDescription')]
  return said('interactive', title, { kind: 'list_reply', id: one('ListId'), title, description })
}

/** On the message that it answers; an empty one takes it back. */
function readReaction(one: Read): Content {
  const body = { emoji: one('Body') ?? null }
  return { type: 'reaction', text: null, body, media: [], opensWindow: false, conversational: false }
}

function filesOf(one: Read): MediaRef[] {
  const count = Math.min(number(one('NumMedia')) ?? 0, maxFiles)
  const refs: MediaRef[] = []
  for (let n = 0; n < count; n++) {
    const [url, mimeType] = [one(`MediaUrl${n}`), one(`MediaContentType${n}`)]
    if (url !== undefined) refs.push({ url, ...(mimeType === undefined ? {} : { mimeType }) })
  }
  return refs
}

const kinds = new Map([
  ['image', 'image'],
  ['video', 'video'],
  ['audio', 'audio'],
  ['sticker', 'sticker'],
])

/** The first file says what it is; all of them are kept. */
function withFiles(one: Read, files: MediaRef[], stated: string | undefined): Content {
  const [first] = files
  const type = kinds.get(stated ?? '') ?? kinds.get(first?.mimeType?.split('/')[0] ?? '') ?? 'document'
  const [caption, mimeType] = [one('Body'), first?.mimeType]
  if (type === 'sticker') return said(type, null, { animated: false, mimeType }, files)
  const own: Json = type === 'audio' ? { voice: false } : { caption }
  return said(type, caption, { ...own, mimeType }, files)
}
