/** `parley bench seed`: a realistic store of up to many million messages, in businesses of its own. */
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { fillSearch, forgetIndex } from '../../conversations/search/fill.ts'
import { createFolderStore } from '../../platform/blobs.ts'
import type { Config } from '../../platform/config.ts'
import { createPool } from '../../platform/db/pool.ts'
import { type Database, inTenant } from '../../platform/db/tx.ts'
import { createLogger } from '../../platform/log.ts'
import { createSecrets } from '../../platform/secrets.ts'
import { byCli } from '../../tenancy/audit.ts'
import { deleteBusiness } from '../../tenancy/tenant-life.ts'
import { purgeBusiness } from '../../tenancy/tenant-purge.ts'
import { openKeyring } from '../keys.ts'
import { createProgress } from '../progress.ts'
import { type Made, makeBusinesses, openBusinesses, removal } from './businesses.ts'
import { createRandom } from './random.ts'
import { report, type Seeded, type SeedOptions } from './report.ts'
import { createSheets } from './sheets.ts'
import { connectionName, copyAll, findFaults, type Ground, lookAround, makeMonths, settleTables, stripTables } from './store.ts'
import { createStory, type Story } from './story.ts'

/** Rows of a message with all that hangs on it and its indexes, and what of it waits in the log, in bytes. */
const bytesPerMessage = 1300
const bytesBesides = 1e9
const chunk = 50_000
/** Made between two looks at the connection, so that it never waits for more rows. */
const slice = 200

export async function seed(
  given: { ownerUrl: string; config: Config; freeBytes?: (folder: string) => Promise<number> },
  options: SeedOptions,
  say: (text: string) => void,
): Promise<Seeded> {
  const pool = createPool({
    connectionString: given.ownerUrl,
    size: 2,
    log: createLogger({ level: 'ERROR' }),
    name: connectionName,
  })
  const client = new pg.Client({ connectionString: given.ownerUrl, application_name: connectionName })
  const stop = new AbortController()
  const ask = askToStop(stop)
  try {
    await client.connect()
    const ground = await lookAround(client)
    await requireGround(ground, given, options)
    return await fill({ client, db: { pool }, config: given.config, ground, stop: stop.signal }, options, say)
  } finally {
    process.off('SIGINT', ask)
    await client.end().catch(() => {})
    await pool.end()
  }
}

/** The first Ctrl-C ends the story early; another one a while later ends the process. A terminal sends it to parent and child. */
function askToStop(stop: AbortController): () => void {
  let asked = 0
  const ask = () => {
    if (asked > 0 && performance.now() - asked > 1000) process.exit(130)
    asked ||= performance.now()
    stop.abort()
  }
  process.on('SIGINT', ask)
  return ask
}

const freeBytesIn = async (folder: string): Promise<number> => {
  const disk = await statfs(folder)
  return disk.bavail * disk.bsize
}

async function requireGround(
  ground: Ground,
  { config, freeBytes = freeBytesIn }: { config: Config; freeBytes?: (folder: string) => Promise<number> },
  options: SeedOptions,
): Promise<void> {
  if (!ground.alone && !ground.superuser)
    throw new Error(
      'This database has messages already, or a server works in it: then only a superuser can seed it. Use an empty database.',
    )
  const folder = config.DATABASE_URL ? ground.folder : config.PARLEY_DATA_DIR
  const needed = options.messages * bytesPerMessage * (options.search ? 1.6 : 1) + bytesBesides
  // Where the database is on another machine its disk cannot be seen from here.
  const free = folder === null ? Number.POSITIVE_INFINITY : await freeBytes(folder).catch(() => Number.POSITIVE_INFINITY)
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1)
  if (free < needed)
    throw new Error(
      `${options.messages.toLocaleString('en')} messages need about ${gigabytes(needed)} GB; ${folder} has ${gigabytes(free)} GB left. Ask for fewer --messages.`,
    )
}

interface Deps {
  client: pg.Client
  db: Database
  config: Config
  ground: Ground
  stop: AbortSignal
}

