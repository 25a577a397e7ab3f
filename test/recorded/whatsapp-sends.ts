/** One message of each kind in our words, and recorded requests of the provider's samples put into our words. */
import type { OutboundMessage } from '../../src/ports/channel.ts'
import { type OutboundBody, outboundBody } from '../../src/ports/message.ts'

type Json = Record<string, unknown>

const MEDIA = '0190aaaa-0000-7000-8000-000000000001'
const mimeTypes = {
  image: 'image/jpeg',
  video: 'video/mp4',
  audio: 'audio/ogg; codecs=opus',
  document: 'application/pdf',
  sticker: 'image/webp',
} as const
type MediaType = keyof typeof mimeTypes

const file = (type: MediaType, fileName: string) => ({
  mimeType: mimeTypes[type],
  fileName,
  byteSize: 1000,
  read: () => Promise.resolve(Buffer.alloc(1000)),
})

const message = (body: OutboundBody, more: Partial<OutboundMessage> = {}): OutboundMessage => ({
  messageId: '0190aaaa-0000-7000-8000-0000000000ff',
  to: [{ kind: 'wa_id', value: '15550001111', scope: '' }],
  body,
  ...more,
})
const stated = (body: unknown, more?: Partial<OutboundMessage>) => message(outboundBody.parse(body), more)

const templateParts = [
  { type: 'HEADER', format: 'DOCUMENT' },
  { type: 'BODY', text: 'Dear {{1}}, your visit is on {{2}}.' },
  {
    type: 'BUTTONS',
    buttons: [
      { type: 'URL', text: 'See', url: 'https://shop.example/{{1}}' },
      { type: 'QUICK_REPLY', text: 'Fine' },
      { type: 'COPY_CODE', text: 'Copy' },
    ],
  },
]
const card = {
  name: 'Mara Lind',
  organisation: 'Lind & Co',
  birthday: '1990-02-03',
  phones: [{ phone: '+1 555 000 2222', type: 'work', waId: '15550002222' }],
  emails: [{ email: 'mara@lind.example', type: 'home' }],
  urls: [{ url: 'https://lind.example', type: 'work' }],
  addresses: [{ text: '1 Main Street', type: 'home' }],
}

export const renderedBodies: { name: string; message: OutboundMessage }[] = [
  { name: 'text', message: stated({ type: 'text', text: 'Good morning', previewUrl: true }, { replyTo: 'wamid.A' }) },
  ...Object.keys(mimeTypes).map((type) => ({
    name: type,
    message: stated({ type, mediaId: MEDIA }, { file: file(type as MediaType, 'file') }),
  })),
  { name: 'voice', message: stated({ type: 'audio', mediaId: MEDIA, voice: true }, { file: file('audio', 'v.ogg') }) },
  {
    name: 'template with file, values and buttons',
    message: stated(
      {
        type: 'template',
        name: 'visit',
        language: 'en_US',
        parameters: { body: { 1: 'Mara', 2: 'Monday' }, headerMediaId: MEDIA, buttons: { 0: 'v/7', 1: 'fine', 2: 'SAVE5' } },
      },
      { templateComponents: templateParts, templateParameterFormat: 'POSITIONAL', file: file('document', 'plan.pdf') },
    ),
  },
  {
    name: 'template with names',
    message: stated(
      {
        type: 'template',
        name: 'hi',
        language: 'en',
        parameters: { body: { first_name: 'Mara' }, headerText: { shop: 'Lind' }, buttons: {} },
      },
      {
        templateComponents: [
          { type: 'HEADER', format: 'TEXT', text: 'From {{shop}}' },
          { type: 'BODY', text: 'Hello {{first_name}}' },
        ],
        templateParameterFormat: 'NAMED',
      },
    ),
  },
  {
    name: 'location',
    message: stated({ type: 'location', latitude: 52.5, longitude: 13.4, name: 'Shop', address: 'Main Street 1' }),
  },
  { name: 'contacts', message: stated({ type: 'contacts', contacts: [card] }) },
  { name: 'reaction', message: stated({ type: 'reaction', messageId: MEDIA, emoji: '👍' }, { targetExternalId: 'wamid.B' }) },
  {
    name: 'reaction taken back',
    message: stated({ type: 'reaction', messageId: MEDIA, emoji: null }, { targetExternalId: 'wamid.B' }),
  },
  {
    name: 'buttons',
    message: stated({
      type: 'buttons',
      text: 'Shall we?',
      header: { text: 'Visit' },
      footer: 'Lind',
      buttons: [{ id: 'y', title: 'Yes' }],
    }),
  },
  {
    name: 'list',
    message: stated({
      type: 'list',
      text: 'When?',
      button: 'Choose',
      sections: [{ title: 'May', rows: [{ id: '1', title: 'Monday', description: '9:00' }] }],
    }),
  },
  { name: 'link', message: stated({ type: 'link', text: 'Our menu', label: 'Open', url: 'https://lind.example/menu' }) },
]

/** Recorded requests that our words have no counterpart for, with the reason. */
export const notExpressible = new Map([
  ['interactive:flow', 'forms'],
  ['interactive:catalog_message', 'catalogues'],
  ['interactive:product', 'products'],
  ['interactive:product_list', 'products'],
  ['link', 'files are uploaded, never named by address'],
  ['parameter', 'template values other than text, and form or catalogue buttons'],
  ['status', 'not a message: marking as read'],
])

