/** How many conversations wait, for the tabs of the list: exact up to 99, more than that is said as such. Reads a hundred rows a shelf at most. */
import { isOfNobody, isUnread, tray } from '../conversations/trays.ts'
import type { Tx } from '../platform/db/tx.ts'
import { accountsOf, Values } from './list.ts'

/** `more`: there are more than `n`. */
export interface Count {
  n: number
  more: boolean
}
export interface Counts {
  open: Count
  unread: Count
  unassigned: Count
  mine: Count
  labels: (Count & { id: string })[]
}

const most = 99
/** Of a label that many have, so many are looked at: the newest conversations. */
const labelled = 400

const countOf = (numbers: number[]): Count => {
  const n = numbers.reduce((sum, one) => sum + one, 0)
  return { n: Math.min(n, most), more: n > most }
}

interface TrayRow {
  tray: number
  n: number
}

async function traysOfAll(tx: Tx): Promise<TrayRow[]> {
  const values = new Values(tx.tenantId)
  const { rows } = await tx.query<TrayRow>({
    name: 'inbox_counts',
    text: `SELECT t.tray, x.n FROM ${accountsOf({}, values)} o CROSS JOIN generate_series(0, 3) AS t(tray)
             CROSS JOIN LATERAL (SELECT count(*) AS n FROM (SELECT FROM conversations c WHERE c.tenant_id = $1 AND c.channel_account_id = o.id
               AND c.status = 'open' AND ${tray} = t.tray LIMIT ${most + 1}) y) x`,
    values: values.all,
  })
  return rows
}

async function traysOf(tx: Tx, userId: string): Promise<TrayRow[]> {
  const { rows } = await tx.query<TrayRow>({
    name: 'inbox_counts_of_one',
    text: `SELECT t.tray, x.n FROM unnest(ARRAY[0, 2]) AS t(tray)
             CROSS JOIN LATERAL (SELECT count(*) AS n FROM (SELECT FROM conversations c WHERE c.tenant_id = $1 AND c.assignee_id = $2
               AND c.status = 'open' AND ${tray} = t.tray LIMIT ${most + 1}) y) x`,
    values: [tx.tenantId, userId],
  })
  return rows
}

async function ofLabels(tx: Tx): Promise<(Count & { id: string })[]> {
  const { rows } = await tx.query<{ id: string; n: number; seen: number }>({
    name: 'inbox_counts_of_labels',
    text: `SELECT l.id, x.n, x.seen FROM labels l CROSS JOIN LATERAL (
             SELECT count(*) FILTER (WHERE c.status = 'open') AS n, count(*) AS seen
               FROM (SELECT conversation_id FROM conversation_labels y WHERE y.tenant_id = $1 AND y.label_id = l.id
                      ORDER BY y.label_id DESC, y.conversation_id DESC LIMIT ${labelled}) y
              CROSS JOIN LATERAL (SELECT c.status FROM conversations c WHERE c.tenant_id = $1 AND c.id = y.conversation_id OFFSET 0) c) x
            WHERE l.tenant_id = $1 ORDER BY lower(l.name)`,
    values: [tx.tenantId],
  })
  return rows.map(({ id, n, seen }) => ({ id, n: Math.min(n, most), more: n > most || seen === labelled }))
}

export async function countConversations(tx: Tx, userId: string | undefined): Promise<Counts> {
  const all = await traysOfAll(tx)
  const mine = userId ? await traysOf(tx, userId) : []
  const sum = (rows: TrayRow[], fits: (tray: number) => boolean) =>
    countOf(rows.filter((row) => fits(row.tray)).map((row) => row.n))
  return {
    open: sum(all, () => true),
    unread: sum(all, isUnread),
    unassigned: sum(all, isOfNobody),
    mine: sum(mine, () => true),
    labels: await ofLabels(tx),
  }
}
