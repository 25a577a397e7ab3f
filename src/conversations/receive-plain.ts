/**
 * The short way in, which nearly every batch takes: nothing but messages, or nothing but receipts, with their raw webhooks in
 * one call to the database, which is one round trip and its own transaction.
 */
import { type Database, inOneCall } from '../platform/db/tx.ts'
import type { MessageEvent, ReceiptEvent } from '../ports/channel.ts'
import {
  type Brought,
  beginnings,
  count,
  eventsOf,
  type Intake,
  ofKind,
  places,
  rawColumns,
  receiveMessages,
  type SignedWebhook,
  type StoredRow,
} from './batch.ts'
import { notPlain } from './plain.ts'
import { intoRounds, messageColumns, receiptColumns } from './receive-columns.ts'
import { storeLines } from './receive-lines.ts'
import { storeStatuses } from './receive-statuses.ts'

/** Receipts that one statement takes: its work grows faster than their number. */
export const receiptsAtOnce = 1000

const receiveReceipts = `SELECT result, tenant_id FROM parley.receive_plain_receipts(${places(21)})`

export interface IntakeDatabases {
  db: Database
  /** Connections on which receive_lines holds what its rows name by itself, where there may be any; else it runs on those of `db`. */
  lines?: Database
}

/** undefined: nothing was stored, this batch needs more than that. */
export async function receivePlain(
  { db, lines = db }: IntakeDatabases,
  now: Date,
  batch: readonly SignedWebhook[],
): Promise<Intake | undefined> {
  if (!batch.every((webhook) => aboutOneAccount(webhook) && !webhook.signs && !saysMore(webhook))) return undefined
  return (await storeLines(lines, now, batch)) ?? (await storeMessages(db, now, batch)) ?? (await storeReceipts(db, now, batch))
}

/** A lead may have to be made of it. */
const saysMore = ({ parsed: { events } }: SignedWebhook): boolean =>
  events.some((event) => event.kind === 'message' && event.mayBeLead)

const aboutOneAccount = ({ parsed: { events } }: SignedWebhook): boolean =>
  events.every((event) => event.account === events[0]?.account)

async function storeMessages(db: Database, now: Date, batch: readonly SignedWebhook[]): Promise<Intake | undefined> {
  const messages = only(batch, 'message')
  // Files are fetched by jobs, which are made in the same transaction.
  if (!messages || messages.some(({ event }) => event.media.length > 0) || intoRounds(messages).length > 1) return undefined
  const { values, place } = messageColumns(messages as Brought<MessageEvent>[])
  const placeOf = new Map(messages.map((item, n) => [item.webhook, place[n] as number]))
  const raw = rawColumns(batch)
  const { rows } = await inOneCall(db, (client) =>
    client.query<StoredRow>({
      name: 'receive_messages',
      text: receiveMessages,
      values: [
        ...[now, ...values],
        ...[raw.ids, batch.map((w) => placeOf.get(w) ?? null), raw.labels, raw.headers],
        ...[batch.map((w) => w.parsed.malformed ?? null), raw.providers, raw.apps],
        ...[beginnings(raw.lengths), raw.lengths, raw.bodies],
      ],
    }),
  )
  const intake: Intake = { tenants: new Set(), stored: 0, duplicates: 0, strangers: 0 }
  for (const row of rows) count(row, intake)
  return intake
}

async function storeReceipts(db: Database, now: Date, batch: readonly SignedWebhook[]): Promise<Intake | undefined> {
  const receipts = only(batch, 'receipt')
  const whole = batch.every(({ parsed }) => parsed.malformed === undefined && parsed.events.length > 0)
  if (!receipts || !whole || receipts.length > receiptsAtOnce) return undefined
  const stored = await storeStatuses(db, now, batch, receipts as Brought<ReceiptEvent>[])
  if (stored) return stored
  const firsts = beginnings(
    batch.map((w) => w.parsed.events.length),
    1,
  )
  const raw = rawColumns(batch)
  try {
    const { rows } = await inOneCall(db, (client) =>
      client.query<{ result: string; tenant_id: string }>({
        name: 'receive_plain_receipts',
        text: receiveReceipts,
        values: [
          ...[now, ...receiptColumns(receipts as Brought<ReceiptEvent>[])],
          ...[raw.ids, firsts, raw.providers, raw.apps, raw.labels, raw.headers, raw.lengths, raw.bodies],
        ],
      }),
    )
    const applied = rows.filter((row) => row.result === 'applied')
    const strangers = rows.filter((row) => row.result === 'unknown_account').length
    return { tenants: new Set(applied.map((row) => row.tenant_id)), stored: 0, duplicates: 0, strangers }
  } catch (error) {
    if ((error as { code?: string }).code === notPlain) return undefined
    throw error
  }
}

/** The events of a batch, where all are of one kind. */
function only<K extends 'message' | 'receipt'>(batch: readonly SignedWebhook[], kind: K) {
  const events = batch.flatMap(eventsOf)
  const wanted = ofKind(events, kind)
  return wanted.length === events.length ? wanted : undefined
}
