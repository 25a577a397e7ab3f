import { createClient } from '@redis/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPlatformKey } from '../../src/tenancy/operators.ts'
import { requirePart } from '../house/requires.ts'
import { digits } from '../world/arrange.ts'
import { type DatabaseProxy, startDatabaseProxy } from '../world/proxy.ts'
import { redisPrefix, redisPresent, redisUrl } from '../world/redis.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

describe.skipIf(!requirePart('Redis', redisPresent))('a server with Redis', () => {
  let world: World
  let proxy: DatabaseProxy
  let authorization: string
  const prefix = redisPrefix()
  beforeAll(async () => {
    proxy = await startDatabaseProxy(redisUrl)
    world = await createWorld({ settings: { REDIS_URL: proxy.url, REDIS_PREFIX: prefix } })
    authorization = `Bearer ${(await createPlatformKey(world.app.db, { name: 'Test', createdBy: 'test' })).key}`
  })
  afterAll(async () => {
    await world.close()
    await proxy.close()
  })

  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${world.url}${path}`, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : JSON.parse(text) }
  }
  const health = async () => (await call('GET', '/health')).body
  const byPhone = (value: string) => call('GET', `/tenants/by-phone/${value}`)
  const number = () => ({ phoneNumberId: digits(15), wabaId: digits(15), accessToken: `EAAB${digits(12)}` })

  test('holds exactly one connection to it, whatever it is asked', async () => {
    await until('it is connected', async () => (await health()).checks.redis?.status === 'ok')
    await Promise.all(Array.from({ length: 50 }, () => byPhone(world.business.phoneNumberId)))
    const looking = await createClient({ url: redisUrl }).connect()
    const clients = String(await looking.sendCommand(['CLIENT', 'LIST']))
    looking.destroy()
    expect(clients.split('\n').filter((line) => line.includes(` name=${prefix}${process.pid} `))).toHaveLength(1)
  })

  test('keeps look-ups there, follows every change at once, and with Redis stopped or silent is slower, never wrong', async () => {
    const { business } = world
    const [first, second, third] = [number(), number(), number()]
    const put = (given: object) => call('PUT', `/tenants/${business.tenantId}/whatsapp`, given)
    await put(first)
    expect((await byPhone(first.phoneNumberId)).body.id).toBe(business.tenantId)
    await put(second)
    expect([(await byPhone(first.phoneNumberId)).status, (await byPhone(second.phoneNumberId)).body.id]).toEqual([
      404,
      business.tenantId,
    ])

    proxy.mode('cut')
    await until('it notices', async () => (await health()).status === 'degraded')
    const { checks } = await health()
    expect(checks).toMatchObject({ database: { status: 'ok' }, redis: { status: 'error', error: 'not reachable' } })
    expect((await byPhone(second.phoneNumberId)).body.id).toBe(business.tenantId)
    await put(third)
    expect([(await byPhone(second.phoneNumberId)).status, (await byPhone(third.phoneNumberId)).body.id]).toEqual([
      404,
      business.tenantId,
    ])
    for (const path of ['/api/tenants', `/tenants/${business.tenantId}`, `/tenants/${business.tenantId}/readiness`])
      expect((await call('GET', path)).status).toBe(200)

    proxy.mode('pass')
    await until('it is back', async () => (await health()).status === 'healthy')
    // What Redis still had from before is not believed.
    expect([(await byPhone(second.phoneNumberId)).status, (await byPhone(third.phoneNumberId)).body.id]).toEqual([
      404,
      business.tenantId,
    ])

    proxy.mode('blackhole')
    const began = performance.now()
    expect((await byPhone(third.phoneNumberId)).body.id).toBe(business.tenantId)
    expect(performance.now() - began).toBeLessThan(2000)
    await put(second)
    expect([(await byPhone(third.phoneNumberId)).status, (await byPhone(second.phoneNumberId)).body.id]).toEqual([
      404,
      business.tenantId,
    ])
    proxy.mode('cut')
    proxy.mode('pass')
    await until('it is back', async () => (await health()).status === 'healthy')
    expect([(await byPhone(third.phoneNumberId)).status, (await byPhone(second.phoneNumberId)).body.id]).toEqual([
      404,
      business.tenantId,
    ])
  })
})
