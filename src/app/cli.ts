import { Command } from 'commander'
import { type Config, ConfigError, readConfig } from '../platform/config.ts'
import { DataFolderInUse } from '../platform/db/data-folder-lock.ts'
import { asOwner, runningUrl, startEmbedded } from '../platform/db/embedded.ts'
import { createPool } from '../platform/db/pool.ts'
import type { Database } from '../platform/db/tx.ts'
import { createLogger, type Logger } from '../platform/log.ts'
import { platformActions } from '../tenancy/can.ts'
import { version } from './build.ts'
import { addServerOperator, changeBusiness, listBusinesses, makeServerKey, purge } from './businesses.ts'
import { openDatabase } from './database.ts'
import { dbCommands } from './db/commands.ts'
import { dlqCommands } from './dlq-commands.ts'
import { doctor } from './doctor.ts'
import { pruneOldKeys, rotateKeys, showKeys } from './keys.ts'
import { maintain } from './maintain.ts'
import { inviteOwner, newPassword } from './people.ts'
import { type ReportOptions, report, reportNames } from './report.ts'
import { seedCommand } from './seed/command.ts'
import { seed } from './seed/seed.ts'
import { start } from './start.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const complain = (text: string): void => void process.stderr.write(`${text}\n`)

function configure(overrides: Record<string, string> = {}): { config: Config; log: Logger } {
  const config = readConfig({ ...process.env, ...overrides })
  return { config, log: createLogger({ level: config.LOG_LEVEL }) }
}

