/**
 * Very many callers on a server in a process of its own that is killed again and again; every webhook comes up to five times at
 * once. What came to each telephone in the end is compared with what should have. Everything random comes from the seed.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Answering, CustomerCall } from '../../simulators/twilio/index.ts'
import { newId } from '../../src/kernel/ids.ts'
import { createPool } from '../../src/platform/db/pool.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createSecrets } from '../../src/platform/secrets.ts'
import { createTenant } from '../../src/tenancy/tenants.ts'
import { type CallsReport, checkCalls, type Expected } from './calls-check.ts'
import { freePort, type ServerProcess, startProcess } from './process.ts'
import { type Seeded, seeded } from './seeded.ts'
import { startTelephones, type Telephones } from './telephones.ts'
import { until } from './until.ts'

export interface CallsPlan {
  seed: number
  /** A migrated database that survives the server; its owner. */
  databaseUrl: string
  callers: number
  /** How often the server is killed -9 while they ring. */
  kills: number
  /** Callers who begin to ring within a second, at most. */
  perSecond: number
  say?: (line: string) => void
}

export type CallsResult = CallsReport & { seed: number; kills: number; seconds: number }

const key = 'a key that only tests have, 32 long'
const forwardTo = '+14155550001'

export async function runCalls(plan: CallsPlan): Promise<CallsResult> {
  const began = performance.now()
  const folder = await mkdtemp(join(tmpdir(), 'parley-calls-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const pool = createPool({ connectionString: plan.databaseUrl, size: 2, log: createLogger({ level: 'CRITICAL' }) })
  const owner = new pg.Pool({ connectionString: plan.databaseUrl, max: 2, options: '-c search_path=parley' })
  owner.on('error', () => {})
  const environment = {
    ...{ NODE_ENV: 'test', PORT: String(port), PUBLIC_URL: url, PARLEY_DATA_DIR: folder, PARLEY_SECRET_KEY: key },
    ...{ PARLEY_DEMO: 'false', DATABASE_URL: plan.databaseUrl, LOG_LEVEL: 'ERROR' },
  }
  let server: ServerProcess = startProcess(environment)
  let phones: Telephones | undefined
  try {
    await server.ready
    const tenantId = newId()
    await inTenant({ pool }, tenantId, async (tx) => {
      await createTenant(tx, { publicId: tenantId, name: 'Calls', settings: { timezone: 'UTC', language: 'en' } })
      const { rowCount } = await tx.query('UPDATE business_settings SET forward_to = $2 WHERE tenant_id = $1', [
        tenantId,
        forwardTo,
      ])
      if (rowCount !== 1) throw new Error('The business has no settings.')
    })
    const app = { db: { pool }, secrets: createSecrets([key]) }
    phones = await startTelephones({ app, url, business: { tenantId } } as never, {
      ...{ seed: plan.seed, fetch: patient, keepDeliveries: 5000 },
      latency: { webhook: [1, 20], sent: [2, 10], delivered: [5, 20] },
    })
    phones.simulator.faults.add({ probability: 0.5, action: { kind: 'duplicateWebhook', copies: 4 } })
    phones.simulator.faults.add({ probability: 0.5, action: { kind: 'duplicateWebhook', copies: 1 } })
    const expected: Expected[] = []
    const ringing = ringAll(plan, phones, expected)
    for (let n = 1; n <= plan.kills; n++) {
      await until('so many have rung', () => expected.length >= (plan.callers * n) / (plan.kills + 1), { timeoutMs: 3_600_000 })
      await server.end('SIGKILL')
      server = startProcess(environment)
      await server.ready
      plan.say?.(`killed after ${expected.length} callers`)
    }
    await ringing
    plan.say?.('all have rung')
    await allOver(expected, phones)
    plan.say?.('all calls are over')
    // The last kill: what it leaves under a lease is old when the next process looks.
    await server.end('SIGKILL')
    await owner.query(`UPDATE conversation_lanes SET lease_until = lease_until - interval '1 minute'`)
    server = startProcess(environment)
    await server.ready
    await settled(owner, phones)
    const report = await checkCalls({ owner, tenantId, phones, expected })
    return { seed: plan.seed, kills: plan.kills + 1, seconds: Math.round((performance.now() - began) / 100) / 10, ...report }
  } finally {
    await server.end('SIGTERM')
    await phones?.close()
    await pool.end()
    await owner.end()
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * What stands before a server that is started again holds a request until somebody takes it. One that breaks off while it is
 * answered is a failure, and asked again by the provider, as the address says.
 */
const patient: typeof fetch = async (input, init) => {
  for (let tries = 0; ; tries++) {
    try {
      return await fetch(input, init)
    } catch (error) {
      if ((error as { cause?: { code?: string } }).cause?.code !== 'ECONNREFUSED' || tries > 200) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

type Kind = 'nobody' | 'busy' | 'failed' | 'gone' | 'person' | 'withheld' | 'own' | 'thrice'
const kinds: readonly Kind[] = ['nobody', 'nobody', 'busy', 'failed', 'gone', 'person', 'person', 'withheld', 'own', 'thrice']

async function ringAll(plan: CallsPlan, phones: Telephones, expected: Expected[]): Promise<void> {
  const random = seeded(plan.seed)
  for (let n = 0; n < plan.callers; n++) {
    expected.push(oneCaller(phones, random, n))
    await new Promise((resolve) => setTimeout(resolve, 1000 / plan.perSecond))
  }
}

/** A second on the provider's record: where no webhook came, a call that lasted none says nobody was talked to. */
const talkMs = 600

function oneCaller(phones: Telephones, random: Seeded, n: number): Expected {
  const kind = kinds[random.between(0, kinds.length - 1)] as Kind
  const phone = kind === 'withheld' ? '+266696687' : kind === 'own' ? forwardTo : `+1628${String(2_000_000 + n)}`
  const answering: Answering =
    kind === 'person'
      ? { kind: 'person', afterMs: 30, talkMs }
      : kind === 'busy' || kind === 'failed'
        ? { kind }
        : { kind: 'nobody', afterMs: 60 }
  const more: Partial<CustomerCall> = {
    ...(kind === 'gone' ? { hangsUpAfterMs: 20 } : {}),
    statusFirst: random.between(0, 3) === 0,
    withoutBridged: random.between(0, 9) === 0 && kind !== 'person',
  }
  const calls = Array.from({ length: kind === 'thrice' ? 3 : 1 }, () => phones.rings(phone, answering, more))
  const missed = kind !== 'person'
  return {
    ...{ phone, calls, outcome: missed ? 'missed' : 'answered' },
    texts: missed && kind !== 'withheld' && kind !== 'own' ? 1 : 0,
    lead: missed && kind !== 'own',
  }
}

async function allOver(expected: readonly Expected[], phones: Telephones): Promise<void> {
  const open = () => expected.flatMap(({ calls }) => calls).filter(({ endedAt }) => endedAt === null).length
  await until('all calls are over', () => open() === 0, { timeoutMs: 120_000, seen: open })
  await phones.simulator.settle(30_000)
}

/** Every call is decided, and nothing waits to be sent or is under way. */
async function settled(owner: pg.Pool, phones: Telephones): Promise<void> {
  const left = async () => {
    const { rows } = await owner.query(
      `SELECT (SELECT count(*) FROM calls WHERE outcome IS NULL OR NOT processed)::int AS calls,
              (SELECT count(*) FROM message_tracking WHERE direction = 'OUTBOUND' AND status IN ('queued', 'sending'))::int AS texts`,
    )
    return rows[0] as { calls: number; texts: number }
  }
  await until(
    'all is decided and sent',
    async () => {
      const { calls, texts } = await left()
      return calls === 0 && texts === 0
    },
    { timeoutMs: 300_000, seen: left },
  )
  await phones.simulator.settle(30_000)
}
