/** What an agent desktop's page asks, once. */
import { expect } from 'vitest'
import type { World } from './world.ts'

/** Needs a customer who wrote from this number, and an approved template `hello` with one place. */
export async function widgetDay(world: World, phone: string): Promise<void> {
  const made = await world.api<{ token: string }>('POST', '/widget/links', { phone, maySend: true }, 'key')
  expect(made.status).toBe(201)
  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${world.url}/api/widget/${path}`, {
      method,
      headers: { authorization: `Widget ${made.body.token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const type = response.headers.get('content-type') ?? ''
    world.exchanges.push({ method, path: `/widget/${path}`, status: response.status, type, body: await response.json() })
    return response.status
  }
  for (const path of ['customer', 'history?limit=2', 'templates']) expect([path, await ask('GET', path)]).toEqual([path, 200])
  const template = { name: 'hello', language: 'en', parameters: { body: { '1': 'Ada' } }, idempotencyKey: 'widget-day-1' }
  expect(await ask('POST', 'templates', template)).toBe(201)
  expect((await world.api('POST', '/widget/key', undefined, 'owner')).status).toBe(201)
  await world.settle()
}
