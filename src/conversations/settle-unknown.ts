/**
 * Sends whose answer was lost, over providers that can be asked. What the provider has is accepted under its id; what it
 * still does not have after a while never arrived, and only then it is sent again. Where nothing usable is answered, the
 * message stays unknown, for a person to look at.
 */
import type { FileStore } from '../platform/blobs.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { Secrets } from '../platform/secrets.ts'
import type { AccountConnection, OutboundMessage, PersonIdentity } from '../ports/channel.ts'
import type { OutboundBody } from '../ports/message.ts'
import { type Channels, loadConnection } from './accounts.ts'
import { type LinkFile, loadOutboundFile } from './attachments.ts'
import { mediaIdOf } from './outbound.ts'

export interface SettleDeps {
  db: Database
  log: Logger
  secrets: Secrets
  channels: Channels
  files: FileStore
  fileLink?: LinkFile
  onChange: (tenantId: string) => void
  wakeDispatch: () => void
  now?: () => Date
}

/** Before the provider is asked: what was slow may have arrived by then. */
const waitMs = 15_000
/** After so long a message that the provider does not show was never taken. */
const goneMs = 120_000
const atOnce = 50
const callTimeoutMs = 20_000
/** A message that is lost on the way every time is given back to a person. */
const maxAttempts = 5

interface Unknown {
  tenant_id: string
  conversation_id: string
  account_id: string
  provider: string
  message_id: string
  attempt: number
  token: string
  started_at: Date
}

/** Looks once at all there are. Returns how many are no longer unknown. */
export async function settleUnknown(deps: SettleDeps, given: { waitMs?: number } = {}): Promise<number> {
  const providers = [...deps.channels.values()].filter((channel) => channel.findSent).map(({ provider }) => provider)
  const now = (deps.now ?? (() => new Date()))()
  const { rows } = await deps.db.pool.query<Unknown>('SELECT * FROM parley.unknown_sends($1, $2, $3, $4)', [
    ...[providers, now, given.waitMs ?? waitMs, atOnce],
  ])
  let settled = 0
  // One after the other: of two with the same words each has to find its own.
  for (const item of rows) {
    const done = await settleOne(deps, item, now).catch((error: Error) => {
      deps.log.warn('A send could not be settled', {
        operation: 'settle',
        message_id: item.message_id,
        error: error.message,
      })
      return false
    })
    if (done) settled += 1
  }
  if (settled > 0) deps.wakeDispatch()
  return settled
}

async function settleOne(deps: SettleDeps, item: Unknown, now: Date): Promise<boolean> {
  const asked = await inTenant(deps.db, item.tenant_id, (tx) => load(deps, tx, item))
  if (!asked) return false
  const found = await deps.channels.get(item.provider)?.findSent?.(asked.connection, asked.message, {
    since: item.started_at,
    signal: AbortSignal.timeout(callTimeoutMs),
  })
  if (found?.outcome !== 'listed') return false
  const isGone = now.getTime() - item.started_at.getTime() > goneMs
  const settled = await inTenant(deps.db, item.tenant_id, async (tx) => {
    // Two processes that ask at once must not both take the same one.
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`unknown/${item.account_id}`])
    const externalId = await firstFree(tx, item, found.externalIds)
    if (externalId === undefined && !isGone) return false
    await record(tx, item, externalId)
    return true
  })
  if (settled) deps.onChange(item.tenant_id)
  return settled
}

async function load(
  deps: SettleDeps,
  tx: Tx,
  item: Unknown,
): Promise<{ connection: AccountConnection; message: OutboundMessage } | null> {
  const { rows } = await tx.query<{ body: OutboundBody; to: PersonIdentity[] }>(
    `SELECT m.body, (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'value', i.value, 'scope', CASE WHEN i.scope = '' THEN '' ELSE 'portfolio' END)
                       ORDER BY (i.kind = 'wa_id') DESC, i.created_at DESC), '[]')
              FROM contact_identities i WHERE i.tenant_id = m.tenant_id AND i.contact_id = m.contact_id
               AND i.scope IN ('', coalesce(a.portfolio_id, a.id::text))) AS "to"
       FROM message_tracking t JOIN messages m ON m.tenant_id = t.tenant_id AND m.id = t.id AND m.created_at = t.created_at
       JOIN channel_accounts a ON a.tenant_id = t.tenant_id AND a.id = t.channel_account_id
      WHERE t.tenant_id = $1 AND t.id = $2 AND t.send_outcome = 'unknown'`,
    [tx.tenantId, item.message_id],
  )
  const row = rows[0]
  if (!row) return null
  const mediaId = mediaIdOf(row.body)
  const message: OutboundMessage = { messageId: item.message_id, to: row.to, body: row.body }
  if (mediaId) message.file = await loadOutboundFile(tx, deps, mediaId, item.account_id)
  return { connection: await loadConnection(tx, deps.secrets, item.account_id), message }
}

/** What belongs to another message already is not this one. */
async function firstFree(tx: Tx, item: Unknown, externalIds: readonly string[]): Promise<string | undefined> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT external_id AS id FROM provider_refs
      WHERE tenant_id = $1 AND channel_account_id = $2 AND external_id = ANY ($3) AND message_id IS NOT NULL AND message_id <> $4`,
    [tx.tenantId, item.account_id, externalIds, item.message_id],
  )
  const taken = new Set(rows.map(({ id }) => id))
  return externalIds.find((id) => !taken.has(id))
}

async function record(tx: Tx, item: Unknown, externalId: string | undefined): Promise<void> {
  const givesUp = item.attempt >= maxAttempts
  const outcome = externalId !== undefined ? 'accepted' : givesUp ? 'refused' : 'retry'
  const text = givesUp ? 'The provider never got the message.' : 'The provider did not get the message. It is sent again.'
  await tx.query('SELECT parley.record_send($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)', [
    ...[item.tenant_id, item.conversation_id, item.account_id, item.token, item.message_id, item.attempt, outcome],
    ...[externalId ?? null, externalId === undefined ? 'never_arrived' : null, externalId === undefined ? text : null],
    ...[outcome === 'retry' ? 0 : null, outcome === 'retry' ? 'message' : null, null],
  ])
}
