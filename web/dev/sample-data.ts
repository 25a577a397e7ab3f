/** A bakery with customers, in memory: every kind of message once, and many conversations to scroll through. */
import { randomUUID } from 'node:crypto'
import type { Account, Contact, Conversation, Media, Member, Message, Template } from '../../client/index.ts'
import { picture, voice } from './sample-files.ts'

export interface World {
  members: Member[]
  accounts: Account[]
  templates: Template[]
  contacts: Map<string, Contact>
  conversations: Map<string, Conversation>
  messages: Map<string, Message[]>
  files: Map<string, { media: Media; bytes: Buffer }>
}

const names = [
  'Lucía Fernández',
  'Marta Soler',
  'أحمد الخطيب',
  'João Pereira',
  'Иван Петров',
  'Aiko Tanaka',
  'Maximiliana Konstantinopolska-Wiśniewska',
  'Noah Williams',
  'Chidi Okafor',
  'Sofia Rossi',
  'Émile Durand',
  'Priya Nair',
]
const lines = [
  'Good morning! Is the sourdough ready?',
  'Thank you so much 🙏',
  '*Two* almond croissants, please',
  'Can I pick it up at 18:00?',
  'هل أنتم مفتوحون اليوم؟',
  'Where exactly are you?',
  'The cake was wonderful',
  'Перезвоните мне, пожалуйста',
  'Invoice attached',
]
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()

export function sampleWorld(count = 400): World {
  const here = { presence: { status: 'available' as const, isOnline: true, lastSeenAt: ago(0) }, joinedAt: ago(90_000) }
  const me: Member = { id: randomUUID(), name: 'Ana Vidal', email: 'ana@bakery.example', role: 'owner', ...here }
  const bo: Member = { id: randomUUID(), name: 'Bo Lindqvist', email: 'bo@bakery.example', role: 'agent', ...here }
  const world: World = {
    members: [me, bo],
    accounts: accounts(),
    templates: [],
    contacts: new Map(),
    conversations: new Map(),
    messages: new Map(),
    files: new Map(),
  }
  const account = world.accounts[0]
  if (!account) return world
  world.templates = templates(account.id)
  for (let at = 0; at < count; at += 1) {
    const owner = at % 3 === 0 ? me : at % 3 === 1 ? bo : null
    addConversation(world, { at, account: world.accounts[at % 5 === 4 ? 1 : 0] ?? account, owner })
  }
  const first = [...world.conversations.values()][0]
  if (first) everyKind(world, first, me)
  const long = [...world.conversations.values()][1]
  if (long) history(world, long, me)
  return world
}

interface Wanted {
  at: number
  account: Account
  owner: Member | null
}

function addConversation(world: World, { at, account, owner }: Wanted): void {
  const name =
    at < names.length ? (names[at] ?? null) : at % 7 === 0 ? null : `${names[at % names.length]?.split(' ')[0]} ${at}`
  const phone = `+34 600 ${String(100_000 + at).slice(0, 3)} ${String(100_000 + at).slice(3)}`
  const contact: Contact = {
    id: randomUUID(),
    name,
    phone,
    status: 'active',
    notes: at === 0 ? 'Allergic to nuts. Prefers mornings.' : null,
    externalRef: null,
    identities: [
      { kind: 'phone', value: phone, since: ago(9999) },
      { kind: 'wa_id', value: phone.replace(/\D/g, ''), since: ago(9999) },
    ],
    consents: [],
    createdAt: ago(9999),
    updatedAt: ago(9999),
  }
  const minutes = at * at * 0.7 + at * 3 + 0.5
  const left = [1400, 95, null, 600, -10][at % 5]
  const conversation: Conversation = {
    id: randomUUID(),
    version: 0,
    status: at % 17 === 16 ? 'closed' : 'open',
    control: at % 11 === 10 ? 'ai' : 'human',
    channel: account.channel,
    account: { id: account.id, name: account.name, address: account.address },
    contact: { id: contact.id, name: contact.name, phone: contact.phone },
    assignee: owner ? { id: owner.id, name: owner.name } : null,
    labelIds: [],
    unreadCount: 0,
    messageCount: 0,
    lastSeq: 0,
    lastMessageAt: ago(minutes),
    lastPreview: null,
    lastDirection: null,
    windowExpiresAt: left === null || left === undefined ? null : ago(-left),
    windowRequired: account.channel === 'whatsapp',
    createdAt: ago(minutes + 60),
    updatedAt: ago(minutes),
    closedAt: null,
  }
  world.contacts.set(contact.id, contact)
  world.conversations.set(conversation.id, conversation)
  world.messages.set(conversation.id, [])
  addMessage(world, conversation.id, { type: 'text', body: { text: lines[at % lines.length] ?? '' } }, minutes)
  const said = world.conversations.get(conversation.id)
  if (said && at % 4 === 0 && at > 0) world.conversations.set(said.id, { ...said, unreadCount: (at % 3) + 1 })
}

