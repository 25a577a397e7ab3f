/**
 * The shortest way in for receipts: sent, delivered and read of messages that went out, no message twice the same. One call to
 * receive_statuses, whose arguments are written in binary.
 */
import { type Arrays, createArrays } from '../platform/db/arrays.ts'
import { type Database, inOneCall } from '../platform/db/tx.ts'
import type { ReceiptEvent } from '../ports/channel.ts'
import { type Brought, beginnings, type Intake, places, type SignedWebhook } from './batch.ts'
import { bytesOf, createPlainTimes, notPlain, rawArrays } from './plain.ts'
import { json, placesOf } from './receive-columns.ts'

const receiveStatuses = `SELECT tenant_id FROM parley.receive_statuses(${places(23)})`

const steps = ['sent', 'delivered', 'read'] as const
type Step = (typeof steps)[number]
const isStep = (status: string): status is Step => (steps as readonly string[]).includes(status)

/** What a batch says of one message. */
interface Told {
  place: number
  externalId: string
  at: Partial<Record<Step, number>>
}

/** `receipts` are all the events of `batch`. undefined: nothing was stored, this batch needs more than that. */
export async function storeStatuses(
  db: Database,
  now: Date,
  batch: readonly SignedWebhook[],
  receipts: readonly Brought<ReceiptEvent>[],
): Promise<Intake | undefined> {
  const { addresses, place } = placesOf(receipts)
  const told = tell(receipts, place)
  if (!told) return undefined
  const firsts = beginnings(batch.map((w) => w.parsed.events.length))
  const arrays = createArrays(2 * bytesOf(batch))
  const values = [
    now,
    arrays.text(addresses.map((a) => a.provider)),
    arrays.text(addresses.map((a) => a.app)),
    arrays.text(addresses.map((a) => a.account)),
    ...messageColumns(arrays, told.messages),
    ...receiptColumns(arrays, receipts, told.of),
    arrays.int(firsts.map((first) => place[first] as number)),
    ...rawArrays(arrays, batch),
  ]
  try {
    const { rows } = await inOneCall(db, (client) =>
      client.query<{ tenant_id: string }>({ name: 'receive_statuses', text: receiveStatuses, values }),
    )
    return { tenants: new Set(rows.map((row) => row.tenant_id)), stored: 0, duplicates: 0, strangers: 0 }
  } catch (error) {
    if ((error as { code?: string }).code === notPlain) return undefined
    throw error
  }
}

/** The messages that receipts speak of, and per receipt which of them (from 1); undefined where that is not all that they say. */
function tell(receipts: readonly Brought<ReceiptEvent>[], place: readonly number[]) {
  const isPlainTime = createPlainTimes()
  const known = new Map<string, number>()
  const messages: Told[] = []
  const of: number[] = []
  for (const [n, { event }] of receipts.entries()) {
    const { status, externalId, participant, error, occurredAt } = event
    if (!isStep(status) || participant || error || !isPlainTime(occurredAt)) return undefined
    // Two ids that differ here may be one in the database.
    if (!externalId.isWellFormed()) return undefined
    const key = `${place[n]}|${externalId}`
    const at = known.get(key) ?? messages.push({ place: place[n] as number, externalId, at: {} })
    known.set(key, at)
    const message = messages[at - 1] as Told
    if (message.at[status] !== undefined) return undefined
    message.at[status] = Date.parse(occurredAt)
    of.push(at)
  }
  return { messages, of }
}

function messageColumns(arrays: Arrays, messages: readonly Told[]): Buffer[] {
  return [
    arrays.int(messages.map((m) => m.place)),
    arrays.text(messages.map((m) => m.externalId)),
    ...steps.map((step) => arrays.time(messages.map((m) => m.at[step] ?? null))),
    arrays.newIds(messages.length),
  ]
}

function receiptColumns(arrays: Arrays, receipts: readonly Brought<ReceiptEvent>[], of: readonly number[]): Buffer[] {
  const pick = <T>(what: (event: ReceiptEvent) => T): T[] => receipts.map(({ event }) => what(event))
  return [
    arrays.int(of),
    arrays.newIds(receipts.length),
    arrays.text(pick((e) => e.status)),
    arrays.text(pick((e) => e.person?.phone ?? null)),
    arrays.text(pick((e) => json(e.detail))),
    arrays.time(pick((e) => Date.parse(e.occurredAt))),
  ]
}
