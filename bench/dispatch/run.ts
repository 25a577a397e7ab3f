/**
 * Dispatch: ten numbers with more to send than their pace allows, a provider 200 ms away. What counts is whether each number
 * keeps its pace, and what a message costs.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { newId } from '../../src/kernel/ids.ts'
import { startEmbedded } from '../../src/platform/db/embedded.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { createPool } from '../../src/platform/db/pool.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createSecrets } from '../../src/platform/secrets.ts'
import { storeCredentials } from '../../src/tenancy/credentials.ts'
import { cpuOfTree, median, residentMb, rounded } from '../measure.ts'
import { firstLine, type Options } from '../rounds.ts'
import { consoleAddress, serverSettings } from '../server.ts'

const numbers = 10
const pacePerSecond = 80
const delayMs = 200

interface Round {
  perSecond: number
  slowest: number
  p50: number
  p99: number
  serverUs: number
  postgresUs: number
  rss: number
  doubled: number
}

export async function dispatch(options: Options): Promise<void> {
  const folder = options.store ?? (await mkdtemp(join(tmpdir(), 'parley-bench-')))
  const database = await startEmbedded({ dataDir: folder, log: createLogger({ level: 'ERROR' }) })
  const postmaster = Number.parseInt(await readFile(join(folder, 'postgres/postmaster.pid'), 'utf8'), 10)
  const owner = new pg.Client({ connectionString: database.ownerUrl, options: '-c search_path=parley' })
  const provider = spawn(process.execPath, [new URL('provider.ts', import.meta.url).pathname, String(delayMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const providerUrl = await firstLine(provider)
    await migrate(database.ownerUrl)
    await owner.connect()
    const settings: Record<string, string> = {
      ...serverSettings(database.ownerUrl, join(folder, 'server')),
      PARLEY_OUTBOUND_ALLOW: '127.0.0.0/8',
      WHATSAPP_GRAPH_URL: providerUrl,
    }
    const accounts = await arrange(owner, database.ownerUrl, settings.PARLEY_SECRET_KEY as string, providerUrl)
    const rounds: Round[] = []
    for (let n = 1; n <= options.rounds; n++) {
      // The months of the store, so that upkeep has nothing to move during the measurement.
      await owner.query('SELECT parley.maintain_messages_partitions()')
      await queue(owner, accounts, pacePerSecond * (options.seconds + 10))
      rounds.push(await oneRound(options, { owner, postmaster, provider, settings }))
      const last = rounds.at(-1) as Round
      process.stderr.write(
        `round ${n}: ${Math.round(last.perSecond)}/s, the slowest number ${rounded(last.slowest)}/s, p50 ${rounded(last.p50)} ms, p99 ${rounded(last.p99)} ms, ${Math.round(last.serverUs + last.postgresUs)} µs a message\n`,
      )
    }
    const mid = (pick: (round: Round) => number, digits = 0) => rounded(median(rounds.map(pick)), digits)
    const report = {
      bench: 'dispatch',
      numbers,
      pace_per_second: pacePerSecond,
      provider_ms: delayMs,
      per_second: mid((r) => r.perSecond),
      slowest_number_per_second: mid((r) => r.slowest, 1),
      // The account's pace is the floor here: 1 is all that may be sent.
      ratio: mid((r) => r.perSecond / (numbers * pacePerSecond), 3),
      speedup: null,
      p50_ms: mid((r) => r.p50, 1),
      p99_ms: mid((r) => r.p99, 1),
      cpu_us_per_message: mid((r) => r.serverUs + r.postgresUs),
      server_us: mid((r) => r.serverUs),
      postgres_us: mid((r) => r.postgresUs),
      rss_mb: Math.max(...rounds.map((r) => r.rss)),
      doubled: rounds.reduce((sum, r) => sum + r.doubled, 0),
      rounds: rounds.length,
      machine: `${cpus().length} × ${cpus()[0]?.model}`,
    }
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    provider.kill('SIGTERM')
    await owner.end()
    await database.stop()
    if (!options.store) await rm(folder, { recursive: true, force: true })
  }
}

interface Account {
  tenantId: string
  accountId: string
}

async function arrange(owner: pg.Client, url: string, key: string, providerUrl: string): Promise<Account[]> {
  const pool = createPool({ connectionString: url, size: 2, log: createLogger({ level: 'ERROR' }) })
  const secrets = createSecrets([key])
  const all: Account[] = []
  for (let n = 0; n < numbers; n++) {
    const [tenantId, accountId, phone] = [newId(), newId(), `1${Date.now()}${n}`]
    await owner.query(`INSERT INTO tenants (id, tenant_id, name) VALUES ($1, $2, 'Bench')`, [tenantId, `dispatch-${phone}`])
    await owner.query(
      `INSERT INTO channel_accounts (tenant_id, id, channel, provider, external_id, portfolio_id, name, state) VALUES ($1, $2, 'whatsapp', 'whatsapp-cloud', $3, 'portfolio', 'Bench', 'connected')`,
      [tenantId, accountId, phone],
    )
    await owner.query(
      `INSERT INTO tenant_whatsapp_config (tenant_id, channel_account_id, phone_number_id, waba_id, graph_url) VALUES ($1, $2, $3, '102290129340398', $4)`,
      [tenantId, accountId, phone, providerUrl],
    )
    await inTenant({ pool }, tenantId, (tx) =>
      storeCredentials(tx, secrets, { type: 'channel_account', subject: accountId, values: { accessToken: 'token' } }),
    )
    all.push({ tenantId, accountId })
  }
  await pool.end()
  return all
}

/** `count` queued lines for each number, each to a customer of its own. */
async function queue(owner: pg.Client, accounts: readonly Account[], count: number): Promise<void> {
  for (const { tenantId, accountId } of accounts) {
    await owner.query(
      `WITH n AS MATERIALIZED (SELECT i, uuid7() AS contact, uuid7() AS conversation, uuid7() AS message FROM generate_series(1, $3::int) i),
       k AS (INSERT INTO contacts (tenant_id, id, name) SELECT $1::uuid, contact, 'Customer ' || i FROM n),
       a AS (INSERT INTO contact_identities (tenant_id, scope, kind, value, contact_id) SELECT $1::uuid, '', 'wa_id', '49' || (extract(epoch FROM now())::bigint % 100000) || lpad(i::text, 6, '0'), contact FROM n),
       c AS (INSERT INTO conversations (tenant_id, id, channel_account_id, contact_id, last_seq, message_count, window_expires_at)
               SELECT $1::uuid, conversation, $2::uuid, contact, 1, 1, now() + interval '20 hours' FROM n),
       t AS (INSERT INTO message_tracking (tenant_id, id, channel_account_id, conversation_id, direction, status, status_at, created_at)
               SELECT $1::uuid, message, $2::uuid, conversation, 'OUTBOUND', 'queued', now(), now() FROM n),
       m AS (INSERT INTO messages (tenant_id, id, conversation_id, contact_id, seq, direction, sender, type, content, body, occurred_at, created_at)
               SELECT $1::uuid, message, conversation, contact, 1, 'outbound', 'human', 'text', 'On our way.', '{"type":"text","text":"On our way."}', now(), now() FROM n)
       INSERT INTO conversation_lanes (tenant_id, conversation_id, kind, channel_account_id, ready_at) SELECT $1::uuid, conversation, 'send', $2::uuid, now() FROM n`,
      [tenantId, accountId, count],
    )
  }
  await owner.query('UPDATE channel_accounts SET pace_tokens = 0, pace_at = now()')
  for (const table of ['conversations', 'messages', 'message_tracking', 'conversation_lanes', 'contacts', 'contact_identities'])
    await owner.query(`ANALYZE ${table}`)
}