async function serve(overrides: Record<string, string> = {}): Promise<void> {
  const { config, log } = configure(overrides)
  const running = await start(config, log, say)
  let stopping = false
  const stop = (signal: string) => {
    if (stopping) process.exit(1) // asked twice: at once
    stopping = true
    log.info('Stopping', { operation: 'stop', signal })
    // What is under way gets 20 seconds; leases and the provider's retries cover what does not make it.
    setTimeout(() => process.exit(1), 20_000).unref()
    running.stop().then(
      () => process.exit(0),
      (error: Error) => {
        log.error('Stopping met an error', { operation: 'stop', error: error.message })
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
}

/** Opens the database, or uses the one of a server that runs on this data folder, does one thing, lets go. */
async function withDatabase(work: (db: Database, config: Config, ownerUrl: string) => Promise<void>): Promise<void> {
  const { config, log } = configure({ LOG_LEVEL: 'WARN' })
  const database = await openDatabase(config, log).catch(async (error: unknown) => {
    if (!(error instanceof DataFolderInUse)) throw error
    const url = await runningUrl(config.PARLEY_DATA_DIR)
    return { url, ownerUrl: asOwner(url), stop: async () => {} }
  })
  const pool = createPool({ connectionString: database.url, size: 2, log })
  try {
    await work({ pool }, config, database.ownerUrl)
  } finally {
    await pool.end()
    await database.stop()
  }
}

/** The database as it is, nothing applied to it: what is about to be replaced may be of any version. */
async function asItIs(work: (ownerUrl: string) => Promise<void>): Promise<void> {
  const { config, log } = configure({ LOG_LEVEL: 'WARN' })
  if (config.DATABASE_URL) return await work(config.DATABASE_URL)
  const embedded = await startEmbedded({ dataDir: config.PARLEY_DATA_DIR, log }).catch(async (error: unknown) => {
    if (!(error instanceof DataFolderInUse)) throw error
    return { ownerUrl: asOwner(await runningUrl(config.PARLEY_DATA_DIR)), stop: async () => {} }
  })
  try {
    await work(embedded.ownerUrl)
  } finally {
    await embedded.stop()
  }
}

async function migrateOnly(): Promise<void> {
  const { config, log } = configure({ LOG_LEVEL: 'WARN' })
  const database = await openDatabase(config, log)
  const { applied } = database.migrated
  say(
    applied.length === 0
      ? 'The database is up to date.'
      : `Applied ${applied.length} migration${applied.length === 1 ? '' : 's'}:\n${applied.map((name) => `  ${name}`).join('\n')}`,
  )
  await database.stop()
}

export async function run(argv: readonly string[]): Promise<void> {
  // Whoever reads what is printed may have seen enough of it.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit()
    throw error
  })
  const program = new Command('parley').description('A self-hosted conversation server.').version(version).showHelpAfterError()
  program
    .command('start', { isDefault: true })
    .description('start the server: database, migrations, API, console, workers')
    .option('--role <role>', 'web (HTTP), worker (sending, jobs, upkeep) or all; several of each may share one database')
    .action(({ role }: { role?: string }) => serve(role ? { PARLEY_ROLE: role } : {}))
  program
    .command('demo')
    .description('start with the demo business and the simulator')
    .action(() => serve({ PARLEY_DEMO: 'true' }))
  program.command('migrate').description('apply pending migrations and stop').action(migrateOnly)
  program
    .command('maintain')
    .description('upkeep by hand: months of the message tables made ahead, rows moved to theirs, what is over removed')
    .option('--dry-run', 'say what would be done')
    .action((options: { dryRun?: boolean }) =>
      withDatabase(async (db, config, ownerUrl) => {
        process.exitCode = await maintain({ db, ownerUrl, config }, options, say)
      }),
    )
  program
    .command('doctor')
    .description('check the configuration, the database and the parts this server needs')
    .action(async () => {
      process.exitCode = await doctor(process.env, say)
    })
  dbCommands(program.command('db').description('the database: its schema, tidying up, backups'), {
    migrated: (work) => withDatabase((_, __, ownerUrl) => work(ownerUrl)),
    ...{ asItIs, say },
  })
  program
    .command('report <name>')
    .description(`numbers of a business or of all: ${reportNames.join(', ')}`)
    .option('--business <id>', 'of this business; without it of all of them')
    .option('--from <time>', 'delivery, statuses and funnel: from when (default: 30 days before the end)')
    .option('--to <time>', 'and to when (default: now)')
    .option('--days <n>', 'volume and funnel: how many days back', Number, 30)
    .option('--limit <n>', 'lists: how many rows', Number, 50)
    .option('--json', 'as one line of JSON')
    .action((name: string, options: ReportOptions) => withDatabase((db) => report(db, name, options, say)))
  seedCommand(program.command('bench').description('measure this server; `npm run bench` has more'), (options) =>
    withDatabase(async (_, config, ownerUrl) => {
      const { faults } = await seed({ ownerUrl, config }, options, say)
      process.exitCode = faults.length === 0 ? 0 : 1
    }),
  )
  program
    .command('invite <email>')
    .description('make a business and its first owner')
    .requiredOption('--business <name>', 'name of the business')
    .option('--link', 'print a link with which the owner chooses their own password, instead of a password')
    .action((email: string, options: { business: string; link?: boolean }) =>
      withDatabase((db, config) => inviteOwner(db, config, email, options, say)),
    )
  program
    .command('password <email>')
    .description('make a new password for somebody')
    .option('--without-code', 'and take their authenticator away')
    .action((email: string, options: { withoutCode?: boolean }) => withDatabase((db) => newPassword(db, email, options, say)))
  const operator = program.command('operator').description('who runs this server, apart from the roles within a business')
  operator
    .command('add <email>')
    .description('make somebody who signs in here an operator')
    .action((email: string) => withDatabase((db) => addServerOperator(db, email, say)))
  operator
    .command('key')
    .description('make a key for programs that make and look after businesses; it is shown this once')
    .requiredOption('--name <name>', 'what it is for')
    .option('--scopes <list>', `what it may at most, separated by commas: ${platformActions.join(', ')}`)
    .action((options: { name: string; scopes?: string }) => withDatabase((db) => makeServerKey(db, options, say)))
  const tenant = program.command('tenant').description('the businesses on this server')
  tenant
    .command('list')
    .description('list them, newest first')
    .option('--status <status>', 'active, suspended or deleted; default: all but the deleted')
    .action((options: { status?: string }) => withDatabase((db) => listBusinesses(db, options, say)))
  for (const [name, what] of [
    ['suspend', 'keep what comes in, send nothing, refuse its keys'],
    ['resume', 'end that'],
    ['delete', 'gone for everybody; can be restored until it is purged'],
    ['restore', 'bring a deleted one back'],
  ] as const)
    tenant
      .command(`${name} <id>`)
      .description(what)
      .action((id: string) => withDatabase((db) => changeBusiness(db, name, id, say)))
  tenant
    .command('purge <id>')
    .description('erase a deleted one: its rows in every table, its files, its people who belong nowhere else')
    .option('--yes', 'really')
    .action((id: string, options: { yes?: boolean }) =>
      withDatabase(async (db, config) => {
        process.exitCode = await purge(db, config, { id, yes: options.yes ?? false }, say)
      }),
    )
  dlqCommands(program.command('dlq').description('what could not be taken in: look, replay, discard'), {
    withDatabase: (work) => withDatabase((db, _, ownerUrl) => work({ db, ownerUrl })),
    say,
  })
  const keys = program
    .command('keys', { isDefault: false })
    .description('the keys that seal stored credentials: which there are and what is under each')
    .action(() => withDatabase((db, config) => showKeys(config, db, say)))
  keys
    .command('rotate')
    .description('seal every stored secret again under the first key; servers may run meanwhile')
    .option('--new', 'put a new key before the others first (where the keys stand in a file)')
    .action((options: { new?: boolean }) =>
      withDatabase(async (db, config) => {
        process.exitCode = await rotateKeys(config, db, options, say)
      }),
    )
  keys
    .command('prune')
    .description('take keys out of the file under which nothing is sealed any more')
    .action(() => withDatabase((db, config) => pruneOldKeys(config, db, say)))
  try {
    await program.parseAsync(argv)
  } catch (error) {
    if (error instanceof ConfigError) complain(error.message)
    else complain(`Parley could not go on: ${(error as Error).message}`)
    process.exit(1)
  }
}
