/** Calls as Twilio has them on record: what is asked where no webhook told of them. */
import { id, list, member, number, string } from '../../kernel/read.ts'
import type { AccountConnection, CallOptions } from '../../ports/channel.ts'
import type { CallRecord, DialResult, EndResult, RecordedCall, RecordedCalls } from '../../ports/telephony.ts'
import { type ClientDeps, callTwilio } from './client.ts'
import { accountPath, type Connection, connectionOf } from './config.ts'
import { callerOf, endResults } from './voice-parse.ts'

const pageSize = 200
const maxPages = 25

/**
 * Callers' legs to this number that began since then, oldest first. A number whose calls Twilio announces to somebody else is none
 * of ours: nothing is listed of it.
 */
export async function listCalls(
  deps: ClientDeps,
  account: AccountConnection,
  given: { since: Date } & CallOptions,
): Promise<RecordedCalls> {
  const { connection } = connectionOf(account)
  if (!connection) return { outcome: 'unknown' }
  const announced = await announcedTo(deps, connection, given)
  if (announced === undefined) return { outcome: 'unknown' }
  const ours = `${deps.publicUrl().replace(/\/+$/, '')}/hooks/twilio${connection.appSlug === '' ? '' : `/${connection.appSlug}`}/voice`
  if (announced.split(/[?#]/)[0] !== ours) return { outcome: 'listed', calls: [] }
  const query = { To: connection.address, 'StartTime>': given.since.toISOString().slice(0, 10), PageSize: String(pageSize) }
  const found = await pages(deps, connection, query, given)
  if (!found) return { outcome: 'unknown' }
  return { outcome: 'listed', calls: found.flatMap((one) => readCall(one, connection, given.since)).reverse() }
}

/** How one call ended, and how ringing the business did: by the legs that were rung for it; one that was answered counts. */
export async function recordOf(
  deps: ClientDeps,
  account: AccountConnection,
  given: { callId: string } & CallOptions,
): Promise<CallRecord> {
  const { connection } = connectionOf(account)
  if (!connection) return { outcome: 'unknown' }
  const path = `${accountPath(connection)}/Calls/${encodeURIComponent(given.callId)}.json`
  const answer = await callTwilio(deps, connection, { path, signal: given.signal })
  if (answer.kind !== 'ok' || string(answer.body.sid) !== given.callId) return { outcome: 'unknown' }
  const legs = await pages(deps, connection, { ParentCallSid: given.callId, PageSize: '50' }, given)
  if (!legs) return { outcome: 'unknown' }
  const rung = legs.flatMap((leg) => {
    const result = endResults.get(string(member(leg, 'status')) ?? '')
    return result === undefined ? [] : [readDialled(result, number(member(leg, 'duration')) ?? 0)]
  })
  const answered = rung.find(({ result }) => result === 'answered')
  return { outcome: 'known', ended: endOf(answer.body), dialled: answered ?? rung[0] ?? null }
}

/** A record says that the leg was answered, and not whether anybody was connected: one that lasted was. */
const readDialled = (result: EndResult, seconds: number): { result: DialResult; seconds: number } => ({
  result: result !== 'completed' ? result : seconds > 0 ? 'answered' : 'no_answer',
  seconds,
})

/** Where Twilio announces calls of the number; '' nowhere; undefined: it could not be asked. */
async function announcedTo(deps: ClientDeps, connection: Connection, { signal }: CallOptions): Promise<string | undefined> {
  const query = new URLSearchParams({ PhoneNumber: connection.address, PageSize: '50' })
  const path = `${accountPath(connection)}/IncomingPhoneNumbers.json?${query}`
  const answer = await callTwilio(deps, connection, { path, signal })
  if (answer.kind !== 'ok' || !Array.isArray(answer.body.incoming_phone_numbers)) return undefined
  const own = list(answer.body.incoming_phone_numbers).find((one) => string(member(one, 'phone_number')) === connection.address)
  return string(member(own, 'voice_url')) ?? ''
}

async function pages(
  deps: ClientDeps,
  connection: Connection,
  query: Record<string, string>,
  { signal }: CallOptions,
): Promise<unknown[] | undefined> {
  let path: string | undefined = `${accountPath(connection)}/Calls.json?${new URLSearchParams(query)}`
  const found: unknown[] = []
  for (let page = 0; path !== undefined && page < maxPages; page++) {
    const answer = await callTwilio(deps, connection, { path, signal })
    if (answer.kind !== 'ok' || !Array.isArray(answer.body.calls)) return undefined
    found.push(...list(answer.body.calls))
    // An address without a host: the credentials stay where they are.
    const next: string | undefined = string(answer.body.next_page_uri)
    path = next?.startsWith('/2010-04-01/') ? next : undefined
  }
  return found
}

/** Legs that we or others rang are no callers, whatever number they went to. */
function readCall(one: unknown, connection: Connection, since: Date): RecordedCall[] {
  const of = (name: string): string => string(member(one, name)) ?? ''
  const callId = id(member(one, 'sid'), 64)
  const startedAt = new Date(of('start_time') || of('date_created'))
  if (callId === undefined || of('direction') !== 'inbound' || of('parent_call_sid') !== '') return []
  if (of('to') !== connection.address || Number.isNaN(startedAt.getTime()) || startedAt < since) return []
  const callerName = string(member(one, 'caller_name'))
  return [
    {
      ...{ callId, account: connection.address, caller: callerOf(of('from')), startedAt },
      ...(callerName ? { callerName } : {}),
      ended: endOf(one),
    },
  ]
}

/** null: it goes on. */
function endOf(call: unknown): RecordedCall['ended'] {
  const of = (name: string): string => string(member(call, name)) ?? ''
  const result = endResults.get(of('status'))
  const at = new Date(of('end_time') || of('date_updated'))
  return result === undefined || Number.isNaN(at.getTime()) ? null : { result, seconds: Number(of('duration')) || 0, at }
}