async function fill(deps: Deps, options: SeedOptions, say: (text: string) => void): Promise<Seeded> {
  const { client, db, config, ground } = deps
  const to = (options.until ?? new Date()).getTime()
  const from = new Date(to).setUTCMonth(new Date(to).getUTCMonth() - options.months)
  const random = createRandom(options.seed)
  await makeMonths(client, from, to)
  const made = await makeBusinesses({ db, secrets: createSecrets(await openKeyring(config)) }, random, { ...options, from })
  const sheets = createSheets()
  const story = createStory(random, { businesses: made.businesses, messages: options.messages, from, to }, sheets)
  const began = performance.now()
  try {
    await (ground.alone ? writeAtOnce(deps, options, story, sheets) : writeBeside(deps, options, story, sheets))
  } catch (error) {
    throw new Error(await cleanUp(deps, options, made, error as Error))
  }
  const messages = story.written()
  const writtenPerSecond = Math.round(messages / ((performance.now() - began) / 1000))
  await settleTables(client)
  const faults: string[] = []
  for (const [n, { id }] of made.businesses.entries()) faults.push(...(await findFaults(client, id, story.messages[n] ?? 0)))
  // A server may have looked while the rows of a thread were there and the thread's own was not.
  for (const { id } of made.businesses) await inTenant(db, id, forgetIndex)
  await openBusinesses(db, made.businesses)
  const seconds = (performance.now() - began) / 1000
  const seeded = {
    messages,
    businesses: made.businesses.length,
    alone: ground.alone,
    seconds,
    writtenPerSecond,
    perSecond: Math.round(messages / seconds),
    faults,
  }
  if (options.search) await fillIndex(db, made, messages, deps.stop)
  report({ ...seeded, made, sheets, stopped: messages < options.messages, options }, say)
  return { ...seeded, email: made.email, password: made.password }
}

/** All or nothing, in one transaction: ended in the middle, nothing of it is there. */
async function writeAtOnce(
  deps: Deps,
  options: SeedOptions,
  story: Story,
  sheets: ReturnType<typeof createSheets>,
): Promise<void> {
  const { client } = deps
  await client.query('BEGIN')
  const restore = await stripTables(client, deps.ground)
  await writeStory(deps, options, story, sheets, async (rows) => await copyAll(client, rows))
  await restore()
  await client.query('COMMIT')
}

/** Beside a server that works: in short transactions, so that nobody waits, and with all indexes. */
async function writeBeside(
  deps: Deps,
  options: SeedOptions,
  story: Story,
  sheets: ReturnType<typeof createSheets>,
): Promise<void> {
  const { client } = deps
  // A thread's row comes when the thread ends, after its messages: nothing checks keys until all are there.
  await client.query(`SET session_replication_role = replica; SET synchronous_commit = off`)
  await writeStory(deps, options, story, sheets, async (rows) => {
    await client.query('BEGIN')
    await copyAll(client, rows)
    await client.query('COMMIT')
  })
  await client.query('RESET session_replication_role; RESET synchronous_commit')
}

type Rows = ReturnType<ReturnType<typeof createSheets>['take']>

/** Makes the next rows while the database takes in the last ones. */
async function writeStory(
  { stop }: Deps,
  options: SeedOptions,
  story: Story,
  sheets: ReturnType<typeof createSheets>,
  write: (rows: Rows) => Promise<void>,
): Promise<void> {
  const progress = createProgress('Messages')
  try {
    for (let more = true, writing = Promise.resolve(); more; ) {
      for (let n = 0; n < chunk && more; n += slice) {
        more = !stop.aborted && story.write(slice)
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (!more) story.end()
      const rows = sheets.take()
      await writing
      writing = write(rows)
      // It is awaited in the next round; until then its failure is nobody's.
      writing.catch(() => {})
      progress.show({ done: story.written(), total: options.messages })
      if (!more) await writing
    }
  } finally {
    progress.end()
  }
}

/** Says what is left behind after a failure, and where that is nothing, takes the businesses away too. */
async function cleanUp({ client, db, config, ground }: Deps, options: SeedOptions, made: Made, error: Error): Promise<string> {
  if (!ground.alone)
    return `${error.message}\nWhat was written so far is in suspended businesses. To remove it, ${removal(options)}`
  await client.query('ROLLBACK').catch(() => {})
  const files = createFolderStore(join(config.PARLEY_DATA_DIR, 'files'))
  for (const { id } of made.businesses) {
    await deleteBusiness({ db }, byCli, id).catch(() => {})
    await purgeBusiness({ db, files }, byCli, id).catch(() => {})
  }
  return `${error.message}\nNothing of it was kept.`
}

async function fillIndex(db: Database, made: Made, messages: number, stop: AbortSignal): Promise<void> {
  const progress = createProgress('Search index')
  let done = 0
  for (const { id } of made.businesses) {
    for (let more = true; more && !stop.aborted; ) {
      const filled = await fillSearch(db, id)
      more = filled.more
      done += filled.count
      progress.show({ done: Math.min(done, messages), total: messages })
    }
  }
  progress.end()
}
