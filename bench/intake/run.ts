/** Intake: messages of new customers acknowledged and found per second. */
import type pg from 'pg'
import { batches, batchSize, type Options } from '../rounds.ts'
import { type Place, type Subject, throughput } from '../throughput.ts'
import { makeRows, writeBatch, writeMessages } from './rows.ts'

const messages: Subject = {
  kind: 'messages',
  floor: (place) => batches(place, makeRows, (client, rows) => writeBatch(client, place.target, rows)),
  plain: plainRows,
  async found(owner: pg.Client, run: string) {
    // The ledger has its own unique key over these ids; the content could still be there twice.
    const { rows } = await owner.query<{ rows: number; ids: number }>(
      `SELECT count(*)::int AS rows, count(DISTINCT external_message_id)::int AS ids FROM messages
        WHERE created_at > now() - interval '10 minutes' AND external_message_id LIKE $1`,
      [`wamid.${run}.%`],
    )
    return rows[0] ?? { rows: 0, ids: 0 }
  },
}

/** Processor time of PostgreSQL and driver per plain message row, 500 at a time. Its conversations are there already. */
async function plainRows(place: Place): Promise<number> {
  const { rows: known } = await place.owner.query<{ id: string; contact_id: string }>(
    'SELECT id, contact_id FROM conversations WHERE tenant_id = $1 LIMIT $2',
    [place.target.tenantId, batchSize],
  )
  const measured = await batches(place, makeRows, (client, rows) =>
    writeMessages(
      client,
      place.target,
      rows.map((row, i) => ({
        ...row,
        conversation: known[i % known.length]?.id ?? row.conversation,
        contact: known[i % known.length]?.contact_id ?? row.contact,
      })),
    ),
  )
  return measured.us
}

export const intake = (options: Options): Promise<void> => throughput('intake', messages, options)
