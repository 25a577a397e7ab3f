/** `parley db analyze` and `parley db vacuum`: what PostgreSQL does by itself, at a time of one's own. */
import pg from 'pg'
import { createProgress } from '../progress.ts'

type Say = (text: string) => void

/** Tables of the schema, parts of partitioned ones by themselves; with a name that one and its parts. */
async function tablesOf(client: pg.Client, table: string | undefined): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c
      WHERE c.relnamespace = 'parley'::regnamespace AND c.relkind = 'r'
        AND ($1::text IS NULL OR coalesce(pg_partition_root(c.oid), c.oid) = to_regclass('parley.' || quote_ident($1)))
      ORDER BY pg_total_relation_size(c.oid), 1`,
    [table ?? null],
  )
  if (rows.length === 0) throw new Error(`There is no table ${table}.`)
  return rows.map(({ name }) => name)
}

const commands = { analyze: 'ANALYZE', vacuum: 'VACUUM (ANALYZE)', full: 'VACUUM (FULL, ANALYZE)' } as const

export async function tidy(ownerUrl: string, what: keyof typeof commands, table: string | undefined, say: Say): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'parley-tidy' })
  await client.connect()
  try {
    const tables = await tablesOf(client, table)
    if (what === 'full')
      say('VACUUM FULL writes each table anew: nobody can read or write it meanwhile, and as much room again is needed.')
    const progress = createProgress(commands[what])
    for (const [n, name] of tables.entries()) {
      progress.show({ done: n, total: tables.length })
      await client.query(`${commands[what]} ${name}`)
    }
    progress.show({ done: tables.length, total: tables.length })
    progress.end()
    say(`${tables.length} table${tables.length === 1 ? '' : 's'} done.`)
  } finally {
    await client.end()
  }
}
