import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, webhook } from '../../test/world/arrange.ts'
import { agentSays, bridgeWorld, makeCentre } from '../../test/world/centre.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { signCentre } from '../../test/world/scripted-centre.ts'
import { until } from '../../test/world/until.ts'
import { receiveBatch } from '../conversations/receive.ts'
import { isUnavailable } from '../platform/db/errors.ts'
import { createHttp } from '../platform/http.ts'
import { openSpool } from '../platform/spool.ts'
import { startBridge } from './bridge.ts'
import type { Address } from './known-addresses.ts'
import { Held } from './receive.ts'
import { centreWebhookRoutes, takeSpooled } from './webhook-routes.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

/** The routes, for a customer who has a session. `lookUp`: how the nth look-up goes, before it finds the address. */
async function listen(lookUp: (n: number) => Promise<unknown> | undefined) {
  const account = await makeCentre(db)
  const world = bridgeWorld(db)
  const customer = `1650${digits(7)}`
  await receiveBatch({ db, log: world.deps.log }, [webhook(inboundText(account, customer, 'hello'))])
  const bridge = startBridge(world.deps, { pollMs: 20 })
  await bridge.idle()
  await bridge.stop()
  const secret = `signs ${account.slug}`
  const address: Address = {
    ...{ tenantId: account.tenantId, integrationIds: [account.integrationId] },
    secrets: [{ secret, until: null }],
  }
  const folder = await mkdtemp(join(tmpdir(), 'parley-turns-'))
  const spool = await openSpool({
    ...{ folder, log: world.deps.log, take: takeSpooled(world.deps, db), isPassing: isUnavailable, maxBytes: 1 << 20 },
    ...{ isHeld: (error: unknown) => error instanceof Held, everyMs: 50 },
  })
  let asked = 0
  const find = async () => {
    await lookUp(asked++)
    return address
  }
  const server = await createHttp({ log: world.deps.log, proxies: 0, version: '0' })
  await server.register(centreWebhookRoutes, {
    ...{ prefix: '/webhooks', deps: world.deps, intake: db, spool, addresses: { find, remembered: () => address } },
  })
  return {
    async say(text: string, signedWith = secret): Promise<number> {
      const line = agentSays(account, { conversationId: world.centre.open.get(customer) ?? '', customerId: customer }, text)
      const payload = JSON.stringify({ events: [line] })
      const headers = { 'x-centre-signature': signCentre(signedWith, Buffer.from(payload)) }
      return (await server.inject({ method: 'POST', url: `/webhooks/genesys/${account.slug}`, headers, payload })).statusCode
    },
    /** What agents said, once nothing waits on the disk. */
    async said(): Promise<string[]> {
      await until('nothing waits', () => spool.waiting().files === 0)
      const { rows } = await db.owner.query(
        `SELECT content FROM messages WHERE tenant_id = $1 AND direction = 'outbound' ORDER BY seq`,
        [account.tenantId],
      )
      return rows.map(({ content }) => content)
    },
    async close(): Promise<void> {
      await spool.stop()
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

test('lines of one customer stay in the order in which they came, whatever their look-ups took', async () => {
  const waits = [120, 0, 60, 0, 0]
  const { say, said, close } = await listen((n) => new Promise((resolve) => setTimeout(resolve, waits[n])))
  const answers = await Promise.all([say('one'), say('two'), say('three', 'another secret'), say('four'), say('five')])
  expect(answers).toEqual([200, 200, 401, 200, 200])
  expect(await said()).toEqual(['one', 'two', 'four', 'five'])
  await close()
})

test('lines that come while the database is back for some of them and not yet for others stay in their order', async () => {
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  for (let round = 0; round < 5; round++) {
    const { say, said, close } = await listen((n) => (n < 3 ? Promise.reject(away) : undefined))
    const lines = Array.from({ length: 10 }, (_, n) => `line ${n}`)
    expect(await Promise.all(lines.map((line) => say(line)))).toEqual(lines.map(() => 200))
    expect(await said()).toEqual(lines)
    await close()
  }
})
