import { z } from 'zod'
import { generated } from './generated.ts'

interface JsonSchema {
  type?: string
  enum?: unknown[]
  default?: unknown
  minimum?: number
  maximum?: number
  minLength?: number
  format?: string
}

/** What may be written, in a few words. */
function accepts(schema: z.ZodType): string {
  const inner = unwrap(schema)
  const { options } = inner.def as unknown as { options?: z.ZodType[] }
  if (options) return options.map(accepts).join(', or ')
  if (inner.def.type === 'pipe') return '`true`, `false`' // the only pipe besides a trimmed path is a flag
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  if (json.enum) return json.enum.map((value) => `\`${value}\``).join(', ')
  if (inner.def.type === 'number') return `whole number${range(json)}`
  if (json.format === 'uri') return 'address'
  return json.minLength && json.minLength > 1 ? `text of ${json.minLength} characters or more` : 'text'
}

const range = ({ minimum, maximum }: JsonSchema): string =>
  minimum === undefined || maximum === undefined ? '' : `, ${minimum} to ${maximum.toLocaleString('en-GB')}`

type Def = { type: string; innerType?: z.ZodType; in?: z.ZodType; defaultValue?: unknown }
const defOf = (schema: z.ZodType): Def => schema.def as unknown as Def

/** Behind `default` and `optional`, and behind a text that is transformed afterwards. */
function unwrap(schema: z.ZodType): z.ZodType {
  const def = defOf(schema)
  if (def.innerType) return unwrap(def.innerType)
  if (def.type === 'pipe' && def.in && ['default', 'optional'].includes(defOf(def.in).type)) return unwrap(def.in)
  return schema
}

function defaultOf(schema: z.ZodType): string {
  const def = defOf(schema)
  if (def.type === 'default') return `\`${String(def.defaultValue)}\``
  if (def.innerType) return defaultOf(def.innerType)
  if (def.in) return defaultOf(def.in)
  return ''
}

/** docs/configuration.md from the table of settings. */
export function renderConfiguration(settings: Readonly<Record<string, z.ZodType>>): string {
  const rows = Object.entries(settings).map(
    ([name, schema]) => `| \`${name}\` | ${accepts(schema)} | ${defaultOf(schema)} | ${schema.description ?? ''} |`,
  )
  return `${generated('src/platform/config.ts')}
# Configuration

Everything is set by environment variables, read once at start. An empty variable counts as not set. A wrong value stops
the start and is named together with every other wrong one; so is a \`PARLEY_…\` variable that does not exist.
\`node bin/parley doctor\` checks the values without starting anything.

| Variable | Accepts | Default | Meaning |
| --- | --- | --- | --- |
${rows.join('\n')}

## Typical sets

A laptop or a trial: nothing at all. The embedded PostgreSQL, a generated key and a demo business are used.

One machine in production, behind a reverse proxy on the same machine:

\`\`\`sh
NODE_ENV=production
PUBLIC_URL=https://parley.example.com
TRUST_PROXY=true
DATABASE_URL=postgresql://parley:…@db.example.com/parley
PARLEY_SECRET_KEY=…        # openssl rand -hex 32; keep a copy apart from the database's backups
PARLEY_DATA_DIR=/var/lib/parley
\`\`\`

See [operations.md](operations.md) for what goes with it.
`
}
