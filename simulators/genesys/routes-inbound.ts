import { badRequest } from './api-error.ts'
import { type Options, takeEvent, takeMessage, takeReceipt, takeStructured } from './inbound.ts'
import { eventBody, messageBody, read, receiptBody, structuredBody } from './inbound-schema.ts'
import { asJson, type Call, param, query, type Route } from './requests.ts'
import type { Json } from './types.ts'

const permission = 'conversation:message:receive'
const base = '/api/v2/conversations/messages/:integrationId/inbound/open'

function optionsOf({ world, request, subject }: Call): Options {
  const isSlow = world.faults.take(['noConversationId'], subject) !== undefined
  return {
    prefetch: query(request, 'prefetchConversationId') === 'true' && !isSlow,
    webhookFirst: world.faults.take(['webhookFirst'], subject) !== undefined,
  }
}

const takers: Record<string, (call: Call, integrationId: string, body: unknown) => unknown> = {
  message: (call, id, body) => takeMessage(call.world, id, read(messageBody, body), optionsOf(call)),
  structured: (call, id, body) => takeStructured(call.world, id, read(structuredBody, body), optionsOf(call)),
  receipt: ({ world }, id, body) => takeReceipt(world, id, read(receiptBody, body)),
  event: ({ world }, id, body) => takeEvent(world, id, read(eventBody, body)),
}

/** The older endpoint says in its body which integration and what it is. */
function old(call: Call): unknown {
  const body = asJson(call.request.body)
  const channel = asJson(body.channel)
  const integrationId = asJson(channel.to).id ?? asJson(channel.from).id
  const kinds: Record<string, string> = { Text: 'message', Structured: 'structured', Receipt: 'receipt', Event: 'event' }
  const taker = takers[kinds[String(body.type)] ?? '']
  if (!taker || channel.platform !== 'Open' || typeof integrationId !== 'string')
    throw badRequest('Value is not valid for field [type], [channel.platform] or [channel.to].', 'invalid.value')
  return taker(call, integrationId, call.request.body as Json)
}

const at = (endpoint: string, operation: 'message' | 'structured' | 'receipt' | 'event'): Route => ({
  method: 'POST',
  path: `${base}/${endpoint}`,
  operation,
  permission,
  handle: (call) => takers[operation]?.(call, param(call.request, 'integrationId'), call.request.body),
})

export const inboundRoutes: Route[] = [
  at('message', 'message'),
  at('structured/response', 'structured'),
  at('receipt', 'receipt'),
  at('event', 'event'),
  { method: 'POST', path: '/api/v2/conversations/messages/inbound/open', operation: 'message', permission, handle: old },
]
