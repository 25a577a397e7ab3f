/** What is done with dead letters: mended, replayed, discarded, one or many. Each opens its own transactions. */
import { type Replayer, replayerFor, StillUnfit } from '../conversations/replay.ts'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { isShallow, MAX_DEPTH } from '../kernel/json.ts'
import { cleanJson } from '../kernel/text.ts'
import { classify } from '../platform/db/errors.ts'
import { type Database, inTenant, inTransaction } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import { audit, auditPlatform, type By } from '../tenancy/audit.ts'
import type { ManyAnswer, ManyDeadLetters, TrailEntry } from './schema.ts'
import * as store from './store.ts'

export interface DeadLetterDeps {
  db: Database
  log: Logger
  replayers: readonly Replayer[]
  /** Tells those who listen that something changed for this business. */
  changed: (tenantId: string) => void
  now?: () => Date
}

export type Outcome = { outcome: 'replayed' } | { outcome: 'failed'; error: string }

/** Works on a business's letters, or (null) on nobody's, in one transaction. */
export const onShelf = <T>(db: Database, tenantId: string | null, work: (shelf: store.Shelf) => Promise<T>): Promise<T> =>
  tenantId === null
    ? inTransaction(db, (client) => work({ query: client.query.bind(client) as store.Shelf['query'], tenantId: null }))
    : inTenant(db, tenantId, (tx) => work(tx))

export async function requireLetter(shelf: store.Shelf, id: string): Promise<store.LetterRow> {
  const row = await store.findLetter(shelf, id)
  if (!row) throw notFound('The dead letter')
  return row
}

function requireOpen(row: store.LetterRow): void {
  if (row.resolved_at)
    throw new ParleyError('not_retryable', `This dead letter was ${row.resolution} already: there is nothing left to do.`)
}

const entry = (deps: DeadLetterDeps, by: By, did: TrailEntry['did'], note?: string): TrailEntry => ({
  at: (deps.now ?? (() => new Date()))().toISOString(),
  by: by.label,
  name: by.name,
  did,
  ...(note ? { note: note.slice(0, 1000) } : {}),
})

const isPerson = (by: By): boolean => by.label !== 'system'

async function note(shelf: store.Shelf, by: By, action: string, id: string, changes: Record<string, unknown>): Promise<void> {
  if (!isPerson(by)) return
  const said = { action, subject: { type: 'dead_letter', id }, changes }
  if (shelf.tenantId === null) await auditPlatform({ pool: shelf }, by, said)
  else await audit({ query: shelf.query, tenantId: shelf.tenantId }, by, said)
}

/** What a person wrote, so that it can be walked and stored. */
function requireStorable(payload: unknown): unknown {
  if (!isShallow(payload))
    throw new ParleyError(
      'invalid_request',
      `The payload is nested deeper than ${MAX_DEPTH} levels. Take out what is not needed.`,
    )
  return cleanJson(payload)
}

/** Keeps a mended payload beside the original. */
export async function mendLetter(
  deps: DeadLetterDeps,
  tenantId: string | null,
  by: By,
  id: string,
  payload: unknown,
): Promise<void> {
  const mended = requireStorable(payload)
  await onShelf(deps.db, tenantId, async (shelf) => {
    const row = await requireLetter(shelf, id)
    requireOpen(row)
    const checked = replayerFor(deps.replayers, row.source).check(mended, row.original_payload)
    if (!(await store.settleLetter(shelf, id, { payload: checked, entry: entry(deps, by, 'edited') })))
      requireOpen(await requireLetter(shelf, id))
    await note(shelf, by, 'dead_letter.edited', id, { source: row.source })
  })
}

/**
 * Takes one in again: closed and taken in in one transaction, or neither. What stands in the way is written down in the trail and
 * answered as a value; a database that is away is thrown.
 */
