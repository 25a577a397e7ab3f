import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProvisioning, type Provisioning } from '../world/provisioning.ts'
import type { World } from '../world/world.ts'

let world: World
let platformKey: Provisioning['platformKey']
let call: Provisioning['call']

beforeAll(async () => {
  const made = await createProvisioning()
  ;({ world, platformKey, call } = made)
})
afterAll(() => world.close())

test('metrics are for whoever runs the server, with a key that may read nothing else', async () => {
  const monitor = await platformKey(['metrics.read'])
  const ask = (key?: string) => fetch(`${world.url}/metrics`, key ? { headers: { authorization: `Bearer ${key}` } } : {})
  const answer = await ask(monitor.key)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/plain')])
  const text = await answer.text()
  for (const name of ['intake_lag_seconds', 'queue_lag_seconds', 'search_lag_seconds', 'partition_months_ahead'])
    expect(text).toContain(`parley_${name}`)
  expect(text).not.toContain(world.business.tenantId)
  expect((await ask()).status).toBe(401)
  expect((await ask((await platformKey(['tenants.read'])).key)).status).toBe(403)
  expect((await call('GET', '/tenants', monitor)).status).toBe(403)
  expect((await call('GET', '/api/platform/keys', monitor)).status).toBe(403)
})
