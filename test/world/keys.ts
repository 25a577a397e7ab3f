/** Every foreign key there is, looked at row by row: what the database itself does for each row that it is told to. */
import type pg from 'pg'

interface Key {
  name: string
  child: string
  parent: string
  columns: string[]
  referenced: string[]
}

/** How many rows name something that is not there, by key. Empty: all keys hold. */
export async function brokenKeys(owner: Pick<pg.Pool, 'query'>): Promise<Record<string, number>> {
  const { rows: keys } = await owner.query<Key>(
    `SELECT k.conname AS name, k.conrelid::regclass::text AS child, k.confrelid::regclass::text AS parent,
            (SELECT array_agg(quote_ident(a.attname) ORDER BY n) FROM unnest(k.conkey) WITH ORDINALITY AS c(at, n)
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.at) AS columns,
            (SELECT array_agg(quote_ident(a.attname) ORDER BY n) FROM unnest(k.confkey) WITH ORDINALITY AS c(at, n)
               JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = c.at) AS referenced
       FROM pg_constraint k WHERE k.contype = 'f' AND k.connamespace = 'parley'::regnamespace AND k.conparentid = 0`,
  )
  if (keys.length === 0) throw new Error('there is no key to look at')
  const broken: Record<string, number> = {}
  for (const { name, child, parent, columns, referenced } of keys) {
    const same = columns.map((column, n) => `p.${referenced[n]} = c.${column}`).join(' AND ')
    const whole = columns.map((column) => `c.${column} IS NOT NULL`).join(' AND ')
    const { rows } = await owner.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM ${child} c WHERE ${whole} AND NOT EXISTS (SELECT FROM ${parent} p WHERE ${same})`,
    )
    if (rows[0] && rows[0].n > 0) broken[name] = rows[0].n
  }
  return broken
}
