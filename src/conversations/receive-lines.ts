/**
 * The shortest way in: a batch in which every webhook has one line of a customer's words, each of another person. One call to
 * receive_lines, whose arguments are written in binary.
 */
import { cleanText } from '../kernel/text.ts'
import { type Arrays, createArrays } from '../platform/db/arrays.ts'
import { type Database, inOneCall } from '../platform/db/tx.ts'
import type { MessageEvent } from '../ports/channel.ts'
import { type Brought, eventsOf, type Intake, places, type SignedWebhook, type StoredRow } from './batch.ts'
import { bytesOf, createPlainTimes, notPlain, rawArrays } from './plain.ts'
import { json, placesOf, previewOf } from './receive-columns.ts'

/** Whoever signs in may leave foreign keys to the function no more: the longer way does without. */
const notAllowed = '42501'
const receiveLines = `SELECT result, tenant_id, lines FROM parley.receive_lines(${places(31)})`

/** undefined: nothing was stored, this batch needs more than that. */
export async function storeLines(db: Database, now: Date, batch: readonly SignedWebhook[]): Promise<Intake | undefined> {
  const lines = singleLines(batch)
  if (!lines) return undefined
  // Text, body and preview of a line are together about as long as its webhook.
  const arrays = createArrays(2 * bytesOf(batch))
  const values = [now, ...lineColumns(arrays, lines), ...rawArrays(arrays, batch)]
  try {
    const { rows } = await inOneCall(db, (client) =>
      client.query<{ result: StoredRow['result']; tenant_id: string; lines: number }>({
        ...{ name: 'receive_lines', text: receiveLines },
        values,
      }),
    )
    const of = (result: StoredRow['result']) => rows.filter((row) => row.result === result)
    const count = (result: StoredRow['result']) => of(result).reduce((sum, row) => sum + row.lines, 0)
    return {
      tenants: new Set(of('stored').map((row) => row.tenant_id)),
      stored: count('stored'),
      duplicates: count('duplicate'),
      strangers: count('unknown_account'),
    }
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === notPlain || code === notAllowed) return undefined
    throw error
  }
}

/** The lines of a batch, where each webhook has one, and no two have an id of their person in common. */
function singleLines(batch: readonly SignedWebhook[]): Brought<MessageEvent>[] | undefined {
  // An id that is another kind's as well makes them look alike: the longer way takes those too.
  const ids = new Set<string>()
  const isPlainTime = createPlainTimes()
  let count = 0
  for (const { parsed } of batch) {
    const [event] = parsed.events
    if (parsed.malformed !== undefined || parsed.events.length !== 1 || event?.kind !== 'message') return undefined
    if (event.direction !== 'inbound' || !event.conversational || !event.opensWindow || event.media.length > 0) return undefined
    const { identities } = event.person
    if (identities.length === 0 || identities.length > 2) return undefined
    if (!isPlainTime(event.occurredAt)) return undefined
    count += identities.length + 1
    ids.add(event.externalId)
    for (const { value } of identities) ids.add(value)
  }
  return ids.size === count ? (batch.flatMap(eventsOf) as Brought<MessageEvent>[]) : undefined
}

/** The arguments of receive_lines, in its order after p_now, without those of raw webhooks. */
function lineColumns(arrays: Arrays, lines: readonly Brought<MessageEvent>[]): Buffer[] {
  const { addresses, place } = placesOf(lines)
  const of = <T>(pick: (event: MessageEvent) => T): T[] => lines.map(({ event }) => pick(event))
  return [
    arrays.text(addresses.map((a) => a.provider)),
    arrays.text(addresses.map((a) => a.app)),
    arrays.text(addresses.map((a) => a.account)),
    arrays.int(addresses.map((_, n) => lines[place.indexOf(n + 1)]?.windowHours ?? null)),
    arrays.int(place),
    arrays.newIds(lines.length),
    arrays.text(of((e) => e.externalId)),
    arrays.text(of((e) => e.person.identities[0]?.kind ?? null)),
    arrays.bool(of((e) => (e.person.identities[0]?.scope ?? '') !== '')),
    arrays.text(of((e) => e.person.identities[0]?.value ?? null)),
    arrays.text(of((e) => e.person.identities[1]?.kind ?? null)),
    arrays.bool(of((e) => (e.person.identities[1]?.scope ?? '') !== '')),
    arrays.text(of((e) => e.person.identities[1]?.value ?? null)),
    arrays.text(of((e) => e.person.phone ?? null)),
    arrays.text(of((e) => (e.person.name === undefined ? null : cleanText(e.person.name)))),
    arrays.text(of((e) => e.type)),
    arrays.text(of((e) => (e.text === null ? null : cleanText(e.text)))),
    arrays.text(of((e) => json(e.body))),
    arrays.text(of((e) => json(e.metadata))),
    arrays.time(of((e) => Date.parse(e.occurredAt))),
    arrays.text(of((e) => e.replyTo ?? null)),
    arrays.text(of(previewOf)),
    arrays.newIds(lines.length),
    arrays.newIds(lines.length),
  ]
}
