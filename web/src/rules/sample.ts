/** Rows for the tests of the rules. */
import type { Conversation, Message, Template } from '../../../client/index.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 10, 21, 8, minute)).toISOString()

export function conversation(id: string, minute: number, more: Partial<Conversation> = {}): Conversation {
  return {
    id,
    version: 1,
    status: 'open',
    control: 'human',
    channel: 'whatsapp',
    account: { id: 'acc', name: 'Bakery', address: '+34600000001' },
    contact: { id: `c-${id}`, name: `Name ${id}`, phone: '+34 600 111 222' },
    assignee: null,
    labelIds: [],
    unreadCount: 0,
    messageCount: 1,
    lastSeq: 1,
    lastMessageAt: at(minute),
    lastPreview: null,
    lastDirection: 'inbound',
    windowExpiresAt: null,
    windowRequired: true,
    createdAt: at(0),
    updatedAt: at(minute),
    closedAt: null,
    ...more,
  }
}

export function message(seq: number, more: Partial<Message> = {}): Message {
  return {
    id: `m${seq}`,
    version: 1,
    conversationId: 'a',
    seq,
    direction: 'outbound',
    sender: 'human',
    author: { id: 'u1', name: 'Ana' },
    type: 'text',
    text: `text ${seq}`,
    body: { text: `text ${seq}` },
    media: [],
    replyTo: null,
    reactions: [],
    editedAt: null,
    revokedAt: null,
    status: 'sent',
    outcome: null,
    error: null,
    nextAttemptAt: null,
    occurredAt: at(seq),
    createdAt: at(seq),
    sentAt: null,
    deliveredAt: null,
    readAt: null,
    failedAt: null,
    segments: null,
    metadata: {},
    idempotencyKey: null,
    ...more,
  }
}

export function template(more: Partial<Template> = {}): Template {
  return {
    id: 't',
    accountId: 'acc',
    name: 'order_ready',
    language: 'en',
    category: 'UTILITY',
    status: 'approved',
    quality: null,
    rejectionReason: null,
    header: 'Order {{1}}',
    body: 'Hello {{1}}, your order {{2}} is ready. {{1}}, come by {{time}}.',
    footer: 'The bakery',
    buttons: ['Track'],
    places: [
      { slot: 'header', name: '1', label: 'Order', example: null },
      { slot: 'body', name: '1', label: 'Name', example: 'Ana' },
      { slot: 'body', name: '2', label: 'Number', example: '42' },
      { slot: 'body', name: 'time', label: 'Time', example: '18:00' },
      { slot: 'button', name: '0', label: 'Track', example: 'abc' },
    ],
    ...more,
  }
}
