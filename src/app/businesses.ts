/** `parley operator …` and `parley tenant …`: who runs the server, and what they do with businesses. A running server hears of it. */
import { join } from 'node:path'
import { notFound } from '../kernel/errors.ts'
import { isUuid } from '../kernel/ids.ts'
import { createFolderStore } from '../platform/blobs.ts'
import type { Config } from '../platform/config.ts'
import type { Database } from '../platform/db/tx.ts'
import { byCli } from '../tenancy/audit.ts'
import { type PlatformAction, platformActions } from '../tenancy/can.ts'
import { addOperator, changePlatform, createPlatformKey } from '../tenancy/operators.ts'
import { deleteBusiness, patchBusiness, restoreBusiness } from '../tenancy/tenant-life.ts'
import { findTenantRow } from '../tenancy/tenant-lookup.ts'
import { purgeBusiness } from '../tenancy/tenant-purge.ts'
import type { TenantRow } from '../tenancy/tenant-view.ts'

type Say = (text: string) => void

export async function addServerOperator(db: Database, email: string, say: Say): Promise<void> {
  await changePlatform(db, byCli, async (on) => {
    if (!(await addOperator(on, email, byCli.label))) throw new Error(`Nobody signs in as ${email}.`)
    return [undefined, { action: 'operator.added', subject: { type: 'operator' }, changes: { email } }]
  })
  say(`${email} runs this server from now on.`)
}

const isPlatformAction = (text: string): text is PlatformAction => (platformActions as readonly string[]).includes(text)

export async function makeServerKey(db: Database, given: { name: string; scopes?: string }, say: Say): Promise<void> {
  const scopes = given.scopes?.split(',').map((scope) => scope.trim())
  const unknown = scopes?.filter((scope) => !isPlatformAction(scope)) ?? []
  if (unknown.length > 0) throw new Error(`There is no scope ${unknown.join(', ')}. There are: ${platformActions.join(', ')}.`)
  const key = await changePlatform(db, byCli, async (on) => {
    const made = await createPlatformKey(on, {
      name: given.name,
      createdBy: byCli.label,
      ...(scopes ? { scopes: scopes.filter(isPlatformAction) } : {}),
    })
    const subject = { type: 'platform_key', id: made.id }
    return [made.key, { action: 'platform_key.created', subject, changes: { name: given.name, scopes: scopes ?? null } }]
  })
  say(`The key of ${given.name}, shown this once:\n${key}`)
}

export async function listBusinesses(db: Database, given: { status?: string }, say: Say): Promise<void> {
  const status = given.status ?? null
  if (status !== null && !['active', 'suspended', 'deleted'].includes(status))
    throw new Error('A status is active, suspended or deleted.')
  let before: string | null = null
  for (;;) {
    const { rows }: { rows: TenantRow[] } = await db.pool.query<TenantRow>(
      'SELECT * FROM parley.list_tenants($1, NULL, NULL, NULL, $2, 500)',
      [status, before],
    )
    for (const row of rows) say(`${row.id}  ${row.status.padEnd(9)}  ${row.tenant_id}  ${row.name}`)
    before = rows.at(-1)?.id ?? null
    if (rows.length < 500) return
  }
}

async function requireBusiness(db: Database, idOrName: string): Promise<TenantRow> {
  const row = await findTenantRow(db, isUuid(idOrName) ? 'id' : 'public_id', idOrName)
  if (!row) throw notFound(`A business ${idOrName}`)
  return row
}

const deeds = {
  suspend: [
    'is suspended: what comes in is kept, nothing is sent',
    (db, id) => patchBusiness({ db }, byCli, id, { status: 'suspended' }),
  ],
  resume: ['works again', (db, id) => patchBusiness({ db }, byCli, id, { status: 'active' })],
  // Its public id is free again: from now on only this one finds it.
  delete: [
    'is deleted; `parley tenant restore <id>` brings it back, `parley tenant purge <id> --yes` erases it',
    (db, id) => deleteBusiness({ db }, byCli, id),
  ],
  restore: ['is back', (db, id) => restoreBusiness({ db }, byCli, id)],
} as const satisfies Record<string, [words: string, act: (db: Database, id: string) => Promise<unknown>]>

export async function changeBusiness(db: Database, deed: keyof typeof deeds, idOrName: string, say: Say): Promise<void> {
  const { id, name } = await requireBusiness(db, idOrName)
  const [words, act] = deeds[deed]
  await act(db, id)
  say(`${name} ${words.replaceAll('<id>', id)}.`)
}

/** Returns the process' exit code. */
export async function purge(db: Database, config: Config, given: { id: string; yes: boolean }, say: Say): Promise<number> {
  const row = await findTenantRow(db, isUuid(given.id) ? 'id' : 'public_id', given.id)
  // One whose rows are gone already is known by its id alone: what is left of it are files.
  if (!row && !isUuid(given.id)) throw notFound(`A business ${given.id}`)
  const { id, name } = row ?? { id: given.id.toLowerCase(), name: given.id }
  if (!given.yes) {
    say(`This erases ${name} for good: nothing brings it back but a backup. Say --yes if you mean it.`)
    return 1
  }
  // Once its rows are gone nothing else finds the files.
  say(`If this is stopped before it says that it is done, \`parley tenant purge ${id} --yes\` finishes it.`)
  const files = createFolderStore(join(config.PARLEY_DATA_DIR, 'files'))
  const rows = Object.entries(await purgeBusiness({ db, files }, byCli, id)).filter(([, n]) => n > 0)
  say(`${name} is erased, its files too. Rows by table:`)
  for (const [table, n] of rows) say(`${String(n).padStart(9)}  ${table}`)
  return 0
}
