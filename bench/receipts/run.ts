/** Receipts: sent, delivered and read of each message in a burst, acknowledged and found per second. */
import type pg from 'pg'
import { batches, batchSize, type Options } from '../rounds.ts'
import { type Place, type Subject, throughput } from '../throughput.ts'
import { statuses } from './payload.ts'
import { makeRows, makeSent, type Row, writeBatch, writeReceipts } from './rows.ts'

/** Messages made for one run: three receipts each must last for its seconds. */
const messagesOfRun = 20_000

/** Rows about the messages of a run that nobody has had receipts for, in order. */
async function freshRows(place: Place, name: string): Promise<(count: number) => Row[]> {
  const run = `${name}${place.n}x${process.pid}`
  await makeSent(place.owner, place.target, run, Math.ceil((200 * batchSize) / statuses.length) + batchSize)
  let made = 0
  return (count) => {
    made += count
    return makeRows(run, made - count, count)
  }
}

const receiptsOf: Subject = {
  kind: 'receipts',
  prepare: (place, run) => makeSent(place.owner, place.target, run, messagesOfRun),
  async floor(place) {
    const make = await freshRows(place, 'f')
    return await batches(place, make, (client, rows) => writeBatch(client, place.target, rows))
  },
  async plain(place) {
    const make = await freshRows(place, 'r')
    return (await batches(place, make, (client, rows) => writeReceipts(client, place.target, rows))).us
  },
  /** A receipt counts where it is kept and its time is on its message. */
  async found(owner: pg.Client, run: string) {
    const { rows } = await owner.query<{ rows: number; ids: number }>(
      `SELECT count(*)::int AS rows,
              count(DISTINCT (s.wamid, s.status)) FILTER (WHERE CASE s.status WHEN 'sent' THEN t.sent_at WHEN 'delivered' THEN t.delivered_at ELSE t.read_at END IS NOT NULL)::int AS ids
         FROM message_tracking t JOIN message_statuses s ON s.tenant_id = t.tenant_id AND s.channel_account_id = t.channel_account_id AND s.wamid = t.wamid
        WHERE t.created_at > now() - interval '10 minutes' AND t.wamid LIKE $1`,
      [`wamid.${run}.%`],
    )
    return rows[0] ?? { rows: 0, ids: 0 }
  },
}

export const receipts = (options: Options): Promise<void> => throughput('receipts', receiptsOf, options)
