/**
 * Fairness: how long nine businesses wait while a tenth keeps to its share, and while it sends fifty times that. Alternating
 * in one run, so that the machine's own moods meet both.
 */
import { spawn } from 'node:child_process'
import { cpus } from 'node:os'
import pg from 'pg'
import { newId } from '../../src/kernel/ids.ts'
import { createPool } from '../../src/platform/db/pool.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createApiKey } from '../../src/tenancy/api-keys.ts'
import { median, quantile, rounded } from '../measure.ts'
import { startServer } from '../server.ts'
import type { Plan, Seen, Sender } from './load.ts'

const appSecret = 'bench-app-secret-0123456789'
const businesses = 10
const share = 10
const excess = 50

export async function fairness(options: { json: boolean; rounds: number; seconds: number }): Promise<void> {
  const server = await startServer({ WHATSAPP_APP_SECRET: appSecret })
  try {
    const all = await arrange(server.ownerUrl)
    const report: Record<string, unknown> = { bench: 'fairness', businesses, share_per_second: share, excess }
    for (const kind of ['api', 'webhook'] as const) {
      const pairs: { calm: number; crowded: number }[] = []
      await phase(server.url, kind, all, 1, Math.min(3, options.seconds), `${kind}-warm`)
      for (let n = 1; n <= options.rounds; n++) {
        const calm = await phase(server.url, kind, all, 1, options.seconds, `${kind}-c${n}`)
        const crowded = await phase(server.url, kind, all, excess, options.seconds, `${kind}-x${n}`)
        const pair = { calm: quantile(calm.latencies, 0.95), crowded: quantile(crowded.latencies, 0.95) }
        pairs.push(pair)
        process.stderr.write(
          `${kind} round ${n}: p95 of the others ${rounded(pair.calm, 2)} ms, with one at ${excess} times its share ${rounded(pair.crowded, 2)} ms (${rounded(pair.crowded / pair.calm, 2)}×); others ${JSON.stringify(crowded.answers)}, that one ${JSON.stringify(crowded.greedyAnswers)}\n`,
        )
      }
      report[kind] = {
        p95_ms: rounded(median(pairs.map((p) => p.calm)), 2),
        p95_crowded_ms: rounded(median(pairs.map((p) => p.crowded)), 2),
        ratio: rounded(median(pairs.map((p) => p.crowded / p.calm)), 3),
        range: [Math.min(...pairs.map((p) => p.crowded / p.calm)), Math.max(...pairs.map((p) => p.crowded / p.calm))].map((r) =>
          rounded(r, 2),
        ),
      }
    }
    report.rounds = options.rounds
    report.machine = `${cpus().length} × ${cpus()[0]?.model}`
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    await server.stop()
  }
}

interface Business {
  key: string
  phoneNumberId: string
}

async function arrange(ownerUrl: string): Promise<Business[]> {
  const owner = new pg.Client({ connectionString: ownerUrl, options: '-c search_path=parley' })
  await owner.connect()
  const pool = createPool({ connectionString: ownerUrl, size: 2, log: createLogger({ level: 'ERROR' }) })
  const all: Business[] = []
  for (let n = 0; n < businesses; n++) {
    const [tenantId, accountId, phoneNumberId] = [newId(), newId(), String(106_540_352_242_900 + n)]
    // Its own requests a minute are its share; what is beyond is turned away.
    await owner.query(`INSERT INTO tenants (id, tenant_id, name, rate_limit) VALUES ($1, $2, 'Bench', $3)`, [
      tenantId,
      `bench-${n}`,
      share * 60,
    ])
    await owner.query(
      `INSERT INTO channel_accounts (tenant_id, id, channel, provider, external_id, name) VALUES ($1, $2, 'whatsapp', 'whatsapp-cloud', $3, 'Bench')`,
      [tenantId, accountId, phoneNumberId],
    )
    const { key } = await inTenant({ pool }, tenantId, (tx) => createApiKey(tx, { name: 'Bench', role: 'agent' }))
    all.push({ key, phoneNumberId })
  }
  await pool.end()
  await owner.end()
  return all
}

async function phase(
  url: string,
  kind: Sender['kind'],
  all: Business[],
  times: number,
  seconds: number,
  run: string,
): Promise<Seen> {
  const plan: Plan = {
    ...{ url, appSecret, seconds, run },
    // The others stay below their limit whatever the window does.
    senders: all.map((business, n) => ({
      ...business,
      kind,
      greedy: n === 0,
      perSecond: n === 0 ? share * times : share * 0.9,
    })),
  }
  const child = spawn(process.execPath, [new URL('load.ts', import.meta.url).pathname], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(plan))
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await new Promise((resolve) => child.once('close', resolve))
  return JSON.parse(output) as Seen
}
