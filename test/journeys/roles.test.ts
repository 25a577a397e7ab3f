/** Processes that serve and processes that work, several of each on one database. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningSimulator, startWhatsAppSimulator } from '../../simulators/whatsapp-cloud/server.ts'
import { createSecrets } from '../../src/platform/secrets.ts'
import { createPlatformKey } from '../../src/tenancy/operators.ts'
import { type Business, createBusiness } from '../world/business.ts'
import { type Cluster, type Member, startCluster } from '../world/cluster.ts'
import { runCluster } from '../world/cluster-run.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { isSound } from '../world/history.ts'
import { startProcess } from '../world/process.ts'
import { openStream } from '../world/sse.ts'
import { until } from '../world/until.ts'

const key = 'a key that only tests have, 32 long'
let database: TestDatabase
let folder: string
beforeAll(async () => {
  database = await createTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'parley-roles-'))
})
afterAll(async () => {
  await database?.drop()
  await rm(folder, { recursive: true, force: true })
})

describe('two that serve and one that works', () => {
  let cluster: Cluster
  let running: RunningSimulator
  let business: Business
  let webs: Member[]
  let worker: Member
  const phone = '16505550177'
  beforeAll(async () => {
    running = await startWhatsAppSimulator({ latency: { webhook: [1, 3], sent: [2, 5], delivered: [5, 9] } })
    cluster = await startCluster({
      NODE_ENV: 'test',
      PARLEY_DATA_DIR: folder,
      PARLEY_SECRET_KEY: key,
      PARLEY_DEMO: 'false',
      DATABASE_URL: database.url,
      LOG_LEVEL: 'ERROR',
    })
    webs = [await cluster.start('web'), await cluster.start('web')]
    const app = { db: database, secrets: createSecrets([key]), localUrl: () => cluster.url }
    business = await createBusiness(app, running.simulator, { name: 'Roles', graphUrl: running.graphUrl })
    running.simulator.addCustomer({ phone, name: 'Ada' })
  })
  afterAll(async () => {
    await cluster?.close()
    await running?.close()
  })
  const authorization = () => ({ authorization: `Bearer ${business.key}` })
  const reply = async (web: Member, text: string): Promise<{ id: string; status: string }> => {
    const response = await fetch(`${web.url}/api/messages`, {
      method: 'POST',
      headers: { ...authorization(), 'content-type': 'application/json' },
      body: JSON.stringify({ accountId: business.accountId, to: { phone: `+${phone}` }, body: { type: 'text', text } }),
    })
    expect([200, 201]).toContain(response.status)
    return (await response.json()) as { id: string; status: string }
  }
  const statusOf = async (id: string): Promise<string> =>
    (await database.owner.query('SELECT status FROM message_tracking WHERE id = $1', [id])).rows[0].status

  test('what one takes in is seen at the other; nothing is sent while nobody works', async () => {
    const stream = await openStream((webs[1] as Member).url, { headers: authorization() })
    await stream.next('hello')
    running.simulator.customerSends({ from: phone, to: business.phoneNumberId, text: 'Is anybody there?' })
    await until('the other web tells of it', () =>
      stream.batches().some((batch) => batch.messages.some((message) => message.text === 'Is anybody there?')),
    )
    const { id } = await reply(webs[0] as Member, 'One moment')
    await until('the other web shows it', () => stream.batches().some((batch) => batch.messages.some((one) => one.id === id)))
    expect(await statusOf(id)).toBe('queued')
    expect(running.simulator.accepted).toEqual([])

    worker = await cluster.start('worker')
    await until('it is delivered, and the stream says so', () =>
      stream.batches().some((batch) => batch.messages.some((one) => one.id === id && one.status === 'delivered')),
    )
    const before = performance.now()
    const second = await reply(webs[1] as Member, 'Here I am')
    await until('the second has gone', async () => ['sent', 'delivered', 'read'].includes(await statusOf(second.id)), {
      seen: () => statusOf(second.id),
    })
    // It heard of it, and did not come upon it at the next look.
    expect(performance.now() - before).toBeLessThan(3000)
    await until('the second is delivered', async () => (await statusOf(second.id)) === 'delivered')
    expect(running.simulator.accepted.map(({ bizOpaque }) => bizOpaque).sort()).toEqual([id, second.id].sort())
    stream.close()
  })

  test('who works answers whoever watches it, and nobody else', async () => {
    const { key: watcher } = await createPlatformKey(database, { name: 'Monitor', createdBy: 'test' })
    const metrics = async (member: Member) =>
      await (await fetch(`${member.url}/metrics`, { headers: { authorization: `Bearer ${watcher}` } })).text()
    expect((await fetch(`${worker.url}/health`)).status).toBe(200)
    expect(await metrics(worker)).toMatch(/parley_search_lag_seconds 0/)
    expect(await metrics(worker)).not.toContain('parley_intake_webhooks_total')
    expect(await metrics(webs[0] as Member)).toMatch(/parley_intake_webhooks_total [0-9]/)
    expect(await metrics(webs[0] as Member)).not.toContain('parley_search_lag_seconds')
    for (const path of ['/', '/api/conversations', `/webhooks/whatsapp/${business.slug}`, '/tenants'])
      expect([path, (await fetch(`${worker.url}${path}`, { headers: authorization() })).status]).toEqual([path, 404])
    expect((await fetch(`${(webs[0] as Member).url}/`)).status).not.toBe(404)
  })

  test('asked to stop, each ends by itself and without an error', async () => {
    const open = await openStream((webs[0] as Member).url, { headers: authorization() })
    await open.next('hello')
    for (const member of [...cluster.members()]) expect(await cluster.end(member, 'SIGTERM')).toEqual({ code: 0, signal: null })
    await until('the stream ended', () => open.ended())
  })
})

test('a role without a shared database is refused in words, and so is one that there is not', async () => {
  const start = async (settings: Record<string, string>, role: string) => {
    const one = startProcess({ PARLEY_DATA_DIR: folder, ...settings }, ['start', '--role', role])
    return { ...(await one.exited), said: one.output() }
  }
  expect(await start({}, 'worker')).toMatchObject({ code: 1, said: expect.stringContaining('worker needs a DATABASE_URL') })
  expect(await start({ DATABASE_URL: database.url }, 'both')).toMatchObject({
    code: 1,
    said: expect.stringContaining('PARLEY_ROLE'),
  })
})

test('every process is replaced under load, one after the other: nothing is lost, doubled or out of order', async () => {
  const own = await createTestDatabase()
  try {
    const ends: unknown[] = []
    const report = await runCluster({
      seed: Number(process.env.PARLEY_TEST_SEED ?? Date.now() % 1_000_000),
      ...{ databaseUrl: own.url, messages: 1800, customers: 60, replies: 120, perSecond: 120 },
      roles: ['web', 'web', 'worker', 'worker'],
      async disturb(cluster, past) {
        const old = [...cluster.members()]
        for (const [n, member] of old.entries()) {
          await until('the load has come so far', () => past() >= (n + 0.5) / old.length, { timeoutMs: 120_000 })
          await cluster.start(member.role)
          ends.push(await cluster.end(member, 'SIGTERM'))
        }
      },
    })
    console.log(JSON.stringify(report))
    expect(ends).toEqual(Array.from({ length: 4 }, () => ({ code: 0, signal: null })))
    expect(report).toMatchObject({
      attempted: 1800,
      acked: 1800,
      lost: 0,
      duplicated: 0,
      unexpected: 0,
      out_of_order: 0,
      broken: {},
    })
    expect(report).toMatchObject({ replies: 120, unknown: 0 })
    expect(isSound(report)).toBe(true)
  } finally {
    await own.drop()
  }
})
