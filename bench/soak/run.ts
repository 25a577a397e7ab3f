/**
 * Soak: one server under a steady load for a long time, its memory looked at every ten seconds. Requests leave at a steady
 * rate whatever comes back; what is under way is bounded, as a provider bounds it.
 */
import { Agent, request } from 'node:http'
import { cpus } from 'node:os'
import pg from 'pg'
import { newId } from '../../src/kernel/ids.ts'
import { appSecret, makeBody, phoneNumberId, sign } from '../intake/payload.ts'
import { quantile, residentMb, rounded } from '../measure.ts'
import { startServer } from '../server.ts'

export interface SoakOptions {
  json: boolean
  minutes: number
  /** Messages a second. */
  rate: number
}

const lookMs = 10_000
const mostUnderWay = 500

export async function soak(options: SoakOptions): Promise<void> {
  const server = await startServer({ WHATSAPP_APP_SECRET: appSecret })
  const owner = new pg.Client({ connectionString: server.ownerUrl, options: '-c search_path=parley' })
  await owner.connect()
  try {
    const [tenantId, accountId] = [newId(), newId()]
    await owner.query(`INSERT INTO tenants (id, tenant_id, name) VALUES ($1, 'bench', 'Bench')`, [tenantId])
    await owner.query(
      `INSERT INTO channel_accounts (tenant_id, id, channel, provider, external_id, portfolio_id, name) VALUES ($1, $2, 'whatsapp', 'whatsapp-cloud', $3, 'portfolio', 'Bench')`,
      [tenantId, accountId, phoneNumberId],
    )
    const looks: { minute: number; mb: number }[] = []
    const began = performance.now()
    const watch = setInterval(() => {
      looks.push({ minute: (performance.now() - began) / 60_000, mb: residentMb(server.pid) })
      const last = looks.at(-1)
      if (looks.length % 6 === 0) process.stderr.write(`minute ${Math.round(last?.minute ?? 0)}: ${last?.mb} MB\n`)
    }, lookMs)
    const { acked, refused, latencies } = await load(`${server.url}/webhooks/whatsapp`, options)
    clearInterval(watch)
    const { rows } = await owner.query<{ n: number }>('SELECT count(*)::int AS n FROM message_tracking')
    // The first fifth warms up: caches fill, code is compiled.
    const settled = looks.slice(Math.ceil(looks.length / 5))
    const third = Math.ceil(settled.length / 3)
    const mean = (part: typeof looks) => part.reduce((sum, look) => sum + look.mb, 0) / Math.max(1, part.length)
    const report = {
      bench: 'soak',
      minutes: options.minutes,
      rate: options.rate,
      per_second: rounded(acked / (options.minutes * 60)),
      acked,
      refused,
      lost: Math.max(0, acked - (rows[0]?.n ?? 0)),
      p50_ms: rounded(quantile(latencies, 0.5)),
      p99_ms: rounded(quantile(latencies, 0.99)),
      rss_mb: Math.max(...looks.map((look) => look.mb)),
      rss_early_mb: Math.round(mean(settled.slice(0, third))),
      rss_late_mb: Math.round(mean(settled.slice(-third))),
      // Late by early: 1 is flat.
      ratio: rounded(mean(settled.slice(-third)) / mean(settled.slice(0, third)), 3),
      machine: `${cpus().length} × ${cpus()[0]?.model}`,
    }
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    await owner.end()
    await server.stop()
  }
}

async function load(url: string, { minutes, rate }: SoakOptions) {
  const target = new URL(url)
  const agent = new Agent({ keepAlive: true, maxSockets: 128 })
  const latencies: number[] = []
  let [acked, refused, underWay, n] = [0, 0, 0, 0]
  const one = (): void => {
    const body = makeBody('soak', n++)
    const since = performance.now()
    underWay += 1
    const ended = (status: number) => {
      underWay -= 1
      if (status !== 200) refused += 1
      else {
        acked += 1
        // One in twenty is enough for quantiles, and keeps this process small.
        if (acked % 20 === 0) latencies.push(performance.now() - since)
      }
    }
    const call = request(
      {
        ...{ agent, host: target.hostname, port: target.port, path: target.pathname, method: 'POST' },
        headers: { 'content-type': 'application/json', 'content-length': body.length, 'x-hub-signature-256': sign(body) },
      },
      (response) => {
        response.resume()
        response.once('end', () => ended(response.statusCode ?? 0))
      },
    )
    call.once('error', () => ended(0))
    call.end(body)
  }
  const began = performance.now()
  while (performance.now() - began < minutes * 60_000) {
    const due = Math.floor(((performance.now() - began) / 1000) * rate)
    while (n < due && underWay < mostUnderWay) one()
    // What could not be sent in time is not made up for.
    n = Math.max(n, due - rate)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  while (underWay > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  agent.destroy()
  return { acked, refused, latencies: latencies.sort((a, b) => a - b) }
}
