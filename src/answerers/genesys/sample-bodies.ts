/** Bodies as the contact centre posts them, for the tests of this folder. */
type Json = Record<string, unknown>

export const INTEGRATION = '2f1c6c4e-7f0a-4f0f-9a52-0d7d6a0b1c2d'
export const CONVERSATION = '6a1f0c2e-1111-4222-8333-944455566677'
export const CUSTOMER = '15550107001'

export const channel = (more: Json = {}): Json => ({
  id: INTEGRATION,
  platform: 'Open',
  type: 'Private',
  messageId: 'c0ffee00c0ffee00c0ffee00c0ffee00',
  to: { id: CUSTOMER, idType: 'Phone' },
  from: { nickname: 'Relay', id: INTEGRATION, idType: 'Opaque' },
  time: '2026-11-20T10:01:00.427Z',
  ...more,
})

export const outbound = (more: Json = {}): Json => ({
  id: 'c0ffee00c0ffee00c0ffee00c0ffee00',
  channel: channel(),
  type: 'Text',
  text: 'Good morning',
  content: [],
  originatingEntity: 'Human',
  direction: 'Outbound',
  conversationId: CONVERSATION,
  ...more,
})

export const structured = (...content: Json[]): Json => outbound({ type: 'Structured', text: undefined, content })

export const published = (more: Json = {}): Json => ({
  id: 'aa00aa00aa00aa00aa00aa00aa00aa00',
  channel: channel({ messageId: 'wamid.A', to: { id: INTEGRATION }, from: { id: CUSTOMER, idType: 'Phone' } }),
  type: 'Receipt',
  status: 'Published',
  reasons: [],
  isFinalReceipt: true,
  direction: 'Inbound',
  conversationId: CONVERSATION,
  ...more,
})

export const typing = (more: Json = {}): Json => ({
  id: 'bb00bb00bb00bb00bb00bb00bb00bb00',
  channel: channel({ messageId: undefined }),
  type: 'Event',
  events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }],
  direction: 'Outbound',
  conversationId: CONVERSATION,
  ...more,
})

export const bytes = (body: unknown): Buffer => Buffer.from(JSON.stringify(body))
