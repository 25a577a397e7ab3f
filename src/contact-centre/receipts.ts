/**
 * Tells contact centres how far their agents' messages have come. What has to be told is what the ledger says and was not
 * told yet, so nothing is lost by whatever stops in between, and several steps at once become the last one.
 */
import { type Database, inTenant } from '../platform/db/tx.ts'
import { startWorker, type Worker } from '../platform/worker.ts'
import type { CentreConnection, CentreResult, ContactCentre } from '../ports/contact-centre.ts'
import type { CentreDeps } from './deps.ts'
import { customerOf } from './line.ts'
import { type Asked, backoffMs, loadCentre, noteResult } from './store.ts'

interface Owed {
  tenant_id: string
  message_id: string
  genesys_message_id: string
  status: 'delivered' | 'read' | 'failed'
  status_at: Date
  error_code: string | null
  error_text: string | null
  mapping_id: string | null
  wa_id: string | null
  provider: string
}

const atOnce = 200
const callsAtOnce = 8
const leaseMs = 60_000
const retryMs = 30_000

export function startCentreReceipts(deps: CentreDeps, options: { pollMs?: number } = {}): Worker {
  return startWorker<Owed[]>(deps.log, {
    operation: 'centre.receipts',
    limit: 4,
    pollMs: options.pollMs ?? 1000,
    async claim() {
      const { rows } = await deps.db.pool.query<Owed>({
        name: 'claim_centre_receipts',
        text: 'SELECT * FROM parley.claim_centre_receipts($1, $2)',
        values: [atOnce, leaseMs],
      })
      return [...Map.groupBy(rows, (row) => row.tenant_id).values()]
    },
    carry: (owed) => tell(deps, owed),
  })
}

/** All of one business. */
async function tell(deps: CentreDeps, owed: readonly Owed[]): Promise<void> {
  const tenantId = owed[0]?.tenant_id as string
  const loaded = await inTenant(deps.db, tenantId, (tx) => loadCentre(tx, deps.secrets))
  const centre = loaded && deps.centres.get(loaded.row.name)
  if (!loaded || !centre)
    return await keep(
      deps.db,
      tenantId,
      owed.map((one) => ({ one, told: null, againMs: retryMs })),
    )
  const results: { one: Owed; result: CentreResult }[] = []
  const rest = [...owed]
  const caller = async () => {
    for (let one = rest.shift(); one; one = rest.shift())
      results.push({ one, result: await say(centre, loaded.connection, one) })
  }
  await Promise.all(Array.from({ length: callsAtOnce }, caller))
  await keep(
    deps.db,
    tenantId,
    results.map(({ one, result }) => ({ one, ...whatNext(one, result, loaded.row.failures) })),
    { name: loaded.row.name, connection: loaded.connection, secrets: deps.secrets },
    // The worst of them says most about the contact centre.
    results.map(({ result }) => result).sort((a, b) => weight(b) - weight(a))[0],
  )
}

async function say(centre: ContactCentre, connection: CentreConnection, one: Owed): Promise<CentreResult> {
  // A session that is gone has nobody who could be told.
  if (one.wa_id === null) return { outcome: 'reject', code: 'no_session', text: 'The session is gone.' }
  try {
    return await centre.receipt(
      connection,
      {
        messageId: one.genesys_message_id,
        customer: customerOf({ wa_id: one.wa_id }),
        at: one.status_at.toISOString(),
        status: one.status,
        final: one.status !== 'delivered',
        ...(one.status === 'failed'
          ? { error: { code: one.error_code ?? 'failed', text: one.error_text ?? 'The message could not be delivered.' } }
          : {}),
      },
      { signal: AbortSignal.timeout(30_000) },
    )
  } catch (error) {
    return { outcome: 'unknown', code: 'sender_fault', text: (error as Error).message }
  }
}

const weight = (result: CentreResult): number =>
  result.outcome === 'reconnect'
    ? 3
    : result.outcome === 'retry' && result.scope === 'integration'
      ? 2
      : result.outcome === 'accepted'
        ? 1
        : 0

function whatNext(one: Owed, result: CentreResult, failures: number): { told: string | null; againMs: number } {
  if (result.outcome === 'accepted') return { told: one.status, againMs: 0 }
  if (result.outcome === 'reject') return { told: 'given_up', againMs: 0 }
  const asked = result.outcome === 'retry' ? result.retryAfterMs : undefined
  return { told: null, againMs: asked ?? Math.max(retryMs, backoffMs(failures, 300_000)) }
}

/** One statement, however many they are. */
async function keep(
  db: Database,
  tenantId: string,
  told: readonly { one: Owed; told: string | null; againMs: number }[],
  asked?: Asked,
  result?: CentreResult,
): Promise<void> {
  await inTenant(db, tenantId, async (tx) => {
    await tx.query(
      `UPDATE message_tracking t SET centre_told = coalesce(u.told, t.centre_told),
              centre_next_at = CASE WHEN u.told IS NULL THEN clock_timestamp() + make_interval(secs => u.again / 1000) END
         FROM unnest($2::uuid[], $3::text[], $4::double precision[]) AS u(id, told, again) WHERE t.tenant_id = $1 AND t.id = u.id`,
      [tenantId, told.map(({ one }) => one.message_id), told.map((each) => each.told), told.map(({ againMs }) => againMs)],
    )
    if (asked && result) await noteResult(tx, asked, result)
  })
}
