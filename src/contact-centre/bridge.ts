/**
 * Carries customers' lines to the contact centre: claim → read → call → record. A conversation's lines go one after the
 * other, each with the provider's id as its own, so that a repeat after a crash is recognised. What cannot be said now is
 * said later, for hours; a contact centre that is away is asked with one conversation at a time.
 */
import { fileLink } from '../conversations/file-links.ts'
import { keepLeases, leaseMs } from '../conversations/leases.ts'
import { classify } from '../platform/db/errors.ts'
import { inTenant } from '../platform/db/tx.ts'
import { SecretUnreadable } from '../platform/secrets.ts'
import { startWorker, type Worker } from '../platform/worker.ts'
import type { CentreConnection, CentreResult } from '../ports/contact-centre.ts'
import type { CentreDeps } from './deps.ts'
import { type Answered, prepareEstablished, recordEstablished } from './established.ts'
import { type Claim, nextLine, type Preparation, type StoredFile } from './line.ts'
import { record, release } from './record.ts'
import { type CentreRow, loadCentre, setCentreState } from './store.ts'

/** Lines under way: a call takes a while, and a thousand a second have to be under way somewhere. */
const linesAtOnce = 256
/** The contact centre's own client ends sooner; this is for one that hangs. */
const callTimeoutMs = 60_000

export function startBridge(deps: CentreDeps, options: { pollMs?: number; limit?: number } = {}): Worker {
  const leases = keepLeases(deps, 'bridge')
  const recorder = createRecorder(deps)
  const worker = startWorker<Claimed>(deps.log, {
    operation: 'bridge',
    limit: options.limit ?? linesAtOnce,
    pollMs: options.pollMs ?? 500,
    async claim(limit) {
      const { rows } = await deps.db.pool.query<Claim>({
        name: 'claim_bridge',
        text: 'SELECT * FROM parley.claim_bridge($1, $2)',
        values: [limit, leaseMs],
      })
      return await readTogether(deps, rows)
    },
    async carry(claimed) {
      leases.add(claimed.claim)
      try {
        await carryLine(deps, recorder, claimed)
      } finally {
        leases.remove(claimed.claim)
      }
    },
  })
  return {
    ...worker,
    async stop() {
      await worker.stop()
      leases.stop()
    },
  }
}

interface Claimed {
  claim: Claim
  /** Where it was read together with others. */
  loaded?: Loaded
}

/** Lines of established sessions; one that is asked as a probe goes alone. */
async function readTogether(deps: CentreDeps, claims: readonly Claim[]): Promise<Claimed[]> {
  const all: Claimed[] = []
  for (const [tenantId, own] of Map.groupBy(claims, (claim) => claim.tenant_id)) {
    const many = own.filter((claim) => !claim.probe)
    // What goes wrong here goes wrong again for each alone, and is dealt with there.
    const read = many.length > 0 ? await together(deps, tenantId, many).catch(() => undefined) : undefined
    for (const claim of own) {
      const prepared = read?.lines.get(claim.conversation_id)
      all.push(read && prepared ? { claim, loaded: { ...read.centre, preparation: { prepared } } } : { claim })
    }
  }
  return all
}

async function together(deps: CentreDeps, tenantId: string, claims: readonly Claim[]) {
  return await inTenant(deps.db, tenantId, async (tx) => {
    const centre = await loadCentre(tx, deps.secrets)
    return centre && { centre, lines: await prepareEstablished(tx, claims) }
  })
}

interface Loaded {
  row: CentreRow
  connection: CentreConnection
  preparation: Preparation
}