export type Said = Partial<Message> & { type: string; body: Record<string, unknown> }

export function addMessage(world: World, conversationId: string, said: Said, minutes = 0): Message {
  const all = world.messages.get(conversationId) ?? []
  const direction = said.direction ?? 'inbound'
  const text =
    said.text ?? (typeof said.body.text === 'string' ? said.body.text : ((said.body.caption as string | undefined) ?? null))
  const message: Message = {
    id: randomUUID(),
    version: 0,
    conversationId,
    seq: all.length + 1,
    direction,
    sender: direction === 'inbound' ? 'customer' : 'human',
    author: null,
    media: [],
    replyTo: null,
    reactions: [],
    editedAt: null,
    revokedAt: null,
    status: direction === 'inbound' ? 'received' : direction === 'internal' ? null : 'read',
    outcome: null,
    error: null,
    nextAttemptAt: null,
    occurredAt: ago(minutes),
    createdAt: ago(minutes),
    sentAt: ago(minutes),
    deliveredAt: null,
    readAt: null,
    failedAt: null,
    segments: null,
    metadata: {},
    idempotencyKey: null,
    ...said,
    text,
  }
  all.push(message)
  world.messages.set(conversationId, all)
  const one = world.conversations.get(conversationId)
  if (one) {
    const spoken = direction !== 'internal'
    world.conversations.set(conversationId, {
      ...one,
      lastSeq: message.seq,
      messageCount: all.length,
      updatedAt: new Date().toISOString(),
      ...(spoken ? { lastMessageAt: message.occurredAt, lastPreview: text ?? `[${said.type}]`, lastDirection: direction } : {}),
    })
  }
  return message
}

export function addFile(world: World, of: { mimeType: string; fileName: string | null; bytes: Buffer }): Media {
  const id = randomUUID()
  const media: Media = {
    id,
    state: 'stored',
    mimeType: of.mimeType,
    fileName: of.fileName,
    byteSize: of.bytes.length,
    url: `/api/media/${id}/content`,
    error: null,
  }
  world.files.set(id, { media, bytes: of.bytes })
  return media
}

