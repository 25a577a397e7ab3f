/** What is asked about a conversation and about the integration itself. */
import { list, member, string } from '../../kernel/read.ts'
import type { CallOptions, CentreConnection, CentreResult, ContactCentre } from '../../ports/contact-centre.ts'
import { type ClientDeps, call } from './client.ts'
import { connectionOf, pathId } from './config.ts'
import { incomplete } from './send.ts'

/** One that has ended already, or is gone, has ended. */
export async function disconnect(
  deps: ClientDeps,
  centre: CentreConnection,
  conversationId: string,
  options: CallOptions = {},
): Promise<CentreResult> {
  const { connection, problem } = connectionOf(centre)
  if (!connection) return incomplete(problem)
  if (!pathId.safeParse(conversationId).success) return badId
  const path = `/api/v2/conversations/${conversationId}/disconnect`
  const request = { operation: 'genesys.disconnect', method: 'POST', path, about: 'conversation' } as const
  const answer = await call(deps, connection, { ...request, signal: options.signal })
  const isGone = answer.kind === 'failed' && answer.status === 404
  return answer.kind === 'ok' || isGone ? { outcome: 'accepted', conversationId } : answer.failure
}

const badId: CentreResult = { outcome: 'reject', code: 'bad_id', text: 'The id of the conversation is none of Genesys.' }

export async function state(
  deps: ClientDeps,
  centre: CentreConnection,
  conversationId: string,
  options: CallOptions = {},
): Promise<'open' | 'ended' | 'unknown'> {
  const { connection } = connectionOf(centre)
  if (!connection || !pathId.safeParse(conversationId).success) return 'unknown'
  const path = `/api/v2/conversations/messages/${conversationId}`
  const request = { operation: 'genesys.conversation', method: 'GET', path, about: 'conversation' } as const
  const answer = await call(deps, connection, { ...request, signal: options.signal })
  if (answer.kind === 'ok') return stateIn(answer.body)
  // Its own words for it: any other 404 may come from something in between.
  return answer.status === 404 && answer.failure.code === 'not.found' ? 'ended' : 'unknown'
}

const ended = new Set(['disconnected', 'terminated'])

/** The customer's part decides: agents come and go. Where there is none, any part that still stands keeps it open. */
function stateIn(conversation: unknown): 'open' | 'ended' | 'unknown' {
  const participants = list(member(conversation, 'participants'))
  const customers = participants.filter((participant) => string(member(participant, 'purpose')) === 'customer')
  const states = (customers.length > 0 ? customers : participants).flatMap(statesOf)
  if (states.length === 0) return string(member(conversation, 'endTime')) === undefined ? 'unknown' : 'ended'
  return states.every((each) => ended.has(each)) ? 'ended' : 'open'
}

/** A participant of a message conversation has one communication or several, or says its state itself. */
function statesOf(participant: unknown): string[] {
  const messages = list(member(participant, 'messages')).map((message) => string(member(message, 'state')))
  return [...messages, string(member(participant, 'state'))].filter((each) => each !== undefined)
}

export async function check(
  deps: ClientDeps,
  centre: CentreConnection,
  options: CallOptions = {},
): Promise<Awaited<ReturnType<ContactCentre['check']>>> {
  const { connection, problem } = connectionOf(centre)
  if (!connection) return { state: 'logged_out', text: problem ?? '' }
  const path = `/api/v2/conversations/messaging/integrations/open/${connection.integrationId}`
  const request = { operation: 'genesys.integration', method: 'GET', path, about: 'integration' } as const
  const answer = await call(deps, connection, { ...request, signal: options.signal })
  if (answer.kind === 'failed') {
    const isShut = answer.failure.outcome === 'reconnect'
    return { state: isShut ? 'logged_out' : 'degraded', text: answer.failure.text }
  }
  const name = string(answer.body.name) ?? connection.integrationId
  const created = string(answer.body.createStatus)
  if (created === 'Initiated') return { state: 'degraded', text: `Genesys is still making the integration ${name}.` }
  if (created === 'Error') return { state: 'degraded', text: `Genesys could not make the integration ${name}.` }
  return { state: 'connected', text: `The integration ${name} answers.` }
}
