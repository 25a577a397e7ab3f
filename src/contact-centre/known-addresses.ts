/**
 * Webhook addresses and their secrets as last seen, so that a signature can be checked while the database is away. In
 * memory, and sealed on the disk for a restart.
 */
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { newId } from '../kernel/ids.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
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

const sealedFor = 'known-addresses'

export async function openKnownAddresses(deps: {
  db: Database
  secrets: Secrets
  log: Logger
  /** Where they are kept for a restart. */
  file: string
}): Promise<KnownAddresses> {
  const known = await readKnown(deps.secrets, deps.file)
  let saving: Promise<void> = Promise.resolve()

  function remember(key: string, address: Address | null): void {
    const before = known.get(key)
    if (JSON.stringify(before ?? null) === JSON.stringify(address)) return
    if (address) known.set(key, address)
    else known.delete(key)
    const content = deps.secrets.seal(JSON.stringify([...known]), sealedFor)
    saving = saving
      .then(() => save(deps.file, content))
      .catch((error: Error) =>
        deps.log.warn('Webhook addresses could not be kept for a restart', { operation: 'spool', error: error.message }),
      )
  }

  return {
    async find(centre, slug) {
      const { rows } = await deps.db.pool.query<Row>({
        name: 'find_contact_centre',
        text: 'SELECT tenant_id, credential_type, subject, credentials, valid_until FROM parley.find_contact_centre($1, $2)',
        values: [centre, slug],
      })
      const address = addressFrom(deps.secrets, rows)
      remember(`${centre}/${slug}`, address)
      return address
    },
    remembered: (centre, slug) => known.get(`${centre}/${slug}`) ?? null,
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

async function readKnown(secrets: Secrets, file: string): Promise<Map<string, Address>> {
  try {
    return new Map(JSON.parse(secrets.open(await readFile(file, 'utf8'), sealedFor)) as [string, Address][])
  } catch {
    // Not there, or sealed under a key that is gone: it fills again with the first webhook of each address.
    return new Map()
  }
}

async function save(file: string, content: string): Promise<void> {
  const draft = `${file}.${newId()}`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(draft, content, { mode: 0o600, flush: true })
  await rename(draft, file)
  const folder = await open(dirname(file))
  await folder.sync().finally(() => folder.close())
}