function everyKind(world: World, one: Conversation, me: Member): void {
  const author = { id: me.id, name: me.name }
  let minutes = 1600
  const say = (said: Said) => {
    minutes -= 31
    return addMessage(world, one.id, said, minutes)
  }
  const svg = (text: string, hue: number) =>
    addFile(world, { mimeType: 'image/svg+xml', fileName: `${text}.svg`, bytes: picture(text, hue) })
  const gone = (state: Media['state'], error: string | null): Media => ({
    id: randomUUID(),
    state,
    mimeType: null,
    fileName: null,
    byteSize: null,
    url: null,
    error,
  })
  const asked = say({
    type: 'text',
    body: { text: 'Hi! *Do you have* _gluten-free_ bread ~yesterday~ today?\nSee www.example.org or mail me: lu@example.org' },
  })
  say({ type: 'text', body: { text: '👍' } })
  say({
    type: 'text',
    direction: 'outbound',
    author,
    body: { text: 'Yes, we do: seeded and plain. Shall I keep one for you? ```REF-0042```' },
    replyTo: { id: asked.id, externalId: null, type: 'text', text: asked.text, direction: 'inbound' },
    reactions: [{ emoji: '❤️', direction: 'inbound', at: ago(900) }],
  })
  say({ type: 'image', body: { caption: 'Like this one?' }, media: [svg('Seeded loaf', 30)] })
  say({
    type: 'audio',
    body: { voice: true },
    media: [addFile(world, { mimeType: 'audio/wav', fileName: null, bytes: voice(9) })],
  })
  say({
    type: 'document',
    direction: 'outbound',
    author,
    status: 'delivered',
    body: { fileName: 'Price list 2026.pdf', caption: 'Our prices' },
    media: [addFile(world, { mimeType: 'application/pdf', fileName: 'Price list 2026.pdf', bytes: Buffer.alloc(240_000) })],
  })
  say({ type: 'sticker', body: {}, media: [svg('Yum', 140)] })
  say({ type: 'location', body: { latitude: 41.38506, longitude: 2.1734, name: 'Plaça de Catalunya', address: 'Barcelona' } })
  say({
    type: 'contacts',
    body: {
      contacts: [
        {
          name: 'Jordi Puig',
          organisation: 'Flour & Co',
          phones: [{ phone: '+34 600 222 333' }],
          emails: [{ email: 'jordi@flour.example' }],
        },
      ],
    },
  })
  say({
    type: 'buttons',
    direction: 'outbound',
    author,
    body: {
      text: 'When will you come?',
      footer: 'Reply with a tap',
      buttons: [
        { id: '1', title: 'Morning' },
        { id: '2', title: 'Afternoon' },
      ],
    },
  })
  say({ type: 'interactive', body: { kind: 'button_reply', id: '1', title: 'Morning' } })
  say({
    type: 'interactive',
    body: {
      kind: 'form_reply',
      title: 'Order form',
      response: { size: 'Large', write_on_cake: 'Happy birthday', flow_token: 'x' },
    },
  })
  say({
    type: 'order',
    body: {
      items: [
        { productId: 'Croissant', quantity: 3, price: 1.8, currency: 'EUR' },
        { productId: 'Rye bread', quantity: 1, price: 4.2, currency: 'EUR' },
      ],
    },
  })
  say({ type: 'system', body: { event: 'number_changed', text: '+34 600 999 000' } })
  say({ type: 'note', direction: 'internal', author, body: { text: 'Regular customer, gives 10 % tip. *Be quick.*' } })
  say({
    type: 'activity',
    direction: 'internal',
    author,
    body: { event: 'assigned', data: { assignee: { name: 'Bo Lindqvist' } } },
  })
  say({ type: 'text', body: { text: 'This was a secret' }, revokedAt: ago(400) })
  say({ type: 'text', body: { text: 'I meant *Friday*' }, editedAt: ago(380) })
  say({ type: 'unsupported', body: { originalType: 'poll' } })
  say({ type: 'hologram', body: {}, text: 'Something of the future' })
  say({ type: 'image', body: {}, media: [gone('pending', null)] })
  say({ type: 'video', body: {}, media: [gone('failed', 'The link has expired.')] })
  say({
    type: 'template',
    direction: 'outbound',
    author,
    sender: 'campaign',
    body: {
      name: 'order_ready',
      language: 'en',
      header: 'Order 42',
      text: 'Hello Lucía, your order is ready.',
      footer: 'Bakery Sol',
      buttons: ['Directions', 'Call us'],
    },
  })
  say({ type: 'text', body: { text: 'مرحبا، هل الخبز جاهز؟' } })
  minutes = 40
  say({ type: 'text', direction: 'outbound', author, body: { text: 'Your order is ready.' }, status: 'sent' })
  minutes = 36
  const last = (said: Said) => {
    minutes -= 4
    return addMessage(world, one.id, said, minutes)
  }
  last({
    type: 'text',
    direction: 'outbound',
    author,
    body: { text: 'It is waiting at the counter.' },
    status: 'failed',
    failedAt: ago(8),
    error: {
      code: '131026',
      text: 'The message could not be delivered.',
      hint: 'The number may not use this channel.',
      retryable: true,
    },
  })
  last({
    type: 'text',
    direction: 'outbound',
    author,
    body: { text: 'Shall we deliver it?' },
    status: 'sending',
    outcome: 'unknown',
  })
  last({
    type: 'text',
    direction: 'outbound',
    author,
    body: { text: 'We close at 20:00.' },
    status: 'queued',
    nextAttemptAt: ago(-2),
  })
  minutes = 5
  last({ type: 'text', body: { text: 'On my way!' } })
}

