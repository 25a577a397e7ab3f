import type pg from 'pg'
import { generated } from './generated.ts'

export interface Table {
  name: string
  columns: { name: string; type: string; nullable: boolean; key: boolean }[]
  partitions: number
}

export interface Reference {
  from: string
  to: string
  columns: string[]
  name: string
}

export interface Schema {
  tables: Table[]
  references: Reference[]
  /** SECURITY DEFINER functions with their owner. */
  definers: { name: string; owner: string }[]
}

type Queryable = Pick<pg.ClientBase, 'query'>

/** Schema `parley` as a migrated database has it; partitions are counted, not listed. Sorted, so that equal is equal. */
export async function readSchema(client: Queryable): Promise<Schema> {
  const { rows: columns } = await client.query<{
    t: string
    c: string
    type: string
    nullable: boolean
    key: boolean
    parts: number
  }>(
    `SELECT r.relname AS t, a.attname AS c, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
            coalesce(a.attnum = ANY (k.conkey), false) AS key,
            (SELECT count(*)::int FROM pg_inherits i WHERE i.inhparent = r.oid) AS parts
       FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype = 'p'
      WHERE r.relnamespace = 'parley'::regnamespace AND r.relkind IN ('r', 'p') AND NOT r.relispartition AND r.relname <> 'pgmigrations'
      ORDER BY r.relname COLLATE "C", a.attnum`,
  )
  const { rows: references } = await client.query<Reference>(
    `SELECT f.conrelid::regclass::text AS "from", f.confrelid::regclass::text AS "to", f.conname AS name,
            ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY u(n, o)
                    JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = u.n ORDER BY u.o) AS columns
       FROM pg_constraint f JOIN pg_class r ON r.oid = f.conrelid
      WHERE f.contype = 'f' AND f.connamespace = 'parley'::regnamespace AND NOT r.relispartition AND f.conparentid = 0
      ORDER BY 1, f.conname COLLATE "C"`,
  )
  const { rows: definers } = await client.query<{ name: string; owner: string }>(
    `SELECT p.proname::text AS name, pg_get_userbyid(p.proowner)::text AS owner FROM pg_proc p
      WHERE p.pronamespace = 'parley'::regnamespace AND p.prosecdef ORDER BY p.proname COLLATE "C"`,
  )
  return { tables: gather(columns), references: references.map(bare), definers }
}

function gather(rows: { t: string; c: string; type: string; nullable: boolean; key: boolean; parts: number }[]): Table[] {
  const tables = new Map<string, Table>()
  for (const { t, c, type, nullable, key, parts } of rows) {
    const table = tables.get(t) ?? { name: t, columns: [], partitions: parts }
    tables.set(t, table)
    table.columns.push({ name: c, type, nullable, key })
  }
  return [...tables.values()]
}

/** With another search path than parley, names come with their schema. */
const bare = (reference: Reference): Reference => ({
  ...reference,
  from: reference.from.replace(/^parley\./, ''),
  to: reference.to.replace(/^parley\./, ''),
})

/** Mermaid knows types of one word. */
const word = (type: string): string =>
  type
    .replace('timestamp with time zone', 'timestamptz')
    .replace('double precision', 'float8')
    .replace(/[^a-z0-9_]/g, '_')
    .replace(/_+$/, '')

function diagram({ tables, references }: Schema): string {
  const foreign = new Set(references.flatMap(({ from, columns }) => columns.map((column) => `${from}.${column}`)))
  const boxes = tables.map(({ name, columns }) => {
    const keys = columns.filter((c) => c.key || foreign.has(`${name}.${c.name}`))
    const lines = keys.map((c) => {
      const marks = [c.key ? 'PK' : '', foreign.has(`${name}.${c.name}`) ? 'FK' : ''].filter(Boolean).join(', ')
      return `    ${word(c.type)} ${c.name} ${marks}`
    })
    return `  ${name} {\n${lines.join('\n')}\n  }`
  })
  const lines = references.map(({ from, to, columns }) => `  ${to} ||--o{ ${from} : "${columns.join(', ')}"`)
  return ['erDiagram', ...boxes, ...lines].join('\n')
}

/** docs/generated/schema.md: the diagram with keys, then every column. */
export function renderSchema(schema: Schema): string {
  const lists = schema.tables.map(({ name, columns, partitions }) => {
    const rows = columns.map((c) => `| \`${c.name}\` | ${c.type} | ${c.key ? 'key' : c.nullable ? 'may be null' : ''} |`)
    const note = partitions > 0 ? 'Partitioned by month of `created_at`.\n\n' : ''
    return `## ${name}\n\n${note}| Column | Type | |\n| --- | --- | --- |\n${rows.join('\n')}`
  })
  return `${generated('a migrated database')}
# Tables and columns

What each table is for stands in [data-model.md](../data-model.md). The diagram shows keys only.

\`\`\`mermaid
${diagram(schema)}
\`\`\`

${lists.join('\n\n')}
`
}