/** The recorded request in our words, or the key in `notExpressible`. */
export function inOurWords(recorded: Json): { message: OutboundMessage; mediaId?: string } | string {
  if ('status' in recorded) return 'status'
  if (JSON.stringify(recorded).includes('"link":')) return 'link'
  const context = recorded.context as { message_id: string } | undefined
  const more = context ? { replyTo: context.message_id } : {}
  if ('template' in recorded) return template(recorded.template as Json)
  if ('interactive' in recorded) return interactive(recorded.interactive as Json, more)
  if ('text' in recorded) {
    const { body, preview_url } = recorded.text as { body: string; preview_url?: boolean }
    return { message: stated({ type: 'text', text: body, previewUrl: preview_url }, more) }
  }
  if ('location' in recorded) {
    const { latitude, longitude, name, address } = recorded.location as Json
    return {
      message: stated({ type: 'location', latitude: Number(latitude), longitude: Number(longitude), name, address }, more),
    }
  }
  if ('reaction' in recorded) {
    const { message_id, emoji } = recorded.reaction as { message_id: string; emoji: string }
    return { message: stated({ type: 'reaction', messageId: MEDIA, emoji }, { targetExternalId: message_id }) }
  }
  if ('contacts' in recorded)
    return { message: stated({ type: 'contacts', contacts: cards(recorded.contacts as Json[]) }, more) }
  const type = recorded.type as MediaType
  const { id, caption, filename } = recorded[type] as { id: string; caption?: string; filename?: string }
  return {
    message: stated({ type, mediaId: MEDIA, caption, fileName: filename }, { ...more, file: file(type, filename ?? '') }),
    mediaId: id,
  }
}

function cards(contacts: Json[]): Json[] {
  return contacts.map(({ name, phones, emails, urls, org, birthday }) => ({
    name: (name as Json).formatted_name,
    organisation: (org as Json).company,
    birthday,
    phones: (phones as Json[]).map(({ phone, type, wa_id }) => ({ phone, type, waId: wa_id })),
    emails,
    urls,
  }))
}

function interactive(came: Json, more: Partial<OutboundMessage>): { message: OutboundMessage } | string {
  const type = String(came.type).toLowerCase()
  const action = came.action as Json
  const header = came.header as Json | undefined
  const common = {
    text: (came.body as Json).text,
    ...(header ? { header: { text: header.text } } : {}),
    ...(came.footer ? { footer: (came.footer as Json).text } : {}),
  }
  if (type === 'button') {
    const buttons = (action.buttons as { reply: Json }[]).map(({ reply }) => reply)
    return { message: stated({ type: 'buttons', ...common, buttons: shortened(buttons) }, more) }
  }
  if (type !== 'list') return `interactive:${type}`
  return { message: stated({ type: 'list', ...common, button: action.button, sections: shortened(action.sections) }, more) }
}

/** The samples' placeholders are longer than the limits that the reference states; real titles are not. */
function shortened(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, item) => (key === 'title' ? (item as string).slice(-20) : item))
}

interface Component {
  type: string
  sub_type?: string
  index?: string | number
  parameters: Json[]
}

function template({ name, language, components }: Json): { message: OutboundMessage; mediaId?: string } | string {
  const sent = (components ?? []) as Component[]
  const kinds = new Set(sent.flatMap(({ type, parameters }) => parameters.map((parameter) => `${type}:${parameter.type}`)))
  const known = ['body:text', 'header:image', 'header:video', 'header:document', 'button:payload', 'button:text']
  const odd = sent.some(({ parameters }) => parameters.some(({ text }) => typeof text === 'boolean'))
  if (odd || [...kinds].some((kind) => !known.includes(kind))) return 'parameter'
  const body = sent.find(({ type }) => type === 'body')?.parameters ?? []
  const header = sent.find(({ type }) => type === 'header')?.parameters[0]
  const buttons = sent.filter(({ type }) => type === 'button')
  const headerType = header?.type as MediaType | undefined
  const headerFile = headerType === undefined ? undefined : (header?.[headerType] as { id: string; filename?: string })
  const templateComponents = [
    ...(headerType === undefined ? [] : [{ type: 'HEADER', format: headerType.toUpperCase() }]),
    { type: 'BODY', text: body.map((_, index) => `{{${index + 1}}}`).join(' ') },
    {
      type: 'BUTTONS',
      buttons: buttons.map(({ sub_type }) => ({ type: sub_type?.toUpperCase(), text: 'x', url: 'https://x.example/{{1}}' })),
    },
  ]
  const parameters = {
    body: Object.fromEntries(body.map(({ text }, index) => [String(index + 1), text])),
    ...(header ? { headerMediaId: MEDIA } : {}),
    buttons: Object.fromEntries(
      buttons.map(({ index, parameters: [first] }) => [String(index), first?.payload ?? first?.text]),
    ),
  }
  const message = stated(
    { type: 'template', name, language: (language as Json).code, parameters },
    { templateComponents, ...(headerType ? { file: file(headerType, headerFile?.filename ?? '') } : {}) },
  )
  return { message, mediaId: headerFile?.id }
}

/** What says the same in both: defaults left out, numbers as text, the address, the samples' long titles, card parts we do not split. */
export function comparable(body: Json): unknown {
  const { recipient_type: _kind, to: _to, biz_opaque_callback_data: _ours, type: _type, ...rest } = body
  return JSON.parse(JSON.stringify(rest), (key, value) => {
    if (key === 'index' || key === 'latitude' || key === 'longitude') return String(value)
    if (key === 'title' && typeof value === 'string') return value.slice(-20)
    if (key === 'type' && typeof value === 'string') return value.toLowerCase()
    if (key === 'preview_url' && value === false) return undefined
    if (key === 'addresses') return undefined
    if (key === 'name' && typeof value === 'object') return value.formatted_name
    if (key === 'org') return value.company
    return value
  })
}
