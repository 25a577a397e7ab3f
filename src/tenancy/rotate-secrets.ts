/**
 * Seals again, under the key that seals now, what is stored under an older one. Online: each row is changed only where it
 * still is what was read, so it may run beside servers, twice at once, and be stopped at any moment; what is done is done.
 */
import { type Database, inTenant } from '../platform/db/tx.ts'
import { keyIdIn, type Secrets } from '../platform/secrets.ts'
import { belongsTo, secondFactorBelongsTo } from './credentials.ts'
import { pushKeysBelongTo, subscriptionBelongsTo } from './push.ts'

export interface RotationProgress {
  done: number
  total: number
}
export interface RotationReport {
  resealed: number
  /** What no known key opens: the row, never its content. */
  unreadable: string[]
}

const rowsAtOnce = 100
const tenantsAtOnce = 500

export async function rotateSecrets(
  deps: { db: Database; secrets: Secrets },
  options: { onProgress?: (progress: RotationProgress) => void; stopped?: () => boolean } = {},
): Promise<RotationReport> {
  const current = deps.secrets.currentKeyId()
  const total = [...(await sealedByKey(deps.db))].reduce((sum, [id, count]) => (id === current ? sum : sum + count), 0)
  const report: RotationReport = { resealed: 0, unreadable: [] }
  const tell = () => options.onProgress?.({ done: report.resealed, total })
  tell()
  for await (const place of places(deps.db)) {
    let after = lowest
    for (let more = true; more && !options.stopped?.(); ) {
      const rows = await place.read(current, after)
      for (const row of rows) {
        const again = reseal(deps.secrets, row)
        if (again === null) report.unreadable.push(`${place.name} ${row.id}`)
        else if (await place.write(row, again)) report.resealed += 1
      }
      if (rows.length > 0) tell()
      after = rows.at(-1)?.id ?? after
      more = rows.length === rowsAtOnce
    }
    if (options.stopped?.()) break
  }
  return report
}

/** How many stored secrets there are under each key, by its id. */
export async function sealedByKey(db: Database): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  const add = (rows: readonly { key: string; n: number }[]) => {
    for (const { key, n } of rows) counts.set(key, (counts.get(key) ?? 0) + n)
  }
  for await (const tenantId of everyTenant(db)) {
    const { rows } = await inTenant(db, tenantId, (tx) =>
      tx.query<{ key: string; n: number }>(
        `SELECT split_part(credentials, '.', 2) AS key, count(*)::int AS n FROM tenant_credentials WHERE tenant_id = $1 GROUP BY 1`,
        [tenantId],
      ),
    )
    add(rows)
  }
  const people = await db.pool.query<{ key: string; n: number }>(
    `SELECT split_part(s.sealed, '.', 2) AS key, count(*)::int AS n
       FROM (SELECT totp_secret AS sealed FROM users WHERE totp_secret IS NOT NULL
             UNION ALL SELECT subscription FROM push_subscriptions UNION ALL SELECT private_key FROM push_keys) s GROUP BY 1`,
  )
  add(people.rows)
  return counts
}

