/** What the ids in requests are ids of. A place that is not listed stops the walk: who adds a route says what it takes. */
import type { World } from '../world/world.ts'
import { contactOf, type Kind, makers, type Neighbour, strayReceipt } from './neighbours.ts'
import type { Place, Target } from './places.ts'

/** By the word before it in the address. */
const byFolder: Record<string, Kind> = {
  conversations: 'conversation',
  messages: 'message',
  contacts: 'contact',
  accounts: 'account',
  media: 'media',
  members: 'member',
  'api-keys': 'apiKey',
  sessions: 'session',
  invitations: 'invitation',
  tenants: 'tenant',
  holds: 'hold',
  labels: 'label',
  leads: 'lead',
  bookings: 'booking',
  staff: 'staff',
  calls: 'call',
  numbers: 'number',
  mappings: 'mapping',
  'dead-letters': 'deadLetter',
}
/** By the name of a parameter or field. */
const byName: Record<string, Kind> = {
  accountId: 'account',
  assigneeId: 'member',
  assignee: 'member',
  contactId: 'contact',
  labelId: 'label',
  leadId: 'lead',
  staffId: 'staff',
  holdId: 'bookingHold',
  conversationId: 'conversation',
  mediaId: 'media',
  headerMediaId: 'media',
  messageId: 'message',
  replyTo: 'message',
  around: 'message',
  tenantId: 'tenant',
  phoneNumberId: 'phoneNumber',
  integrationId: 'integration',
  genesysIntegrationId: 'integration',
  orgId: 'organisation',
  genesysOrgId: 'organisation',
  subdomain: 'subdomain',
}
/** Method, address and name, where the name alone does not say it. null: it names nothing that belongs to a business. */
const byPlace: Record<string, Kind | null> = {
  'POST /api/calls/preview accountId': 'callAccount', // one that takes calls
  'POST /api/messages/:id/retry id': 'failedMessage',
  'POST /api/numbers/:id/resume id': 'suspendedNumber',
  'POST /api/numbers/:id/check id': 'numberOfProvider',
  'POST /api/numbers/:id/set-again id': 'numberOfProvider',
  'PUT /api/accounts/:id id': 'textingAccount',
  'POST /api/accounts/:id/segments id': 'textingAccount',
  'POST /api/leads/:id/separate id': 'joinedLead',
  '* /api/bookings/holds/:id id': 'bookingHold',
  'POST /api/staff userId': 'member',
  'PATCH /api/staff/:id userId': 'member',
  'POST /api/messages contactId': 'writingContact', // whoever wrote may be answered with free text
  '* * type': null, // which kind of credential
  'DELETE /api/platform/keys/:id id': null, // the platform's own, refused to everybody of a business
  'DELETE /api/platform/operators/:userId userId': null,
  'GET /api/mappings/by-customer/:waId waId': 'customer',
  'GET /api/mappings/by-conversation/:conversationId conversationId': 'centreConversation',
  'PATCH /api/mappings/messages/:wamid wamid': 'wamid',
  '* * genesys_message_id': null, // the caller's own id of what it sends
  'GET /api/me/notifications before': null, // a place in one's own list
  'POST /api/me/notifications/read upTo': null,
  '* * cursor': null, // a place in the reader's own list
  '* * until': null, // the end of it
  '* * centreConversationId': null, // the contact centre's: a link may be made before it is known here
  '* * waId': null, // of a card that is sent: text
  '* * wabaId': null, // the provider's id of a business account: several businesses may say the same
  // Unique on the whole server: that one is taken is said, and who has it is not.
  'PUT /tenants/:id/whatsapp phoneNumberId': null,
  'PUT /api/tenants/:id/whatsapp phoneNumberId': null,
  'POST /api/accounts phoneNumberId': null,
  'POST /tenants/:id/whatsapp/sign-up/complete phoneNumberId': null,
  'POST /api/tenants/:id/whatsapp/sign-up/complete phoneNumberId': null,
}

export function placeKind(method: string, url: string, name: string): Kind | null {
  const own = /^(\/api)?\/tenants\/:id(.*)$/.exec(url)
  // Names that are unique on the whole server: that one is taken is said, and who has it is not.
  if (own && method === 'PATCH' && name !== 'id') return null
  if (own?.[2] === '/credentials/:type' && name === 'id') return 'tenantWithCredentials'
  for (const place of [`${method} ${url} ${name}`, `* ${url} ${name}`, `* * ${name}`]) {
    const exact = byPlace[place]
    if (exact !== undefined) return exact
  }
  if (name === 'id') {
    const folder = /([\w-]+)\/:id/.exec(url)?.[1] ?? ''
    const kind = byFolder[folder]
    if (kind) return kind
  }
  const kind = byName[name]
  if (kind) return kind
  throw new Error(`${method} ${url} takes ${name}: say in test/walls/kinds.ts what it is an id of, or that it is none.`)
}

