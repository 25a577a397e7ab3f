/** Looks at everything a start needs and says what to do about what is missing. Changes nothing. */
import { access, constants, mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import pg from 'pg'
import { type Config, ConfigError, readConfig } from '../platform/config.ts'
import { appliedMigrations, knownMigrations } from '../platform/db/migrate.ts'
import { mayHoldKeys } from '../platform/db/pool.ts'
import { consoleBuilt } from './console.ts'
import { rabbitmq } from './doctor-rabbitmq.ts'

type Finding = { what: string; ok: boolean; note: string }

/** Returns the process' exit code: 0 when nothing stands in the way of a start. */
export async function doctor(environment: Record<string, string | undefined>, say: (line: string) => void): Promise<number> {
  let config: Config
  try {
    config = readConfig(environment)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    say(error.message)
    return 1
  }
  const findings = [
    node(),
    { what: 'Configuration', ok: true, note: 'every variable is valid' },
    await dataFolder(config.PARLEY_DATA_DIR),
    await port(config),
    config.DATABASE_URL
      ? await database(config.DATABASE_URL)
      : { what: 'Database', ok: true, note: 'PostgreSQL 18 will be started in the data folder' },
    ...(config.REDIS_URL ? [await (await import('./doctor-redis.ts')).redis(config.REDIS_URL)] : []),
    ...(config.RABBITMQ_URL ? [await rabbitmq(config.RABBITMQ_URL, config.RABBITMQ_PREFIX)] : []),
    { what: 'Console', ok: consoleBuilt(), note: consoleBuilt() ? 'built' : 'not built: run `npm run build:console`' },
  ]
  for (const { what, ok, note } of findings) say(`${ok ? '✓' : '✗'} ${what.padEnd(14)} ${note}`)
  return findings.every((finding) => finding.ok) ? 0 : 1
}

function node(): Finding {
  const major = Number(process.versions.node.split('.')[0])
  return {
    what: 'Node.js',
    ok: major >= 26,
    note:
      major >= 26 ? process.version : `${process.version}: start through npm or npx, which use the Node.js 26 of this checkout`,
  }
}

async function dataFolder(path: string): Promise<Finding> {
  return await mkdir(path, { recursive: true })
    .then(() => access(path, constants.W_OK))
    .then(
      () => ({ what: 'Data folder', ok: true, note: path }),
      (error: Error) => ({
        what: 'Data folder',
        ok: false,
        note: `${path} cannot be written (${error.message}). Set PARLEY_DATA_DIR.`,
      }),
    )
}

async function port({ HOST, PORT }: Config): Promise<Finding> {
  const server = createServer()
  const problem = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    server.once('error', resolve)
    server.listen(PORT, HOST, () => resolve(null))
  })
  await new Promise((resolve) => server.close(resolve))
  return {
    what: 'Port',
    ok: problem === null,
    note:
      problem === null
        ? `${HOST}:${PORT} is free`
        : `${HOST}:${PORT} cannot be used (${problem.code}). Stop what listens there, or set PORT.`,
  }
}

async function database(url: string): Promise<Finding> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  try {
    await client.connect()
    const { rows } = await client.query<{ version: string; number: number; creates: boolean; gist: boolean }>(
      `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
              (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user)
              OR (EXISTS (SELECT FROM pg_roles WHERE rolname = 'parley_app') AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'parley_system')) AS creates,
              EXISTS (SELECT FROM pg_available_extensions WHERE name = 'btree_gist') AS gist`,
    )
    const found = rows[0]
    if (!found || found.number < 150_000)
      return { what: 'Database', ok: false, note: `PostgreSQL ${found?.version} is too old: 15 or newer is needed.` }
    if (!found.creates) {
      return {
        what: 'Database',
        ok: false,
        note: 'The roles parley_app and parley_system are missing and this user may not create them. As a superuser: CREATE ROLE parley_app NOLOGIN; CREATE ROLE parley_system NOLOGIN; GRANT parley_app, parley_system TO <user> WITH ADMIN OPTION;',
      }
    }
    if (!found.gist) {
      return {
        what: 'Database',
        ok: false,
        note: 'The extension btree_gist is not installed there. It comes with the contrib modules of PostgreSQL (postgresql-contrib); where the database is hosted, allow it.',
      }
    }
    const [known, applied] = [await knownMigrations(), await appliedMigrations(client)]
    const tooNew = applied.filter((name) => !known.includes(name))
    if (tooNew.length > 0) return { what: 'Database', ok: false, note: `migrated by a newer Parley (${tooNew.join(', ')})` }
    const pending = known.length - applied.length
    const held = await mayHoldKeys(client)
    return {
      what: 'Database',
      ok: true,
      note: [
        `PostgreSQL ${found.version}`,
        pending === 0 ? 'schema up to date' : `${pending} migrations to apply at the next start`,
        ...(held ? [] : ['messages are taken in faster after: GRANT SET ON PARAMETER session_replication_role TO <user>']),
      ].join(', '),
    }
  } catch (error) {
    return { what: 'Database', ok: false, note: `cannot be reached: ${(error as Error).message}. Check DATABASE_URL.` }
  } finally {
    await client.end().catch(() => {})
  }
}
