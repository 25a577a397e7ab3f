/** A server killed in the middle of buying a number, at every call to the provider: one number in the end, and none that nobody knows of. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningSimulator, startTwilioSimulator } from '../../simulators/twilio/server.ts'
import { newId } from '../../src/kernel/ids.ts'
import type { NumberView } from '../../src/numbers/schema.ts'
import { createPool } from '../../src/platform/db/pool.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createApiKey } from '../../src/tenancy/api-keys.ts'
import { createTenant } from '../../src/tenancy/tenants.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { calls } from '../world/numbers.ts'
import { freePort, type ServerProcess, startProcess } from '../world/process.ts'
import { accountSid, authToken } from '../world/twilio.ts'
import { until } from '../world/until.ts'

let database: TestDatabase
let twilio: RunningSimulator
let owner: pg.Pool
let server: ServerProcess
let folder: string
let url: string
let environment: Record<string, string>

beforeAll(async () => {
  database = await createTestDatabase()
  owner = new pg.Pool({ connectionString: database.url, max: 2, options: '-c search_path=parley' })
  owner.on('error', () => {})
  twilio = await startTwilioSimulator({ accounts: [{ sid: accountSid, authToken }] })
  folder = await mkdtemp(join(tmpdir(), 'parley-numbers-'))
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  environment = {
    ...{ NODE_ENV: 'test', PORT: String(port), PARLEY_DATA_DIR: folder, PARLEY_DEMO: 'false', DATABASE_URL: database.url },
    ...{ PARLEY_SECRET_KEY: 'a key that only tests have, 32 long', TWILIO_API_URL: twilio.url, LOG_LEVEL: 'ERROR' },
    PARLEY_OUTBOUND_ALLOW: '127.0.0.1/32',
  }
  server = startProcess(environment)
  await server.ready
})
afterAll(async () => {
  await server?.end('SIGTERM')
  await twilio?.close()
  await owner?.end()
  await database?.drop()
  await rm(folder, { recursive: true, force: true })
})

const owned = () => [...twilio.simulator.world.numbers.values()].map(({ phoneNumber }) => phoneNumber)

/** A business with a key of its own. */
async function business() {
  const pool = createPool({ connectionString: database.url, size: 1, log: createLogger({ level: 'CRITICAL' }) })
  const tenantId = newId()
  const { key } = await inTenant({ pool }, tenantId, async (tx) => {
    await createTenant(tx, { publicId: `shop-${tenantId.slice(-8)}`, name: 'Shop', settings: { timezone: 'UTC' } })
    return await createApiKey(tx, { name: 'Numbers', role: 'admin' })
  })
  await pool.end()
  return async (method: string, path: string, body?: object) => {
    const response = await fetch(`${url}/api${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    return { status: response.status, body: (await response.json()) as NumberView }
  }
}

/** What the killed process had under lease is looked at as if the lease had ended. */
async function killed(): Promise<void> {
  await server.end('SIGKILL')
  await owner.query(`UPDATE phone_numbers SET lease_until = lease_until - interval '2 minutes' WHERE lease_until IS NOT NULL`)
  server = startProcess(environment)
  await server.ready
}

let n = 0
test.each(['buy', 'webhooks', 'service', 'join'] as const)(
  'killed while Twilio has done, and not answered, %s: it goes on where it was, and the number is bought once',
  async (step) => {
    const number = `+1415555020${n++}`
    twilio.simulator.addAvailable({
      ...{ phoneNumber: number, kind: 'Local', country: 'US' },
      capabilities: { voice: true, sms: true, mms: true },
    })
    const api = await business()
    expect((await api('PUT', '/numbers/provider', { accountSid, authToken })).status).toBe(200)
    const before = owned().length
    const id = twilio.simulator.faults.add({ match: calls[step], times: 1, action: { kind: 'silentAfter' } })
    const made = await api('POST', '/numbers', { number })
    expect(made.status).toBe(202)
    await until('Twilio was asked', () => twilio.simulator.faults.list().some((one) => one.id === id && one.used > 0))
    await until('Twilio has it', () => owned().includes(number))
    await killed()
    const now = await until('it is active', async () => {
      const { body } = await api('GET', `/numbers/${made.body.id}`)
      return body.status === 'active' ? body : undefined
    })
    expect(now).toMatchObject({ failure: null, waitingFor: null })
    expect(owned().filter((one) => one === number)).toEqual([number])
    expect(owned()).toHaveLength(before + 1)
    expect(twilio.simulator.world.services.size).toBe(before + 1)
  },
  90_000,
)

test('killed while it is given back: nothing stays paid', async () => {
  const number = `+1415555020${n++}`
  twilio.simulator.addAvailable({
    ...{ phoneNumber: number, kind: 'Local', country: 'US' },
    capabilities: { voice: true, sms: true, mms: true },
  })
  const api = await business()
  await api('PUT', '/numbers/provider', { accountSid, authToken })
  const { body } = await api('POST', '/numbers', { number })
  const is = (status: string) => until(status, async () => (await api('GET', `/numbers/${body.id}`)).body.status === status)
  await is('active')
  twilio.simulator.faults.add({ match: calls.give_back, times: 1, action: { kind: 'silentAfter' } })
  await api('POST', `/numbers/${body.id}/release`, {})
  await until('Twilio has it no more', () => !owned().includes(number))
  await killed()
  await is('released')
}, 90_000)
