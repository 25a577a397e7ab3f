/**
 * Calls: so many missed calls a minute at a number, for some minutes, with one restart of the server in the middle. What counts is
 * how long after the provider said that nobody answered it has the text for the caller, and that it has one for each.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Call } from '../../simulators/twilio/index.ts'
import { newId } from '../../src/kernel/ids.ts'
import { startEmbedded } from '../../src/platform/db/embedded.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { createPool } from '../../src/platform/db/pool.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createSecrets } from '../../src/platform/secrets.ts'
import { createTenant } from '../../src/tenancy/tenants.ts'
import { freePort } from '../../test/world/process.ts'
import { startTelephones, type Telephones } from '../../test/world/telephones.ts'
import { until } from '../../test/world/until.ts'
import { cpuOfTree, median, quantile, residentMb, rounded } from '../measure.ts'
import { consoleAddress, serverSettings } from '../server.ts'

interface Options {
  json: boolean
  minutes: number
  /** Missed calls a minute. */
  rate: number
}

/** The text is promised within five seconds for nineteen of twenty callers. */
const goalMs = 5000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export async function calls(options: Options): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  const database = await startEmbedded({ dataDir: folder, log: createLogger({ level: 'ERROR' }) })
  await migrate(database.ownerUrl)
  const pool = createPool({ connectionString: database.ownerUrl, size: 2, log: createLogger({ level: 'ERROR' }) })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const settings: Record<string, string> = {
    ...serverSettings(database.ownerUrl, join(folder, 'server')),
    ...{ PORT: String(port), PUBLIC_URL: url, PARLEY_OUTBOUND_ALLOW: '127.0.0.0/8' },
  }
  let server = await start(settings)
  let phones: Telephones | undefined
  try {
    const tenantId = newId()
    await inTenant({ pool }, tenantId, async (tx) => {
      await createTenant(tx, { publicId: tenantId, name: 'Bench', settings: { timezone: 'UTC', language: 'en' } })
      await tx.query(`UPDATE business_settings SET forward_to = '+14155550001' WHERE tenant_id = $1`, [tenantId])
    })
    const app = { db: { pool }, secrets: createSecrets([settings.PARLEY_SECRET_KEY as string]) }
    phones = await startTelephones({ app, url, business: { tenantId } } as never, {
      fetch: patient,
      latency: { webhook: [0, 0], sent: [50, 200], delivered: [100, 600] },
    })
    const rung: { phone: string; call: Call }[] = []
    const floor: number[] = []
    const total = Math.round(options.minutes * options.rate)
    let restarted = false
    for (let n = 0; n < total; n++) {
      const phone = `+1628${2_000_000 + n}`
      rung.push({ phone, call: phones.rings(phone, { kind: 'nobody', afterMs: 200 }) })
      if (n % 10 === 0) floor.push(await bare(phones))
      if (!restarted && n >= total / 2) {
        restarted = true
        server = await again(server, settings)
      }
      await pause(60_000 / options.rate)
    }
    const waits = await textTimes(phones, rung)
    const sorted = waits.filter((wait) => wait !== null).sort((a, b) => a - b)
    const sent = Map.groupBy(phones.simulator.sent, ({ to }) => to)
    const report = {
      ...{ bench: 'calls', calls: total, calls_per_minute: options.rate, minutes: options.minutes, restarts: 1 },
      texts: rung.filter(({ phone }) => sent.has(phone)).length,
      doubled: rung.filter(({ phone }) => (sent.get(phone)?.length ?? 0) > 1).length,
      missing: waits.filter((wait) => wait === null).length,
      ...{
        p50_ms: rounded(quantile(sorted, 0.5)),
        p95_ms: rounded(quantile(sorted, 0.95)),
        p99_ms: rounded(quantile(sorted, 0.99)),
      },
      ...{ max_ms: rounded(sorted.at(-1) ?? Number.NaN), goal_p95_ms: goalMs, met: quantile(sorted, 0.95) <= goalMs },
      // One request to the same provider, with nothing before it.
      floor_ms: rounded(median(floor), 2),
      ratio: rounded(median(floor) / quantile(sorted, 0.5), 3),
      cpu_ms_per_call: rounded(cpuOfTree(server.pid as number) / 1000 / (total / 2)),
      rss_mb: residentMb(server.pid as number),
      machine: `${cpus().length} × ${cpus()[0]?.model}`,
    }
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, null, 2)}\n`)
    if (!report.met || report.doubled + report.missing > 0) process.exitCode = 1
  } finally {
    await stop(server)
    await phones?.close()
    await pool.end()
    await database.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** From when the provider began to say that nobody answered until it had the text; null where there is none. */
async function textTimes(phones: Telephones, rung: readonly { phone: string; call: Call }[]): Promise<(number | null)[]> {
  const { simulator } = phones
  await until('every caller has a text', () => rung.every(({ phone }) => simulator.sent.some(({ to }) => to === phone)), {
    timeoutMs: 60_000,
  }).catch(() => {})
  const told = new Map<string, number>()
  for (const { params, createdAt, kind } of simulator.deliveries)
    if (kind === 'voice' && params.DialCallStatus) told.set(params.CallSid ?? '', createdAt)
  const texts = new Map(simulator.sent.map(({ to, createdAt }) => [to, createdAt]))
  return rung.map(({ phone, call }) => {
    const [from, to] = [told.get(call.sid), texts.get(phone)]
    return from === undefined || to === undefined ? null : to - from
  })
}

/** Milliseconds of one text sent to the provider directly. */
async function bare(phones: Telephones): Promise<number> {
  const began = performance.now()
  const response = await fetch(`${phones.apiUrl}/2010-04-01/Accounts/${phones.accountSid}/Messages.json`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${phones.accountSid}:${phones.authToken}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ To: '+16285550199', From: phones.number, Body: 'floor' }).toString(),
  })
  await response.text()
  return performance.now() - began
}

/** A balancer in front of a server that is started again holds what comes meanwhile. */
const patient: typeof fetch = async (input, init) => {
  for (let tries = 0; ; tries++) {
    try {
      return await fetch(input, init)
    } catch (error) {
      if ((error as { cause?: { code?: string } }).cause?.code !== 'ECONNREFUSED' || tries > 200) throw error
      await pause(50)
    }
  }
}

async function start(settings: Record<string, string>): Promise<ChildProcess> {
  const child = spawn(process.execPath, [new URL('../../src/main.ts', import.meta.url).pathname, 'start'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: settings,
  })
  await consoleAddress(child)
  return child
}

async function again(server: ChildProcess, settings: Record<string, string>): Promise<ChildProcess> {
  await stop(server)
  return await start(settings)
}

async function stop(server: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGTERM')
  await ended
}
