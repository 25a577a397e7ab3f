/** How much one may ask. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Business } from '../world/business.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
let greedy: Business
beforeAll(async () => {
  world = await createWorld({ proxy: true })
  greedy = await world.addBusiness('Greedy Ltd')
  await world.database.owner.query('UPDATE tenants SET rate_limit = CASE WHEN id = $1 THEN 20 ELSE 600 END', [greedy.tenantId])
})
afterAll(() => world.close())

const list = (as: Parameters<World['api']>[3]) => world.api('GET', '/conversations', undefined, as)

test('the keys of a business share what it may ask in a minute; what is over is told when to come back', async () => {
  // As many as may come in one second, and more of them.
  const answers = await Promise.all(Array.from({ length: 60 }, () => list({ key: greedy.key })))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(20)
  const turnedAway = answers.filter(({ status }) => status === 429)
  expect(turnedAway).toHaveLength(40)
  expect(turnedAway[0]?.body).toMatchObject({ error: { code: 'too_many_requests' } })
  for (const { headers } of turnedAway) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
})

test('of a large minute no more than a tenth comes through in one second', async () => {
  const large = await world.addBusiness('Large Ltd')
  await world.database.owner.query('UPDATE tenants SET rate_limit = 600 WHERE id = $1', [large.tenantId])
  const began = performance.now()
  const answers = await Promise.all(Array.from({ length: 200 }, () => list({ key: large.key })))
  const seconds = Math.ceil((performance.now() - began) / 1000) + 1
  expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(60 * seconds)
  expect(answers.some(({ status }) => status === 429)).toBe(true)
  await until('the next second is open', async () => (await list({ key: large.key })).status === 200, { timeoutMs: 5000 })
})

test('the addresses without /api count for the same minute', async () => {
  const other = await world.addBusiness('Two doors')
  await world.database.owner.query('UPDATE tenants SET rate_limit = 10 WHERE id = $1', [other.tenantId])
  const ask = async (prefix: string) =>
    (await fetch(`${world.url}${prefix}/tenants/${other.tenantId}`, { headers: { authorization: `Bearer ${other.key}` } }))
      .status
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(i % 2 === 0 ? '' : '/api')))
  expect(answers.filter((status) => status === 200)).toHaveLength(10)
})

test('a business that asks too much is turned away without the database being asked', async () => {
  await until('its key is used up', async () => (await list({ key: greedy.key })).status === 429)
  world.proxy?.mode('cut')
  try {
    expect((await list({ key: greedy.key })).status).toBe(429)
    expect((await list('key')).status).toBe(503)
  } finally {
    world.proxy?.mode('pass')
  }
  await until('the database is back', async () => (await list('key')).status === 200)
})

test('its people and every other business go on as before', async () => {
  expect((await list(greedy.people.agent)).status).toBe(200)
  const { status, headers } = await list('key')
  expect(status).toBe(200)
  expect(headers.get('ratelimit-limit')).toBe('600')
  expect(Number(headers.get('ratelimit-remaining'))).toBeLessThan(600)
})

test('a raised limit counts within seconds, also for a key that was turned away', async () => {
  const other = await world.addBusiness('Modest Ltd')
  await world.database.owner.query('UPDATE tenants SET rate_limit = 5 WHERE id = $1', [other.tenantId])
  const statuses: number[] = []
  for (let i = 0; i < 5; i++) statuses.push((await list({ key: other.key })).status)
  expect(statuses).toEqual([200, 200, 200, 200, 200])
  await world.database.owner.query('UPDATE tenants SET rate_limit = 500 WHERE id = $1', [other.tenantId])
  await until('it is let in', async () => (await list({ key: other.key })).status === 200)
})
