/** A row in each table that has none, of whatever the catalogue says it takes: for migrations that have to leave it alone. */
import type { Client } from 'pg'

interface Column {
  name: string
  type: string
}

/** Where a name or a check asks for more than the type does. */
const named: readonly (readonly [RegExp, unknown])[] = [
  [/account_sid/, `AC${'1'.repeat(32)}`],
  [/hash|key/, 'a'.repeat(64)],
  [/phone/, '+15550001'],
  [/role/, 'agent'],
  [/level/, 1000],
]
const typed: readonly (readonly [RegExp, unknown])[] = [
  [/\[\]/, []],
  [/text|character/, 'xxxx'],
  [/timestamp|date/, new Date(0)],
  [/json/, '{}'],
  [/bytea/, Buffer.from('x')],
  [/bool/, true],
]
const taken = (table: readonly (readonly [RegExp, unknown])[], text: string): unknown =>
  table.find(([pattern]) => pattern.test(text))?.[1]

/** Keys are not looked at. Returns the tables in which no row could be written, with why. */
export async function fillAny(owner: Client, known: Record<string, string>): Promise<string[]> {
  const { rows: tables } = await owner.query<{ oid: number; name: string }>(
    `SELECT oid, relname AS name FROM pg_class WHERE relnamespace = 'parley'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
        AND relname NOT IN ('pgmigrations', 'partition_rules') ORDER BY relname`,
  )
  const failed: string[] = []
  for (const { oid, name } of tables) {
    const { rowCount } = await owner.query(`SELECT FROM parley.${name} LIMIT 1`)
    if (rowCount) continue
    await insertAny(owner, oid, name, known).catch((error: Error) => failed.push(`${name}: ${error.message}`))
  }
  return failed
}

async function insertAny(owner: Client, oid: number, table: string, known: Record<string, string>): Promise<void> {
  const { rows: columns } = await owner.query<Column>(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
      WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND ((attnotnull AND NOT atthasdef AND attidentity = '') OR attname = 'customer_phone')`,
    [oid],
  )
  const { rows: checks } = await owner.query<{ def: string }>(
    `SELECT pg_get_constraintdef(oid) AS def FROM pg_constraint WHERE conrelid = $1 AND contype = 'c'`,
    [oid],
  )
  const first = (column: string) =>
    checks
      .map(({ def }) => new RegExp(`${column} = ANY \\(ARRAY\\['([^']+)'`).exec(def)?.[1])
      .find((value) => value !== undefined)
  const values = columns.map(({ name, type }) =>
    /uuid/.test(type)
      ? (known[name] ?? known.message_id)
      : (first(name) ?? (/text|character|integer/.test(type) ? taken(named, name) : undefined) ?? taken(typed, type) ?? 1),
  )
  await owner.query('BEGIN')
  try {
    await owner.query('SET LOCAL session_replication_role = replica')
    const places = values.map((_, at) => `$${at + 1}`).join(', ')
    const names = columns.map(({ name }) => name).join(', ')
    await owner.query(
      `INSERT INTO parley.${table} ${values.length > 0 ? `(${names}) VALUES (${places})` : 'DEFAULT VALUES'}`,
      values,
    )
    await owner.query('COMMIT')
  } catch (error) {
    await owner.query('ROLLBACK')
    throw error
  }
}