/** Ids of the own business for every place of a request, made anew: a request may use one up. */
export async function ownIds(world: World, own: Neighbour, places: readonly Place[]): Promise<Record<string, string>> {
  const make = makers(world, own)
  const ids: Record<string, string> = {}
  const has = (kind: Kind) => places.find((place) => place.kind === kind)
  const thread = has('conversation')
  const writer = has('writingContact')
  const conversationId = thread || writer ? await make.conversation() : undefined
  if (thread && conversationId) ids[keyOf(thread)] = conversationId
  if (writer && conversationId) ids[keyOf(writer)] = await contactOf(world, conversationId)
  for (const place of places) {
    if (ids[keyOf(place)] !== undefined) continue
    ids[keyOf(place)] =
      place.kind === 'message' && conversationId ? await make.message(conversationId) : await make[place.kind]()
  }
  return ids
}

const keyOf = (place: Pick<Place, 'in' | 'name'>) => `${place.in}.${place.name}`

/** What a request needs beside what its schema asks for. */
export function complete(target: Pick<Target, 'method' | 'url'>, body: unknown, ids: Record<string, string>): unknown {
  if (`${target.method} ${target.url}` !== 'POST /api/messages') return body
  const { to, ...rest } = body as { to: object }
  return { ...rest, to: { contactId: ids['body.contactId'], ...to } }
}

/** What stands in a field that is no id, where any text would not do. */
export function given(target: Pick<Target, 'method' | 'url'>, name: string, json?: { type?: string }): unknown {
  const here = byRequest[`${target.method} ${target.url}`]?.[name]
  if (here !== undefined) return here
  return json === undefined || json.type === 'string' ? texts[name] : undefined
}
const texts: Record<string, string> = {
  phone: '+15550001111',
  timezone: 'Europe/Lisbon',
  language: 'en',
}
const picture = { name: 'picture_ourselves' }
const number = { phoneNumberId: '4711', wabaId: '4712', accessToken: 'EAABEAABEAAB', graphVersion: 'v25.0' }
const signedUp = { state: 'a state of sixteen', code: 'AQ', wabaId: '4712', phoneNumberId: '4711' }
/** A whole hour, tomorrow. */
const startsAt = new Date(Math.ceil(Date.now() / 3_600_000) * 3_600_000 + 86_400_000).toISOString()
const byRequest: Record<string, Record<string, unknown>> = {
  'POST /api/mappings/:id/messages': { message_text: 'hello' },
  'PATCH /api/mappings/messages/:wamid': { status: 'received' },
  'POST /api/conversations/:id/messages': picture,
  'POST /api/messages': picture,
  'PATCH /api/dead-letters/:id': { payload: strayReceipt },
  'PUT /tenants/:id/credentials/:type': { values: { token: 'a value' } },
  'PUT /api/tenants/:id/credentials/:type': { values: { token: 'a value' } },
  'PUT /tenants/:id/whatsapp': number,
  'PUT /api/tenants/:id/whatsapp': number,
  'POST /tenants/:id/whatsapp/sign-up/complete': signedUp,
  'POST /api/tenants/:id/whatsapp/sign-up/complete': signedUp,
  'POST /api/contacts/:id/consents': { channel: 'whatsapp' },
  'POST /api/bookings/holds': { startsAt, minutes: 30 },
  'POST /api/bookings': { startsAt, minutes: 30 },
  'GET /api/bookings/slots': { days: 1, minutes: 30 },
  'POST /api/accounts/:id/test': { to: '+16505550123' },
}

/** Requests whose success would end what the walk stands on; other tests show that they succeed for those who may. */
export const endsTheWalk = (target: Pick<Target, 'method' | 'url'>): boolean =>
  [
    /^DELETE (\/api)?\/tenants\/:id$/,
    /^DELETE \/api\/accounts\/:id$/,
    // They would change the number that everything else is sent from.
    /^PUT (\/api)?\/tenants\/:id\/whatsapp$/,
    /^POST (\/api)?\/tenants\/:id\/whatsapp\/sign-up(\/complete)?$/,
  ].some((one) => one.test(`${target.method} ${target.url}`))
