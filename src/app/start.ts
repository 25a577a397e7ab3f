/** From configuration to a running server, and what it says about itself. */

import type { Config } from '../platform/config.ts'
import { createPool } from '../platform/db/pool.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import { type App, build, version } from './build.ts'
import { consoleBuilt } from './console.ts'
import { openDatabase } from './database.ts'
import type { Demo } from './demo.ts'

export interface Running {
  app: App
  stop(): Promise<void>
}

export async function start(config: Config, log: Logger, say: (line: string) => void): Promise<Running> {
  const database = await openDatabase(config, log)
  let app: App | undefined
  let demo: Demo | undefined
  try {
    // The simulators are only ever loaded where there is a demo.
    demo = await demoFor(config, database.url, database.embedded, log)
    app = await build({
      config: withMail(config, demo),
      databaseUrl: database.url,
      ownerUrl: database.ownerUrl,
      log,
      extraRoutes: demo?.mount,
    })
    const url = await app.listen()
    const signIn = await demo?.begin(app)
    say(greeting({ url, config, signIn: signIn ?? null, demo: demo !== undefined, people: await anybody(app.db) }))
  } catch (error) {
    demo?.stop()
    await app?.stop().catch(() => {})
    await database.stop()
    throw error
  }
  const running = app
  return {
    app: running,
    async stop() {
      demo?.stop()
      await running.stop()
      await database.stop()
    },
  }
}

async function demoFor(config: Config, url: string, embedded: boolean, log: Logger): Promise<Demo | undefined> {
  if (config.NODE_ENV === 'production' || config.PARLEY_ROLE !== 'all') return undefined
  const { createDemo, wantsDemo } = await import('./demo.ts')
  const pool = createPool({ connectionString: url, size: 2, log })
  try {
    return (await wantsDemo(config, { pool }, embedded)) ? await createDemo() : undefined
  } finally {
    await pool.end()
  }
}

/** Mail of a demo is shown instead of sent, unless a mail server is configured. */
const withMail = (config: Config, demo: Demo | undefined): Config =>
  demo && !config.SMTP_URL ? { ...config, ...demo.mail } : config

async function anybody(db: Database): Promise<boolean> {
  const { rows } = await db.pool.query<{ any: boolean }>('SELECT EXISTS (SELECT FROM users) AS any')
  return rows[0]?.any ?? false
}

interface Facts {
  url: string
  config: Config
  signIn: { email: string; password: string } | null
  demo: boolean
  people: boolean
}

/** Where to click, how to sign in the first time, what is absent. Nothing else is printed at start. */
export function greeting({ url, config, signIn, demo, people }: Facts): string {
  if (config.PARLEY_ROLE === 'worker') return `\n  Parley ${version} is running.\n\n  Worker      ${url}/health\n`
  const lines = ['', `  Parley ${version} is running.`, '', `  Console     ${url}`]
  if (demo)
    lines.push(
      `  Simulator   ${url}/simulator/   (write as a customer on WhatsApp)`,
      `  Telephones  ${url}/telephones/   (ring and text as a customer)`,
      ...(config.SMTP_URL ? [] : [`  Mails       ${url}/mails/   (what would have been mailed)`]),
    )
  lines.push(`  API         ${url}/api/docs`)
  if (signIn)
    lines.push(
      '',
      `  Sign in as ${signIn.email} with the password ${signIn.password}`,
      '  (shown this once; `node bin/parley password <e-mail>` makes a new one)',
    )
  if (!people)
    lines.push(
      '',
      '  Nobody can sign in yet. Whoever opens the console first becomes the first owner, and runs this server.',
      '  (`parley invite <e-mail> --business <name>` makes one from here.)',
    )
  const absent = absentParts(config, demo)
  if (absent.length > 0) lines.push('', `  Not configured: ${absent.join('; ')}.`)
  if (!consoleBuilt()) lines.push('', '  The console has not been built: npm run build:console')
  return `${lines.join('\n')}\n`
}

function absentParts(config: Config, demo: boolean): string[] {
  return [
    config.DATABASE_URL ? null : 'DATABASE_URL (using the embedded PostgreSQL in the data folder)',
    config.WHATSAPP_APP_SECRET
      ? null
      : `WHATSAPP_APP_SECRET (${demo ? 'the demo uses the simulator' : '/webhooks/whatsapp takes nothing'})`,
    config.PUBLIC_URL ? null : 'PUBLIC_URL (reachable from this machine only)',
    config.REDIS_URL ? null : 'REDIS_URL (look-ups are kept in memory)',
  ].filter((part) => part !== null)
}
