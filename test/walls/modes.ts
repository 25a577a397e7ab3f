/** The same server with a wall taken away, to show that the others hold by themselves. */
import pg from 'pg'
import type { World } from '../world/world.ts'

type Restore = () => void
const nothing: Restore = () => {}

export const asTheyAre = async (): Promise<Restore> => nothing

/** Row-level security off on every table of this database: keys and predicates are left. */
export async function withoutRowSecurity(world: World): Promise<Restore> {
  const { rows } = await world.database.owner.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'parley'::regnamespace AND relrowsecurity`,
  )
  for (const { name } of rows) await world.database.owner.query(`ALTER TABLE parley.${name} DISABLE ROW LEVEL SECURITY`)
  // It is really away: without a tenant everything is seen.
  const seen = await world.app.db.pool.query('SELECT count(*)::int AS n FROM tenants')
  if (seen.rows[0].n < 2) throw new Error('row-level security is still there')
  return nothing
}

/**
 * What the server sends to PostgreSQL, with `tenant_id = $n` (of tenants: `id = $n`) always true: row-level security and keys
 * are left. Functions inside the database are not touched: those that see several tenants have a test each.
 */
export async function withoutPredicates(world: World): Promise<Restore> {
  const original = pg.Client.prototype.query
  let rewritten = 0
  const rewrite = (text: string): string =>
    text
      .replace(/(?<![\w.]|SET )(?:\w+\.)?tenant_id\s*=\s*(\$\d+)(?:::uuid)?/g, (_, place: string) => {
        rewritten += 1
        return `(${place}::uuid IS NOT NULL)`
      })
      .replace(/(?<![\w.])\w+\.tenant_id\s*=\s*\w+\.tenant_id/g, () => {
        rewritten += 1
        return 'true'
      })
      .replace(/(FROM|UPDATE) tenants( SET [\s\S]*?)? WHERE id = (\$\d+)/g, (_, verb, set, place) => {
        rewritten += 1
        return `${verb} tenants${set ?? ''} WHERE (${place}::uuid IS NOT NULL)`
      })
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [first] = args
    // The server's own connections only: the test looks with others.
    const { connectionParameters } = this as unknown as { connectionParameters?: { application_name?: string } }
    const ours = connectionParameters?.application_name?.startsWith('parley') ?? false
    if (!ours) return (original as (...all: unknown[]) => unknown).apply(this, args)
    if (typeof first === 'string') args[0] = rewrite(first)
    else if (first && typeof first === 'object' && 'text' in first && typeof first.text === 'string') {
      const text = rewrite(first.text)
      // A prepared statement of the same name holds the text from before.
      args[0] = { ...first, text, ...('name' in first ? { name: `${String(first.name)}_bare` } : {}) }
    }
    return (original as (...all: unknown[]) => unknown).apply(this, args)
  } as typeof original
  await world.api('GET', '/conversations')
  if (rewritten === 0) throw new Error('no predicate was taken out')
  return () => {
    pg.Client.prototype.query = original
  }
}