interface Place {
  owner: pg.Client
  postmaster: number
  provider: ReturnType<typeof spawn>
  settings: Record<string, string>
}

type Taken = Record<string, { count: number; first: number; last: number }>

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function takenBy(provider: Place['provider']): Promise<Taken> {
  const answer = firstLine(provider)
  provider.kill('SIGUSR2')
  return JSON.parse(await answer) as Taken
}

async function oneRound(options: Options, { owner, postmaster, provider, settings }: Place): Promise<Round> {
  const server = spawn(process.execPath, [new URL('../../src/main.ts', import.meta.url).pathname, 'start'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: settings,
  })
  await consoleAddress(server)
  const pid = server.pid as number
  await wait(3000)
  await takenBy(provider)
  const before = { server: cpuOfTree(pid), postgres: cpuOfTree(postmaster), at: performance.now() }
  const { rows: began } = await owner.query<{ now: Date }>('SELECT clock_timestamp() AS now')
  await wait(options.seconds * 1000)
  const taken = await takenBy(provider)
  const seconds = (performance.now() - before.at) / 1000
  const used = { server: cpuOfTree(pid) - before.server, postgres: cpuOfTree(postmaster) - before.postgres }
  const rss = residentMb(pid)
  server.kill('SIGTERM')
  await new Promise((resolve) => server.once('exit', resolve))
  const counts = Object.values(taken).map(({ count }) => count)
  const sent = counts.reduce((sum, count) => sum + count, 0)
  // From the claim to the recorded answer, the provider's own time left out.
  const { rows } = await owner.query<{ p50: number; p99: number; doubled: number }>(
    `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at) * 1000) AS p50,
            percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at) * 1000) AS p99,
            (count(*) - count(DISTINCT message_id))::int AS doubled
       FROM send_attempts WHERE started_at > $1 AND finished_at IS NOT NULL`,
    [began[0]?.now],
  )
  return {
    perSecond: sent / seconds,
    slowest: Math.min(...counts) / seconds,
    p50: (rows[0]?.p50 ?? Number.NaN) - delayMs,
    p99: (rows[0]?.p99 ?? Number.NaN) - delayMs,
    serverUs: used.server / sent,
    postgresUs: used.postgres / sent,
    rss,
    doubled: rows[0]?.doubled ?? 0,
  }
}
