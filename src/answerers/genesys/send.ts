/** What goes to the contact centre: lines, receipts, and that somebody types. */
import { type Json, string } from '../../kernel/read.ts'
import type {
  CallOptions,
  CentreConnection,
  CentreCustomer,
  CentreLine,
  CentreReceipt,
  CentreResult,
} from '../../ports/contact-centre.ts'
import { type CentreRequest, type ClientDeps, call } from './client.ts'
import { type Connection, connectionOf } from './config.ts'
import { renderReceipt } from './receipts.ts'
import { fromOf, renderLine } from './render.ts'

/** Calls of a minute that typing leaves for what is said. */
const SPARE_FOR_MESSAGES = 60

export async function send(
  deps: ClientDeps,
  centre: CentreConnection,
  line: CentreLine,
  options: CallOptions = {},
): Promise<CentreResult> {
  const { connection, problem } = connectionOf(centre)
  if (!connection) return incomplete(problem)
  const rendered = renderLine(line, deps.now())
  if ('refused' in rendered) return { outcome: 'reject', ...rendered.refused }
  let accepted: Json = {}
  // One after the other: that is their order, and what failed is said again with the same ids.
  for (const { endpoint, body } of rendered.requests) {
    const query = endpoint === 'message' ? '?prefetchConversationId=true' : ''
    const request = {
      operation: `genesys.${endpoint}`,
      method: 'POST',
      path: inbound(connection, endpoint + query),
      json: body,
    } as const
    const answer = await call(deps, connection, { ...request, about: 'integration', signal: options.signal })
    if (answer.kind === 'failed') return answer.failure
    accepted = { ...answer.body, ...accepted, conversationId: answer.body.conversationId ?? accepted.conversationId }
  }
  const [messageId, conversationId] = [string(accepted.id), string(accepted.conversationId)]
  return { outcome: 'accepted', ...(messageId ? { messageId } : {}), ...(conversationId ? { conversationId } : {}) }
}

export function receipt(
  deps: ClientDeps,
  centre: CentreConnection,
  given: CentreReceipt,
  options: CallOptions = {},
): Promise<CentreResult> {
  return post(deps, centre, 'receipt', renderReceipt(given), { about: 'message', signal: options.signal })
}

export function typing(
  deps: ClientDeps,
  centre: CentreConnection,
  customer: CentreCustomer,
  options: CallOptions = {},
): Promise<CentreResult> {
  const channel = { from: fromOf(customer), time: deps.now().toISOString() }
  const json = { channel, events: [{ eventType: 'Typing' }] }
  return post(deps, centre, 'event', json, { about: 'integration', spare: SPARE_FOR_MESSAGES, signal: options.signal })
}

async function post(
  deps: ClientDeps,
  centre: CentreConnection,
  endpoint: 'receipt' | 'event',
  json: Json,
  more: Pick<CentreRequest, 'about' | 'spare' | 'signal'>,
): Promise<CentreResult> {
  const { connection, problem } = connectionOf(centre)
  if (!connection) return incomplete(problem)
  const path = inbound(connection, endpoint)
  const answer = await call(deps, connection, { operation: `genesys.${endpoint}`, method: 'POST', path, json, ...more })
  return answer.kind === 'ok' ? { outcome: 'accepted' } : answer.failure
}

export const incomplete = (problem: string | undefined): CentreResult => ({
  outcome: 'reconnect',
  code: 'incomplete',
  text: problem ?? 'The connection is not complete.',
})

const inbound = ({ integrationId }: Connection, endpoint: string): string =>
  `/api/v2/conversations/messages/${integrationId}/inbound/open/${endpoint}`