function history(world: World, one: Conversation, me: Member): void {
  for (let at = 0; at < 500; at += 1) {
    const ours = at % 3 === 0
    const text = `${lines[at % lines.length]} (${at})${at % 6 === 0 ? `\n${'Long story. '.repeat(at % 40)}` : ''}`
    addMessage(
      world,
      one.id,
      { type: 'text', body: { text }, ...(ours ? { direction: 'outbound', author: { id: me.id, name: me.name } } : {}) },
      3 + (500 - at) * 37,
    )
  }
}

function accounts(): Account[] {
  const media = {
    image: { maxBytes: 5_242_880, mimeTypes: ['image/jpeg', 'image/png'] },
    video: { maxBytes: 16_777_216, mimeTypes: ['video/mp4'] },
    audio: { maxBytes: 16_777_216, mimeTypes: ['audio/ogg', 'audio/mpeg', 'audio/mp4'] },
    document: { maxBytes: 104_857_600, mimeTypes: ['*/*'] },
  }
  const send = ['text', 'image', 'video', 'audio', 'document', 'template']
  return [
    {
      id: randomUUID(),
      channel: 'whatsapp',
      provider: 'whatsapp-cloud',
      name: 'Bakery Sol',
      address: '+34 600 000 001',
      state: 'connected',
      stateText: null,
      answerer: 'human',
      registration: { state: 'not_needed', text: null },
      capabilities: { send, windowHours: 24, templates: true, typing: true, maxText: 4096, segments: false, media },
    },
    {
      id: randomUUID(),
      channel: 'sms',
      provider: 'twilio',
      name: 'Bakery SMS',
      address: '+34 600 000 002',
      state: 'degraded',
      stateText: 'Sends slowly: the provider limits us.',
      answerer: 'human',
      registration: { state: 'not_needed', text: null },
      capabilities: {
        send: ['text'],
        windowHours: null,
        templates: false,
        typing: false,
        maxText: 1600,
        segments: true,
        media: {},
      },
    },
  ]
}

function templates(accountId: string): Template[] {
  const base = {
    accountId,
    language: 'en',
    category: 'UTILITY',
    status: 'approved',
    quality: 'GREEN',
    rejectionReason: null,
    footer: null,
    header: null,
    buttons: [],
    places: [],
  }
  return [
    {
      ...base,
      id: randomUUID(),
      name: 'order_ready',
      header: 'Order {{1}}',
      body: 'Hello {{1}}, your order is ready. Come by until {{2}}.',
      footer: 'Bakery Sol',
      buttons: ['Directions'],
      places: [
        { slot: 'header', name: '1', label: 'Order number', example: '42' },
        { slot: 'body', name: '1', label: 'Name', example: 'Ana' },
        { slot: 'body', name: '2', label: 'Until', example: '20:00' },
      ],
    },
    { ...base, id: randomUUID(), name: 'hello_again', body: 'Hello! We have news about your request. May we write to you?' },
    {
      ...base,
      id: randomUUID(),
      name: 'spring_sale',
      category: 'MARKETING',
      body: 'Everything 20 % off',
      status: 'rejected',
      quality: null,
      rejectionReason: 'The text promises too much.',
    },
  ]
}
