import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWorld, type World } from '../world/world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld({ proxy: true })
})
afterAll(() => world.close())

async function health() {
  const response = await fetch(`${world.url}/health`)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

test('a healthy server says so, in exactly the agreed shape, without the parts that are not configured', async () => {
  const { status, body } = await health()
  expect(status).toBe(200)
  expect(body).toEqual({
    status: 'healthy',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    checks: { database: { status: 'ok', latency_ms: expect.any(Number) } },
    uptime_seconds: expect.any(Number),
  })
})

test('with the database gone it is unhealthy with 503, says no address, and recovers by itself', async () => {
  world.proxy?.mode('cut')
  const { status, body } = await health()
  expect(status).toBe(503)
  expect(body).toMatchObject({ status: 'unhealthy', checks: { database: { status: 'error', error: expect.any(String) } } })
  expect(JSON.stringify(body)).not.toMatch(/postgres|127\.0\.0\.1|localhost|socket/i)
  world.proxy?.mode('blackhole')
  const began = Date.now()
  expect((await health()).status).toBe(503)
  expect(Date.now() - began).toBeLessThan(6000)
  world.proxy?.mode('pass')
  for (let tries = 0; (await health()).status !== 200; tries++) {
    expect(tries).toBeLessThan(100)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
})

test('where upkeep needs somebody’s attention it is degraded with 200, and says no more than that', async () => {
  const { owner } = world.database
  await owner.query(
    `CREATE TABLE tenants_default (LIKE tenants); INSERT INTO partition_rules (parent, keeps) VALUES ('tenants', 'content')`,
  )
  // The first may be one that had begun before.
  await world.app.upkeep.look()
  await world.app.upkeep.look()
  const { status, body } = await health()
  expect(status).toBe(200)
  expect(body).toMatchObject({ status: 'degraded', checks: { upkeep: { status: 'error', error: 'needs attention' } } })
  await owner.query('DROP TABLE tenants_default; DELETE FROM partition_rules WHERE parent = $$tenants$$')
  await world.app.upkeep.look()
  expect((await health()).body.status).toBe('healthy')
})
