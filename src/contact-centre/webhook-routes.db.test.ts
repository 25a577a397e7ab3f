import { afterAll, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, webhook } from '../../test/world/arrange.ts'
import { agentSays, bridgeWorld, makeCentre } from '../../test/world/centre.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { signCentre } from '../../test/world/scripted-centre.ts'
import { receiveBatch } from '../conversations/receive.ts'
import { createHttp } from '../platform/http.ts'
import { startBridge } from './bridge.ts'
import type { Address } from './known-addresses.ts'
import { centreWebhookRoutes } from './webhook-routes.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

/** The routes, for a customer who has a session, with look-ups that take so long, one after the other as they are asked for. Milliseconds. */
async function listen(waits: number[]) {
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
  const server = await createHttp({ log: world.deps.log, proxies: 0, version: '0' })
  await server.register(centreWebhookRoutes, {
    ...{ prefix: '/webhooks', deps: world.deps, intake: db },
    addresses: {
      async find() {
        await new Promise((resolve) => setTimeout(resolve, waits.shift() ?? 0))
        return address
      },
      remembered: () => null,
    },
  })
  return {
    account,
    server,
    async say(text: string, signedWith = secret): Promise<number> {
      const line = agentSays(account, { conversationId: world.centre.open.get(customer) ?? '', customerId: customer }, text)
      const payload = JSON.stringify({ events: [line] })
      const headers = { 'x-centre-signature': signCentre(signedWith, Buffer.from(payload)) }
      return (await server.inject({ method: 'POST', url: `/webhooks/genesys/${account.slug}`, headers, payload })).statusCode
    },
  }
}

test('lines of one customer stay in the order in which they came, whatever their look-ups took', async () => {
  const { account, server, say } = await listen([120, 0, 60, 0, 0])
  const answers = await Promise.all([say('one'), say('two'), say('three', 'another secret'), say('four'), say('five')])
  expect(answers).toEqual([200, 200, 401, 200, 200])
  const { rows } = await db.owner.query(
    `SELECT content FROM messages WHERE tenant_id = $1 AND direction = 'outbound' ORDER BY seq`,
    [account.tenantId],
  )
  expect(rows.map(({ content }) => content)).toEqual(['one', 'two', 'four', 'five'])
  await server.close()
})
