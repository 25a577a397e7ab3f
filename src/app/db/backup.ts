/** `parley db backup` and `parley db restore`, by the programs of PostgreSQL that do it. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import pg from 'pg'

type Say = (text: string) => void
export type Format = 'compressed' | 'plain'

/** An address without its password, which is handed over apart: arguments are there for everybody on the machine to see. */
function apart(address: string): { url: string; environment: NodeJS.ProcessEnv } {
  const url = new URL(address)
  const password = decodeURIComponent(url.password)
  url.password = ''
  return { url: url.href, environment: password ? { ...process.env, PGPASSWORD: password } : process.env }
}

/** The program's output, or what it says when it fails. */
function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
    let [output, errors] = ['', '']
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (errors += chunk))
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error(`${program} is not on this machine.`) : error),
    )
    child.once('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`${program} failed: ${errors.trim()}`))))
  })
}

const install = (major: number) =>
  `Install the client programs of PostgreSQL ${major} or newer (Debian and Ubuntu: postgresql-client-${major}, macOS: brew install libpq) and have them in PATH.`

/** A program of an older version than the server refuses, late and in words of its own. */
export async function requireProgram(program: string, serverMajor: number): Promise<void> {
  const version = await run(program, ['--version']).catch((error: Error) => {
    throw new Error(`${error.message} ${install(serverMajor)}`)
  })
  const major = Number(/(\d+)/.exec(version)?.[1])
  if (major < serverMajor)
    throw new Error(`The ${program} here is of PostgreSQL ${major}, the database of ${serverMajor}. ${install(serverMajor)}`)
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'parley-backup' })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const majorOf = async (client: pg.Client): Promise<number> =>
  Math.floor(
    Number((await client.query<{ v: string }>(`SELECT current_setting('server_version_num') AS v`)).rows[0]?.v) / 10_000,
  )

/** With `table` only that one, and of a partitioned one all its parts. */
export async function backup(
  ownerUrl: string,
  given: { file: string; format: Format; table?: string },
  say: Say,
): Promise<void> {
  if (existsSync(given.file)) throw new Error(`${given.file} is there already.`)
  const tables = await withClient(ownerUrl, async (client) => {
    await requireProgram('pg_dump', await majorOf(client))
    const { rows: who } = await client.query<{ all: boolean }>(
      'SELECT rolsuper OR rolbypassrls AS all FROM pg_roles WHERE rolname = current_user',
    )
    if (!who[0]?.all)
      throw new Error(
        'Row-level security binds this login, so a backup by it would leave rows out. Use a superuser, or a role with BYPASSRLS.',
      )
    if (given.table === undefined) return []
    const { rows } = await client.query<{ name: string }>(
      `SELECT quote_ident(c.relname) AS name FROM pg_class c WHERE c.relnamespace = 'parley'::regnamespace AND c.relkind IN ('r', 'p')
          AND coalesce(pg_partition_root(c.oid), c.oid) = to_regclass('parley.' || quote_ident($1))`,
      [given.table],
    )
    if (rows.length === 0) throw new Error(`There is no table ${given.table}.`)
    return rows.map(({ name }) => `--table=parley.${name}`)
  })
  const format = given.format === 'compressed' ? 'custom' : 'plain'
  const { url, environment } = apart(ownerUrl)
  await run('pg_dump', [`--format=${format}`, `--file=${given.file}`, ...tables, `--dbname=${url}`], environment)
  say(
    `${given.table ?? 'Everything'} is in ${given.file}. Files of messages and the secret key are not: see docs/operations.md.`,
  )
}

/** The roles that own functions and are given rights; a dump of one database does not make them. */
const makeRoles = `DO $$ DECLARE r text; BEGIN
  FOREACH r IN ARRAY ARRAY['parley_app', 'parley_system'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I NOLOGIN', r); END IF;
  END LOOP; END $$`

/** Puts a whole backup in the place of what is there. Refuses while somebody works in it, and without `yes` where anything is. */
export async function restore(ownerUrl: string, given: { file: string; yes: boolean }, say: Say): Promise<number> {
  if (!existsSync(given.file)) throw new Error(`${given.file} is not there.`)
  const plain = await run('pg_restore', ['--list', given.file]).then(
    () => false,
    () => true,
  )
  const ready = await withClient(ownerUrl, async (client) => {
    await requireProgram(plain ? 'psql' : 'pg_restore', await majorOf(client))
    const { rowCount: others } = await client.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
    )
    if (others)
      throw new Error(
        `${others} connection${others === 1 ? '' : 's'} to this database: stop the servers that work in it first.`,
      )
    const { rows } = await client.query<{ there: boolean }>(`SELECT to_regnamespace('parley') IS NOT NULL AS there`)
    if (rows[0]?.there && !given.yes) {
      say('There is a Parley in this database. Restoring removes it for good. Say --yes if you mean it.')
      return false
    }
    await client.query('DROP SCHEMA IF EXISTS parley CASCADE; DROP SCHEMA IF EXISTS pgboss CASCADE')
    await client.query(makeRoles)
    return true
  })
  if (!ready) return 1
  const { url, environment } = apart(ownerUrl)
  const quietly = ['--quiet', '--no-psqlrc', '--set=ON_ERROR_STOP=1']
  if (plain) await run('psql', [...quietly, '--single-transaction', `--file=${given.file}`, url], environment)
  else await run('pg_restore', ['--exit-on-error', '--single-transaction', `--dbname=${url}`, given.file], environment)
  await withClient(ownerUrl, (client) => client.query('ANALYZE'))
  say(`${given.file} is restored. Start with the same secret key.`)
  return 0
}
