/**
 * Webhook addresses and their secrets as last seen, so that a signature can be checked while the database is away. In
 * memory, and sealed on the disk for a restart.
 */
import type { Database } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import { openSealedMap } from '../platform/sealed-map.ts'
import type { Secrets } from '../platform/secrets.ts'
import { belongsTo } from '../tenancy/credentials.ts'

export interface Address {
  tenantId: string
  integrationIds: string[]
  /** `until`: milliseconds; a rotated one is accepted for a while. */
  secrets: { secret: string; until: number | null }[]
}

export interface KnownAddresses {
  /** As it is now; null: nothing is delivered there. Throws where the database does not answer. */
  find(centre: string, slug: string): Promise<Address | null>
  /** As it was when it was last found. */
  remembered(centre: string, slug: string): Address | null
}

interface Row {
  tenant_id: string
  credential_type: string | null
  subject: string
  credentials: string
  valid_until: Date | null
}

export async function openKnownAddresses(deps: {
  db: Database
  secrets: Secrets
  log: Logger
  /** Where they are kept for a restart. */
  file: string
}): Promise<KnownAddresses> {
  const known = await openSealedMap<Address>({ ...deps, sealedFor: 'known-addresses' })
  return {
    async find(centre, slug) {
      const { rows } = await deps.db.pool.query<Row>({
        name: 'find_contact_centre',
        text: 'SELECT tenant_id, credential_type, subject, credentials, valid_until FROM parley.find_contact_centre($1, $2)',
        values: [centre, slug],
      })
      const address = addressFrom(deps.secrets, rows)
      known.remember(`${centre}/${slug}`, address)
      return address
    },
    remembered: (centre, slug) => known.get(`${centre}/${slug}`),
  }
}

function addressFrom(secrets: Secrets, rows: readonly Row[]): Address | null {
  const [first] = rows
  if (!first) return null
  const opened = rows
    .filter((row) => row.credential_type !== null)
    .map((row) => ({
      values: JSON.parse(
        secrets.open(row.credentials, belongsTo(row.tenant_id, row.credential_type as string, row.subject)),
      ) as Record<string, string>,
      until: row.valid_until?.getTime() ?? null,
    }))
  return {
    tenantId: first.tenant_id,
    integrationIds: [...new Set(opened.flatMap(({ values }) => values.integrationId ?? []))],
    secrets: opened.flatMap(({ values, until }) => (values.webhookSecret ? [{ secret: values.webhookSecret, until }] : [])),
  }
}

export const acceptedSecrets = (address: Address, now: Date): string[] =>
  address.secrets.filter(({ until }) => until === null || until > now.getTime()).map(({ secret }) => secret)
