/** Webhooks through RabbitMQ: who serves answers when the broker has them, who works stores them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningSimulator, startWhatsAppSimulator } from '../../simulators/whatsapp-cloud/server.ts'
import { intakeQueues } from '../../src/conversations/intake-queue.ts'
import { deadLetters } from '../../src/platform/broker.ts'
import { createSecrets } from '../../src/platform/secrets.ts'
import { createPlatformKey } from '../../src/tenancy/operators.ts'
import { requirePart } from '../house/requires.ts'
import { type Business, createBusiness } from '../world/business.ts'
import { type Cluster, type Member, startCluster } from '../world/cluster.ts'
import { runCluster } from '../world/cluster-run.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { isSound } from '../world/history.ts'
import { type DatabaseProxy, startDatabaseProxy } from '../world/proxy.ts'
import { openRabbit, type Rabbit, rabbitPresent, rabbitUrl } from '../world/rabbitmq.ts'
import { until } from '../world/until.ts'
import { postWebhook, textsBody } from '../world/webhooks.ts'

const key = 'a key that only tests have, 32 long'
const queues = [...intakeQueues.map(({ name }) => name), deadLetters]

describe.skipIf(!requirePart('RabbitMQ', rabbitPresent))('with RabbitMQ', () => {
  let database: TestDatabase
  let folder: string
  let rabbit: Rabbit
  let broker: DatabaseProxy
  let store: DatabaseProxy
  let running: RunningSimulator
  let cluster: Cluster
  let business: Business
  let web: Member
  beforeAll(async () => {
    database = await createTestDatabase()
    folder = await mkdtemp(join(tmpdir(), 'parley-rabbit-'))
    rabbit = await openRabbit(queues, [deadLetters])
    broker = await startDatabaseProxy(rabbitUrl)
    store = await startDatabaseProxy(database.url)
    running = await startWhatsAppSimulator({ retryDelaysMs: [50, 100, 200] })
    cluster = await startCluster({
      NODE_ENV: 'test',
      PARLEY_DATA_DIR: folder,
      PARLEY_SECRET_KEY: key,
      PARLEY_DEMO: 'false',
      DATABASE_URL: store.url,
      RABBITMQ_URL: broker.url,
      RABBITMQ_PREFIX: rabbit.prefix,
      LOG_LEVEL: 'ERROR',
    })
    web = await cluster.start('web')
    const app = { db: database, secrets: createSecrets([key]), localUrl: () => cluster.url }
    business = await createBusiness(app, running.simulator, { name: 'Rabbit', graphUrl: running.graphUrl })
    await until('it is connected', async () => (await health(web)).status === 'healthy')
  })
  afterAll(async () => {
    await cluster?.close()
    await running?.close()
    await broker?.close()
    await store?.close()
    await rabbit?.close()
    await database?.drop()
    await rm(folder, { recursive: true, force: true })
  })

  const health = async (of: Member) =>
    (await fetch(`${of.url}/health`)).json() as Promise<{ status: string; checks: { rabbitmq?: object } }>
  const write = (id: string, text = id) => postWebhook(business, textsBody(business, [{ id, from: '16505550142', text }]))
  const waiting = async (): Promise<number> => {
    const depths = await Promise.all(intakeQueues.map(({ name }) => rabbit.depth(name)))
    return depths.reduce<number>((sum, depth) => sum + (depth ?? 0), 0)
  }
  const lines = async (): Promise<string[]> =>
    (await database.owner.query<{ id: string }>('SELECT external_message_id AS id FROM messages ORDER BY seq')).rows.map(
      ({ id }) => id,
    )

  test('what is taken waits for somebody who works, and is then stored in its order, once', async () => {
    const ids = Array.from({ length: 20 }, (_, n) => `wamid.${n}`)
    for (const id of [...ids, 'wamid.3']) expect(await write(id)).toBe(200)
    await until('all of it waits', async () => (await waiting()) === 21)
    expect(await lines()).toEqual([])
    expect(await health(web)).toMatchObject({ checks: { rabbitmq: { status: 'ok', queue_depth: 21 } } })
    const workers = [await cluster.start('worker'), await cluster.start('worker')]
    await until('all of it is stored', async () => (await lines()).length === 20)
    expect(await lines()).toEqual(ids)
    await until('nothing waits', async () => (await waiting()) === 0)
    const { rows } = await database.owner.query('SELECT count(*)::int AS n FROM webhook_events')
    expect(rows).toEqual([{ n: 21 }])
    expect(workers).toHaveLength(2)
  })

  test('a wrong signature is refused before anything is queued', async () => {
    expect(await postWebhook(business, textsBody(business, []), { signature: 'sha256=00' })).toBe(401)
    expect(await waiting()).toBe(0)
  })

  test('with the broker away a webhook is refused with 503, and what is in the store can still be read', async () => {
    broker.mode('cut')
    await until('it has noticed', async () => (await health(web)).status === 'degraded')
    expect(await health(web)).toMatchObject({ checks: { rabbitmq: { status: 'error', error: 'not reachable' } } })
    expect(await write('wamid.refused')).toBe(503)
    const listed = await fetch(`${web.url}/api/conversations`, { headers: { authorization: `Bearer ${business.key}` } })
    expect(listed.status).toBe(200)
    broker.mode('pass')
    await until('the provider gets through', async () => (await write('wamid.refused')) === 200, { timeoutMs: 20_000 })
    await until('it is stored', async () => (await lines()).includes('wamid.refused'), { timeoutMs: 20_000 })
    expect((await lines()).filter((id) => id === 'wamid.refused')).toHaveLength(1)
  })

  test('a webhook that comes when the connections to the database break is stored in the end, once', async () => {
    store.mode('cut')
    const taken = await write('wamid.meanwhile')
    store.mode('pass')
    // The secret of a business's own app is in the database: without it nothing can be checked, and the provider sends again.
    expect([200, 503]).toContain(taken)
    await until('the provider gets through', async () => (await write('wamid.meanwhile')) === 200)
    await until('it is stored', async () => (await lines()).includes('wamid.meanwhile'), { timeoutMs: 20_000 })
    expect((await lines()).filter((id) => id === 'wamid.meanwhile')).toHaveLength(1)
  })

  test('what is no webhook is put away and holds nobody up', async () => {
    const publisher = rabbit.connection.createPublisher({ confirm: true })
    await publisher.send({ routingKey: `${rabbit.prefix}${intakeQueues[0]?.name}` }, 'nonsense')
    await publisher.close()
    await until('it is with the dead letters', async () => (await rabbit.depth(deadLetters)) === 1)
    const { rows } = await database.owner.query(
      `SELECT tenant_id, reason, queue, original_payload FROM dead_letters WHERE source = 'queue:intake'`,
    )
    expect(rows).toEqual([
      {
        tenant_id: null,
        reason: 'invalid_payload',
        queue: intakeQueues[0]?.name,
        original_payload: { base64: Buffer.from('nonsense').toString('base64') },
      },
    ])
    expect(await write('wamid.after')).toBe(200)
    await until('it is stored', async () => (await lines()).includes('wamid.after'))
  })

  test('the metrics say how it does', async () => {
    const { key: watcher } = await createPlatformKey(database, { name: 'Monitor', createdBy: 'test' })
    const metrics = async (member: Member) =>
      await (await fetch(`${member.url}/metrics`, { headers: { authorization: `Bearer ${watcher}` } })).text()
    expect(await metrics(web)).toContain('parley_broker_ready 1')
    expect(await metrics(web)).toContain(`parley_broker_queue_messages{queue="${deadLetters}"} 1`)
    const stored = await Promise.all(
      cluster
        .members()
        .filter(({ role }) => role === 'worker')
        .map(metrics),
    )
    const webhooks = stored.map((text) => Number(/parley_intake_webhooks_total (\d+)/.exec(text)?.[1]))
    expect(webhooks.reduce((sum, n) => sum + n, 0)).toBeGreaterThanOrEqual(23)
  })
})

describe.skipIf(!requirePart('RabbitMQ', rabbitPresent))('under load', () => {
  test('processes are killed and replaced: nothing is lost, doubled or out of order', async () => {
    const database = await createTestDatabase()
    const rabbit = await openRabbit(queues, [deadLetters])
    try {
      const report = await runCluster({
        seed: Number(process.env.PARLEY_TEST_SEED ?? Date.now() % 1_000_000),
        ...{
          databaseUrl: database.url,
          messages: 1800,
          customers: 60,
          replies: 60,
          perSecond: 120,
          killed: true,
          queued: true,
        },
        settings: { RABBITMQ_URL: rabbitUrl, RABBITMQ_PREFIX: rabbit.prefix },
        roles: ['web', 'web', 'worker', 'worker'],
        async disturb(cluster, past) {
          const signals: NodeJS.Signals[] = ['SIGTERM', 'SIGKILL', 'SIGKILL', 'SIGTERM']
          for (const [n, member] of [...cluster.members()].entries()) {
            await until('the load has come so far', () => past() >= (n + 0.5) / 4, { timeoutMs: 180_000 })
            await cluster.end(member, signals[n] as NodeJS.Signals)
            await cluster.start(member.role)
          }
        },
        async settled() {
          for (const { name } of intakeQueues)
            await until(`${name} is empty`, async () => (await rabbit.depth(name)) === 0, { timeoutMs: 60_000 })
        },
      })
      console.log(JSON.stringify(report))
      expect(report).toMatchObject({
        attempted: 1800,
        acked: 1800,
        lost: 0,
        duplicated: 0,
        unexpected: 0,
        out_of_order: 0,
        broken: {},
      })
      expect(isSound(report)).toBe(true)
      expect(await rabbit.depth(deadLetters)).toBe(0)
    } finally {
      await rabbit.close()
      await database.drop()
    }
  })
})