async function carryLine(deps: CentreDeps, recorder: Recorder, { claim, loaded: known }: Claimed): Promise<void> {
  const now = (deps.now ?? (() => new Date()))()
  const link = (file: StoredFile) =>
    fileLink(
      deps.secrets,
      deps.publicUrl(),
      {
        tenantId: claim.tenant_id,
        sha256: file.sha256 ?? '',
        mimeType: file.mime_type ?? 'application/octet-stream',
        fileName: file.file_name ?? 'file',
      },
      now,
    )
  const loaded = known ?? (await load(deps, claim, { now, link }))
  if (!loaded) return
  const { row, connection, preparation } = loaded
  if (preparation === 'none' || 'wait' in preparation)
    return await inTenant(deps.db, claim.tenant_id, (tx) => release(tx, claim, row, preparation))
  const { prepared } = preparation
  const centre = deps.centres.get(row.name)
  const result: CentreResult = centre
    ? await centre
        .send(connection, prepared.line, { signal: AbortSignal.timeout(callTimeoutMs) })
        // It reports failures as values; what it throws may have happened after the request went out.
        .catch((error: Error) => ({ outcome: 'unknown' as const, code: 'sender_fault', text: error.message }))
    : { outcome: 'reconnect', code: 'no_centre', text: `The contact centre ${row.name} is not available on this server.` }
  // Another conversation than the one known: has that one ended without a word?
  const told = result.outcome === 'accepted' ? result.conversationId : undefined
  const before = prepared.mapping.conversation_id
  const ended =
    centre && told !== undefined && before !== null && told !== before
      ? (await centre.state(connection, before)) === 'ended'
      : false
  const asBefore = result.outcome === 'accepted' && (told === undefined || told === before)
  if (known && asBefore && row.failing_since === null) await recorder.add({ claim, prepared, messageId: result.messageId })
  else
    await untilStored(() =>
      inTenant(deps.db, claim.tenant_id, (tx) =>
        record(tx, { claim, prepared, centre: row, asked: { connection, secrets: deps.secrets }, result, ended, now }),
      ),
    )
  deps.changed(claim.tenant_id)
  deps.log.debug('A line for the contact centre', {
    operation: 'bridge',
    conversation_id: claim.conversation_id,
    message_id: prepared.messageId,
    outcome: result.outcome,
    ...(result.outcome === 'accepted' ? {} : { code: result.code }),
  })
}

async function load(deps: CentreDeps, claim: Claim, options: Parameters<typeof nextLine>[2]): Promise<Loaded | undefined> {
  try {
    return await inTenant(deps.db, claim.tenant_id, async (tx) => {
      const centre = await loadCentre(tx, deps.secrets)
      if (!centre) {
        await setCentreState(tx, 'genesys', 'logged_out', noCredentials)
        return undefined
      }
      return { ...centre, preparation: await nextLine(tx, claim, options) }
    })
  } catch (error) {
    if (!(error instanceof SecretUnreadable)) throw error
    await inTenant(deps.db, claim.tenant_id, (tx) =>
      setCentreState(tx, 'genesys', 'logged_out', { code: 'secret_key', text: error.message }),
    )
    return undefined
  }
}
const noCredentials = { code: 'no_credentials', text: 'The credentials of the contact centre are missing. Enter them again.' }

interface Recorder {
  /** Resolves when it is recorded. */
  add(answered: Answered): Promise<void>
}

/** What was answered while the last ones were being recorded is recorded next, together. */
function createRecorder(deps: CentreDeps): Recorder {
  const waiting = new Map<string, { answered: Answered; done: () => void; failed: (error: Error) => void }[]>()
  async function run(tenantId: string): Promise<void> {
    for (;;) {
      const batch = (waiting.get(tenantId) ?? []).splice(0, mostTogether)
      if (batch.length === 0) return void waiting.delete(tenantId)
      await untilStored(() =>
        inTenant(deps.db, tenantId, (tx) =>
          recordEstablished(
            tx,
            batch.map(({ answered }) => answered),
          ),
        ),
      ).then(
        () => batch.forEach(({ done }) => void done()),
        (error: Error) => batch.forEach(({ failed }) => void failed(error)),
      )
    }
  }
  return {
    add: (answered) =>
      new Promise((done, failed) => {
        const { tenant_id: tenantId } = answered.claim
        const line = waiting.get(tenantId)
        if (line) return void line.push({ answered, done, failed })
        waiting.set(tenantId, [{ answered, done, failed }])
        void run(tenantId)
      }),
  }
}
const mostTogether = 100

/** How a call ended exists only here: it is recorded however long the database is away, while this process lives. */
export async function untilStored(work: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const fault = classify(error)
      if ((fault !== 'again' && fault !== 'unavailable') || attempt > 600) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.min(1000, 10 * 2 ** attempt)))
    }
  }
}
