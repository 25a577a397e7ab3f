/** The integration queues, version 1. What a payload looks like is in ports/state-manager.ts; docs/queues.md tells others. */
import { deadLetters, type QueueShape, type Topology } from '../platform/broker.ts'
import { conversationCorrelation, inboundMessage, outboundMessage, statusUpdate } from '../ports/state-manager.ts'

/** What others put in, and the shape of it. */
export const consumed = {
  'inbound-message.v1': inboundMessage,
  'outbound-message.v1': outboundMessage,
  'status-update.v1': statusUpdate,
  'conversation-correlation.v1': conversationCorrelation,
} as const
export type ConsumedName = keyof typeof consumed

/** Where what happened here is published; bind further queues to it. */
export const newsExchange = 'news.v1'
export const published = ['enriched-inbound-message.v1', 'enriched-outbound-message.v1', 'state-change.v1'] as const
export type PublishedName = (typeof published)[number]

export const integrationTopology: Topology = {
  exchanges: [newsExchange],
  queues: [
    ...(Object.keys(consumed) as ConsumedName[]).map((name): QueueShape => ({ name })),
    ...published.map((name): QueueShape => ({ name, bind: { exchange: newsExchange, keys: [name] } })),
  ],
}

export const deadLetterExchange = deadLetters
/** The business that a message is about stands in this header: its id or its public id. */
export const tenantHeader = 'tenant'
