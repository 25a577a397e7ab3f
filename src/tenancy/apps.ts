/** Applications at providers that tenants bring along: their webhook addresses and secrets. */
import { newId } from '../kernel/ids.ts'
import { isUnavailable } from '../platform/db/errors.ts'
import type { Database, Tx } from '../platform/db/tx.ts'
import type { SealedMap } from '../platform/sealed-map.ts'
import type { Secrets } from '../platform/secrets.ts'
import { belongsTo, storeCredentials } from './credentials.ts'

export const appCredentialType = 'channel_app'

/** `secret` signs webhooks, `verifyToken` is said in the handshake. */
export async function addChannelApp(
  tx: Tx,
  secrets: Secrets,
  given: { provider: string; slug: string; name: string; secret: string; verifyToken: string },
): Promise<string> {
  const id = newId()
  await tx.query('INSERT INTO channel_apps (tenant_id, id, provider, slug, name) VALUES ($1, $2, $3, $4, $5)', [
    tx.tenantId,
    id,
    given.provider,
    given.slug,
    given.name,
  ])
  await storeCredentials(tx, secrets, {
    type: appCredentialType,
    subject: id,
    values: { secret: given.secret, verifyToken: given.verifyToken },
  })
  return id
}

export interface ChannelApp {
  owner: string
  secrets: string[]
  verifyTokens: string[]
  /** The database is away: this is what was seen last. */
  asLastSeen?: true
}

/** Whose a tenant's webhook address is, and the secrets accepted there; null where there is no such address. */
export async function findChannelApp(
  db: Database,
  secrets: Secrets,
  provider: string,
  slug: string,
): Promise<ChannelApp | null> {
  const { rows } = await db.pool.query<{ tenant_id: string; credential_type: string; subject: string; credentials: string }>({
    name: 'find_app_credentials',
    text: 'SELECT tenant_id, credential_type, subject, credentials FROM parley.find_app_credentials($1, $2)',
    values: [provider, slug],
  })
  const owner = rows[0]?.tenant_id
  if (owner === undefined) return null
  const opened = rows.map(
    (row) =>
      JSON.parse(secrets.open(row.credentials, belongsTo(row.tenant_id, row.credential_type, row.subject))) as {
        secret: string
        verifyToken: string
      },
  )
  return { owner, secrets: opened.map((o) => o.secret), verifyTokens: opened.map((o) => o.verifyToken) }
}

/** The same; while the database is away, as it was last seen. */
export function rememberChannelApps(deps: { db: Database; secrets: Secrets; known: SealedMap<ChannelApp> }) {
  return async (provider: string, slug: string): Promise<ChannelApp | null> => {
    const key = `${provider}/${slug}`
    try {
      const app = await findChannelApp(deps.db, deps.secrets, provider, slug)
      deps.known.remember(key, app)
      return app
    } catch (error) {
      const app = isUnavailable(error) ? deps.known.get(key) : null
      if (app) return { ...app, asLastSeen: true }
      throw error
    }
  }
}
