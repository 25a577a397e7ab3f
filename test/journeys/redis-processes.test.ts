/** What several processes share through Redis, and what becomes of it when Redis stops. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@redis/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningSimulator, startWhatsAppSimulator } from '../../simulators/whatsapp-cloud/server.ts'
import { createSecrets } from '../../src/platform/secrets.ts'
import { requirePart } from '../house/requires.ts'
import { type Business, createBusiness } from '../world/business.ts'
import { type Cluster, type Member, startCluster } from '../world/cluster.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { freePort } from '../world/process.ts'
import { redisServer, startRedis } from '../world/redis.ts'
import { openStream, type Stream } from '../world/sse.ts'
import { until } from '../world/until.ts'

const key = 'a key that only tests have, 32 long'
const prefix = 'parley-processes:'

describe.skipIf(!requirePart('redis-server', redisServer !== undefined))(
  'two that serve and one that works, with a Redis between them',
  () => {
    let database: TestDatabase
    let folder: string
    let port: number
    let redis: Awaited<ReturnType<typeof startRedis>>
    let running: RunningSimulator
    let cluster: Cluster
    let business: Business
    let here: Member
    let there: Member
    let conversationId: string
    let stream: Stream
    const phone = '16505550188'
    beforeAll(async () => {
      database = await createTestDatabase()
      folder = await mkdtemp(join(tmpdir(), 'parley-redis-'))
      port = await freePort()
      redis = await startRedis(port)
      running = await startWhatsAppSimulator({ latency: { webhook: [1, 3], sent: [2, 5], delivered: [5, 9] } })
      cluster = await startCluster({
        NODE_ENV: 'test',
        PARLEY_DATA_DIR: folder,
        PARLEY_SECRET_KEY: key,
        PARLEY_DEMO: 'false',
        DATABASE_URL: database.url,
        REDIS_URL: redis.url,
        REDIS_PREFIX: prefix,
        LOG_LEVEL: 'ERROR',
      })
      here = await cluster.start('web')
      there = await cluster.start('web')
      await cluster.start('worker')
      const app = { db: database, secrets: createSecrets([key]), localUrl: () => cluster.url }
      business = await createBusiness(app, running.simulator, { name: 'Redis', graphUrl: running.graphUrl })
      running.simulator.addCustomer({ phone, name: 'Ada' })
      await says('first')
      conversationId = await until(
        'it is stored',
        async () => (await database.owner.query('SELECT id FROM conversations')).rows[0]?.id,
      )
      stream = await openStream(there.url, { headers: { cookie: business.people.colleague.cookie } })
      await stream.next('hello')
    })
    afterAll(async () => {
      stream?.close()
      await cluster?.close()
      await running?.close()
      await redis?.stop()
      await database?.drop()
      await rm(folder, { recursive: true, force: true })
    })

    const says = async (text: string) => running.simulator.customerSends({ from: phone, to: business.phoneNumberId, text })
    const health = async (member: Member) => ((await (await fetch(`${member.url}/health`)).json()) as { status: string }).status
    /** Somebody types at the one process. */
    const types = async () => {
      const response = await fetch(`${here.url}/api/conversations/${conversationId}/presence`, {
        method: 'POST',
        headers: { cookie: business.people.agent.cookie, 'content-type': 'application/json' },
        body: JSON.stringify({ state: 'typing' }),
      })
      expect(response.status).toBe(204)
    }
    const remaining = async (member: Member): Promise<number> => {
      const response = await fetch(`${member.url}/api/labels`, { headers: { authorization: `Bearer ${business.key}` } })
      expect(response.status).toBe(200)
      return Number(response.headers.get('ratelimit-remaining'))
    }
    const seen = (event: string) => stream.events.filter((one) => one.event === event).length
    const shown = (text: string) => stream.batches().some((batch) => batch.messages.some((message) => message.text === text))
    /** All of it: hints, what is not kept, and work for who works. */
    async function everythingArrives(text: string): Promise<void> {
      const before = seen('presence')
      await types()
      await until('the other tells who types', () => seen('presence') > before)
      await says(text)
      await until('the other shows the line', () => shown(text))
      const response = await fetch(`${here.url}/api/conversations/${conversationId}/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${business.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ body: { type: 'text', text: `answer to ${text}` } }),
      })
      expect(response.status).toBe(201)
      const { id } = (await response.json()) as { id: string }
      await until('the other shows it delivered', () =>
        stream.batches().some((batch) => batch.messages.some((one) => one.id === id && one.status === 'delivered')),
      )
    }

    test('what happens at one is told at the other, and what one may ask is counted together', async () => {
      await until('all are connected', async () =>
        (await Promise.all(cluster.members().map(health))).every((one) => one === 'healthy'),
      )
      await everythingArrives('with Redis')
      const counts = [await remaining(here), await remaining(there), await remaining(here), await remaining(there)]
      expect(counts).toEqual([0, 1, 2, 3].map((n) => (counts[0] as number) - n))
    })

    test('each process has one connection to it, which asks and listens', async () => {
      const looking = await createClient({ url: redis.url }).connect()
      const clients = String(await looking.sendCommand(['CLIENT', 'LIST']))
      const listening = await looking.sendCommand(['PUBSUB', 'NUMSUB', `${prefix}bus:changes`, `${prefix}bus:told`])
      looking.destroy()
      for (const { process } of cluster.members())
        expect(clients.split('\n').filter((line) => line.includes(` name=${prefix}${process.pid} `))).toHaveLength(1)
      expect(listening).toEqual([`${prefix}bus:changes`, 3, `${prefix}bus:told`, 3])
    })

    test('with Redis stopped all of it goes on through the database, and each process counts for itself', async () => {
      await redis.stop()
      await until('they notice', async () =>
        (await Promise.all(cluster.members().map(health))).every((one) => one === 'degraded'),
      )
      await everythingArrives('without Redis')
      const counts = [await remaining(here), await remaining(there), await remaining(here), await remaining(there)]
      expect(counts[2]).toBe((counts[0] as number) - 1)
      expect(counts[3]).toBe((counts[1] as number) - 1)
    })

    test('when it is back, it is used again', async () => {
      redis = await startRedis(port)
      await until(
        'they notice',
        async () => (await Promise.all(cluster.members().map(health))).every((one) => one === 'healthy'),
        {
          timeoutMs: 30_000,
        },
      )
      await everythingArrives('with Redis again')
      await until('they count together', async () => (await remaining(here)) - (await remaining(there)) === 1)
    })

    test('one that stands still holds nobody up for long, and is waited for by few', async () => {
      redis.signal('SIGSTOP')
      try {
        await remaining(here)
        const began = performance.now()
        for (let n = 0; n < 20; n++) await remaining(here)
        // A quarter of a second now and then, not twice that for each of the twenty.
        expect(performance.now() - began).toBeLessThan(5000)
        await everythingArrives('while Redis stands still')
      } finally {
        redis.signal('SIGCONT')
      }
      await until('they count together', async () => (await remaining(here)) - (await remaining(there)) === 1, {
        timeoutMs: 30_000,
      })
    })
  },
)