export async function replayLetter(
  deps: DeadLetterDeps,
  tenantId: string | null,
  by: By,
  id: string,
  { payload, oneOfMany = false }: { payload?: unknown; oneOfMany?: boolean } = {},
): Promise<Outcome> {
  let after: () => void = () => {}
  const mended = payload === undefined ? undefined : requireStorable(payload)
  try {
    await onShelf(deps.db, tenantId, async (shelf) => {
      const row = await requireLetter(shelf, id)
      requireOpen(row)
      const replayer = replayerFor(deps.replayers, row.source)
      const taken = replayer.check(mended ?? row.payload ?? row.original_payload, row.original_payload)
      const closing = { resolution: 'replayed' as const, entry: entry(deps, by, isPerson(by) ? 'replayed' : 'retried') }
      const settled = await store.settleLetter(shelf, id, mended === undefined ? closing : { ...closing, payload: taken })
      if (!settled) requireOpen(await requireLetter(shelf, id))
      after = await replayer.replay(shelf, { id, tenantId: row.tenant_id, source: row.source, context: row.context }, taken)
      await store.webhookDone(shelf, id)
      const changes = { source: row.source, reason: row.reason, edited: mended !== undefined }
      if (!oneOfMany) await note(shelf, by, 'dead_letter.replayed', id, changes)
    })
  } catch (error) {
    // Whoever mended it wrongly is told what is wrong; it is as it was.
    if (mended !== undefined && error instanceof ParleyError) throw error
    return await failed(deps, tenantId, by, id, error)
  }
  after()
  if (tenantId) deps.changed(tenantId)
  return { outcome: 'replayed' }
}

async function failed(deps: DeadLetterDeps, tenantId: string | null, by: By, id: string, error: unknown): Promise<Outcome> {
  const fault = classify(error)
  const unfit = error instanceof StillUnfit || (error instanceof ParleyError && error.code === 'invalid_request')
  if (!unfit && (error instanceof ParleyError || fault === 'unavailable')) throw error
  const text = (error as Error).message
  if (!unfit)
    deps.log.warn('A dead letter could not be taken in', {
      operation: 'dead_letters',
      ...(tenantId ? { tenant_id: tenantId } : {}),
      error: text,
    })
  await onShelf(deps.db, tenantId, (shelf) =>
    store.settleLetter(shelf, id, { error: text.slice(0, 2000), entry: entry(deps, by, 'failed', text) }),
  )
  return { outcome: 'failed', error: text }
}

export async function discardLetter(
  deps: DeadLetterDeps,
  tenantId: string | null,
  by: By,
  id: string,
  { words, oneOfMany = false }: { words?: string; oneOfMany?: boolean } = {},
): Promise<void> {
  await onShelf(deps.db, tenantId, async (shelf) => {
    const row = await requireLetter(shelf, id)
    requireOpen(row)
    const settled = await store.settleLetter(shelf, id, { resolution: 'discarded', entry: entry(deps, by, 'discarded', words) })
    if (!settled) requireOpen(await requireLetter(shelf, id))
    await store.webhookDone(shelf, id)
    const changes = { source: row.source, reason: row.reason, ...(words ? { note: words } : {}) }
    if (!oneOfMany) await note(shelf, by, 'dead_letter.discarded', id, changes)
  })
  if (tenantId) deps.changed(tenantId)
}

/**
 * One step through the open letters of a filter, oldest first. Whoever calls goes on with `next` until it is null, and so sees how
 * far it is. What comes meanwhile is left alone.
 */
export async function dealWithMany(
  deps: DeadLetterDeps,
  tenantId: string | null,
  by: By,
  what: 'replay' | 'discard',
  wish: ManyDeadLetters,
): Promise<ManyAnswer> {
  const { ids, until } = await onShelf(deps.db, tenantId, async (shelf) => {
    const last = wish.until ?? (await store.newestOpen(shelf))
    return { until: last, ids: last ? await store.openIds(shelf, { ...wish, until: last }) : [] }
  })
  const tally = { done: 0, failed: 0 }
  for (const id of ids) {
    try {
      const failed = what === 'replay' && (await replayLetter(deps, tenantId, by, id, { oneOfMany: true })).outcome === 'failed'
      if (what === 'discard') await discardLetter(deps, tenantId, by, id, { words: wish.note, oneOfMany: true })
      tally[failed ? 'failed' : 'done'] += 1
    } catch (error) {
      if (!(error instanceof ParleyError && error.code === 'not_retryable')) throw error
      // Nothing here can; whom somebody else dealt with just now is theirs to count.
      const row = await onShelf(deps.db, tenantId, (shelf) => store.findLetter(shelf, id))
      if (row && !row.resolved_at) tally.failed += 1
    }
  }
  const cursor = ids.at(-1)
  const left = cursor
    ? await onShelf(deps.db, tenantId, async (shelf) => {
        const action = what === 'replay' ? 'dead_letter.replayed' : 'dead_letter.discarded'
        const { reason = null, source = null } = wish
        await note(shelf, by, action, '', { count: tally.done, failed: tally.failed, reason, source })
        return await store.countOpen(shelf, { ...wish, cursor, until: until ?? undefined })
      })
    : 0
  return { ...tally, left, next: left > 0 ? (cursor ?? null) : null, until }
}