/** Keys under which work that waits is sealed: such jobs end by themselves and are not sealed again. */
export async function keysOfWaitingJobs(db: Database): Promise<Set<string>> {
  const { rows } = await db.pool.query<{ data: string }>(
    `SELECT data::text AS data FROM pgboss.job WHERE state < 'completed' AND data::text LIKE '%"v1.%'`,
  )
  return new Set(rows.flatMap(({ data }) => [...data.matchAll(/"(v1\.[^"]+)"/g)].map(([, sealed]) => keyIdIn(sealed ?? ''))))
}

interface SealedRow {
  id: string
  sealed: string
  belongsTo: string
}
interface Place {
  name: string
  /** Rows not under the key `current`, by id. */
  read(current: string, after: string): Promise<SealedRow[]>
  /** False where somebody else changed or removed the row meanwhile. */
  write(row: SealedRow, sealed: string): Promise<boolean>
}
const lowest = '00000000-0000-0000-0000-000000000000'

function reseal(secrets: Secrets, row: SealedRow): string | null {
  try {
    return secrets.seal(secrets.open(row.sealed, row.belongsTo), row.belongsTo)
  } catch {
    return null
  }
}

/** Everything that holds a sealed text. */
async function* places(db: Database): AsyncGenerator<Place> {
  yield peoplesSecondFactors(db)
  yield peoplesBrowsers(db)
  yield keysForBrowsers(db)
  for await (const tenantId of everyTenant(db)) yield credentialsOf(db, tenantId)
}

const credentialsOf = (db: Database, tenantId: string): Place => ({
  name: 'tenant_credentials',
  async read(current, after) {
    const { rows } = await inTenant(db, tenantId, (tx) =>
      tx.query<{ id: string; credential_type: string; subject: string; credentials: string }>(
        `SELECT id, credential_type, subject, credentials FROM tenant_credentials
          WHERE tenant_id = $1 AND id > $2 AND split_part(credentials, '.', 2) <> $3 ORDER BY id LIMIT ${rowsAtOnce}`,
        [tenantId, after, current],
      ),
    )
    return rows.map((row) => ({
      id: row.id,
      sealed: row.credentials,
      belongsTo: belongsTo(tenantId, row.credential_type, row.subject),
    }))
  },
  async write(row, sealed) {
    const { rowCount } = await inTenant(db, tenantId, (tx) =>
      tx.query('UPDATE tenant_credentials SET credentials = $4 WHERE tenant_id = $1 AND id = $2 AND credentials = $3', [
        tenantId,
        row.id,
        row.sealed,
        sealed,
      ]),
    )
    return rowCount === 1
  },
})

const peoplesSecondFactors = (db: Database): Place => ({
  name: 'users',
  async read(current, after) {
    const { rows } = await db.pool.query<{ id: string; totp_secret: string }>(
      `SELECT id, totp_secret FROM users WHERE id > $1 AND totp_secret IS NOT NULL AND split_part(totp_secret, '.', 2) <> $2
        ORDER BY id LIMIT ${rowsAtOnce}`,
      [after, current],
    )
    return rows.map((row) => ({ id: row.id, sealed: row.totp_secret, belongsTo: secondFactorBelongsTo(row.id) }))
  },
  async write(row, sealed) {
    const { rowCount } = await db.pool.query('UPDATE users SET totp_secret = $3 WHERE id = $1 AND totp_secret = $2', [
      row.id,
      row.sealed,
      sealed,
    ])
    return rowCount === 1
  },
})

const peoplesBrowsers = (db: Database): Place => ({
  name: 'push_subscriptions',
  async read(current, after) {
    const { rows } = await db.pool.query<{ id: string; user_id: string; endpoint_hash: string; subscription: string }>(
      `SELECT id, user_id, endpoint_hash, subscription FROM push_subscriptions
        WHERE id > $1 AND split_part(subscription, '.', 2) <> $2 ORDER BY id LIMIT ${rowsAtOnce}`,
      [after, current],
    )
    return rows.map((row) => ({
      id: row.id,
      sealed: row.subscription,
      belongsTo: subscriptionBelongsTo(row.user_id, row.endpoint_hash),
    }))
  },
  async write(row, sealed) {
    const { rowCount } = await db.pool.query(
      'UPDATE push_subscriptions SET subscription = $3 WHERE id = $1 AND subscription = $2',
      [row.id, row.sealed, sealed],
    )
    return rowCount === 1
  },
})

const keysForBrowsers = (db: Database): Place => ({
  name: 'push_keys',
  async read(current, after) {
    if (after !== lowest) return []
    const { rows } = await db.pool.query<{ private_key: string }>(
      `SELECT private_key FROM push_keys WHERE split_part(private_key, '.', 2) <> $1`,
      [current],
    )
    return rows.map((row) => ({ id: 'the pair', sealed: row.private_key, belongsTo: pushKeysBelongTo }))
  },
  async write(row, sealed) {
    const { rowCount } = await db.pool.query('UPDATE push_keys SET private_key = $2 WHERE private_key = $1', [
      row.sealed,
      sealed,
    ])
    return rowCount === 1
  },
})

/** Also suspended and deleted ones: a deleted business may be restored. In an order that no change of theirs changes. */
async function* everyTenant(db: Database): AsyncGenerator<string> {
  for (let after = lowest, more = true; more; ) {
    const { rows }: { rows: { id: string }[] } = await db.pool.query('SELECT id FROM parley.every_tenant($1, $2) AS id', [
      after,
      tenantsAtOnce,
    ])
    for (const { id } of rows) yield id
    after = rows.at(-1)?.id ?? after
    more = rows.length === tenantsAtOnce
  }
}
