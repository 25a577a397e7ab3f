/**
 * Looks through what customers write as it comes in, for what cannot wait until it is an answerer's turn: patience may be long, and
 * where a person has the conversation there is no turn at all. It follows the event log, so that intake pays nothing for it and
 * nothing is missed by whatever stops in between.
 */
import type { Database, Tx } from '../platform/db/tx.ts'
import { inTenant } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import { startWorker, type Worker } from '../platform/worker.ts'
import type { Alert, Answerer } from '../ports/answerer.ts'
import { currentCursor, isForeignCursor, parseCursor, readFeed } from './feed.ts'
import { raiseAlarm } from './findings.ts'

export interface LookoutDeps {
  db: Database
  log: Logger
  answerers: ReadonlyMap<string, Answerer>
  onChange?: (tenantId: string) => void
}

const eventsAtOnce = 500
/** Until it is tried again where it failed. */
const restMs = 5000
/** Businesses that are looked at for whose turn it is. */
const atOnce = 200
/** How far a message's time may be from its event's: partitions are found by it. */
const apart = `interval '1 hour'`

export function startLookout(deps: LookoutDeps, options: { pollMs?: number } = {}): Worker {
  const watching = [...deps.answerers.values()].filter((one) => one.watch).map(({ name }) => name)
  const turns = takeTurns()
  return startWorker<{ tenant_id: string }>(deps.log, {
    operation: 'lookout',
    limit: 1,
    pollMs: options.pollMs ?? 1000,
    async claim(limit) {
      if (watching.length === 0) return []
      const { rows } = await deps.db.pool.query<{ tenant_id: string }>('SELECT * FROM parley.lookout_backlog($1, $2)', [
        ...[watching, atOnce + turns.resting()],
      ])
      return turns.next(rows, limit)
    },
    async carry({ tenant_id: tenantId }) {
      try {
        await lookThrough(deps, watching, tenantId)
      } catch (error) {
        turns.rest(tenantId)
        throw error
      }
    },
  })
}

/** One business that fails, or in which very much happens, keeps no other waiting. */
function takeTurns() {
  const restsUntil = new Map<string, number>()
  let served: string[] = []
  return {
    resting(): number {
      for (const [tenantId, until] of restsUntil) if (until <= performance.now()) restsUntil.delete(tenantId)
      return restsUntil.size
    },
    rest: (tenantId: string) => restsUntil.set(tenantId, performance.now() + restMs),
    next<R extends { tenant_id: string }>(rows: readonly R[], limit: number): R[] {
      const ready = rows.filter(({ tenant_id }) => !restsUntil.has(tenant_id))
      const last = new Map(served.map((tenantId, at) => [tenantId, at]))
      const turn = ({ tenant_id }: R): number => last.get(tenant_id) ?? -1
      const taken = ready.sort((a, b) => turn(a) - turn(b)).slice(0, limit)
      const now = new Set(taken.map(({ tenant_id }) => tenant_id))
      served = [...served.filter((one) => !now.has(one)), ...now].slice(-atOnce)
      return taken
    },
  }
}

interface Line {
  id: string
  conversation_id: string
  content: string
  answerer: string
}

async function lookThrough(deps: LookoutDeps, watching: readonly string[], tenantId: string): Promise<void> {
  const read = await inTenant(deps.db, tenantId, (tx) => readNews(tx, watching))
  if (!read) return
  const alarms = await alarmsIn(deps, tenantId, read.lines)
  const raised = await inTenant(deps.db, tenantId, async (tx) => {
    // Whoever was faster has raised them.
    if (!(await moveOn(tx, read.from, read.to))) return 0
    for (const { line, alert } of alarms)
      await raiseAlarm(tx, { conversationId: line.conversation_id, actor: `answerer:${line.answerer}` }, alert, line.content)
    return alarms.length
  })
  if (raised > 0) deps.onChange?.(tenantId)
}

async function readNews(tx: Tx, watching: readonly string[]): Promise<{ from: string; to: string; lines: Line[] } | null> {
  const from = await placeOf(tx)
  if (!from) return null
  const events = await readFeed(tx, from, eventsAtOnce)
  const [first, last] = [events[0], events.at(-1)]
  if (!first || !last) return null
  const ids = events.flatMap(({ type, messageId }) => (type === 'message.received' && messageId ? [messageId] : []))
  if (ids.length === 0) return { from, to: last.cursor, lines: [] }
  const { rows } = await tx.query<Line>(
    `SELECT m.id, m.conversation_id, m.content, a.answerer FROM messages m
       JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id
       JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id
       JOIN channel_accounts a ON a.tenant_id = c.tenant_id AND a.id = c.channel_account_id
      WHERE m.tenant_id = $1 AND m.id = ANY ($2) AND m.created_at BETWEEN $3::timestamptz - ${apart} AND $4::timestamptz + ${apart}
        AND m.content IS NOT NULL AND m.type NOT IN ('reaction', 'revoke', 'location') AND a.answerer = ANY ($5) AND k.status <> 'blocked'
      ORDER BY m.conversation_id, m.seq`,
    [tx.tenantId, ids, first.at, last.at, watching],
  )
  return { from, to: last.cursor, lines: rows }
}

/** null: it begins here, or somebody else has begun; what was said before is not looked through. */
async function placeOf(tx: Tx): Promise<string | null> {
  const { rows } = await tx.query<{ cursor: string }>(
    `SELECT txid || '.' || event_id AS cursor FROM lookout_progress WHERE tenant_id = $1`,
    [tx.tenantId],
  )
  const cursor = rows[0]?.cursor
  if (cursor && !(await isForeignCursor(tx, cursor))) return cursor
  const { txid, id } = parseCursor(await currentCursor(tx))
  await tx.query(
    `INSERT INTO lookout_progress (tenant_id, txid, event_id) VALUES ($1, $2::xid8, $3)
     ON CONFLICT (tenant_id) DO UPDATE SET txid = excluded.txid, event_id = excluded.event_id`,
    [tx.tenantId, txid, id],
  )
  return null
}

/** The first line of each conversation that cannot wait. */
async function alarmsIn(deps: LookoutDeps, tenantId: string, lines: readonly Line[]): Promise<{ line: Line; alert: Alert }[]> {
  const found = new Map<string, { line: Line; alert: Alert }>()
  for (const [name, own] of Map.groupBy(lines, ({ answerer }) => answerer)) {
    const alertIn = await deps.answerers.get(name)?.watch?.(tenantId)
    for (const line of own) {
      if (found.has(line.conversation_id)) continue
      const alert = alertIn?.(line.content)
      if (alert) found.set(line.conversation_id, { line, alert })
    }
  }
  return [...found.values()]
}

async function moveOn(tx: Tx, from: string, to: string): Promise<boolean> {
  const [before, after] = [parseCursor(from), parseCursor(to)]
  const { rowCount } = await tx.query(
    'UPDATE lookout_progress SET txid = $4::xid8, event_id = $5 WHERE tenant_id = $1 AND txid = $2::xid8 AND event_id = $3',
    [tx.tenantId, before.txid, before.id, after.txid, after.id],
  )
  return rowCount === 1
}
