import { expect, test } from 'vitest'
import { connectionOf } from './config.ts'
import { centre, granted, json, SECRET, scripted } from './scripted.ts'

const connection = connectionOf(centre).connection ?? expect.fail()
const HOUR = 3_600_000

test('a token is asked for with the client’s id and secret, at the region’s sign-in', async () => {
  const { deps, asked } = scripted([granted('t1')])
  expect(await deps.tokens.get(connection)).toMatchObject({ token: 't1' })
  const [{ url, init } = expect.fail()] = asked
  expect(url).toBe('https://login.region.example/oauth/token')
  expect(init).toMatchObject({ method: 'POST', body: 'grant_type=client_credentials', redirect: 'manual' })
  expect(new Headers(init.headers).get('authorization')).toBe(`Basic ${btoa(`client-1:${SECRET}`)}`)
})

test('it is kept until nine tenths of its life are over', async () => {
  const { deps, clock, signIns } = scripted([granted('t1', 10 * 3_600), granted('t2')])
  await deps.tokens.get(connection)
  clock.now += 9 * HOUR - 1
  expect(await deps.tokens.get(connection)).toMatchObject({ token: 't1' })
  expect(signIns()).toBe(1)
  clock.now += 1
  expect(await deps.tokens.get(connection)).toMatchObject({ token: 't2' })
})

test('while no new one can be had the old one is used to its end', async () => {
  const down = () => json({}, 503)
  const { deps, clock } = scripted([granted('t1', 10 * 3_600), down(), down()])
  await deps.tokens.get(connection)
  clock.now += 9.5 * HOUR
  expect(await deps.tokens.get(connection)).toMatchObject({ token: 't1' })
  clock.now += HOUR
  expect(await deps.tokens.get(connection)).toMatchObject({ failure: { outcome: 'retry', scope: 'integration' } })
})

test('a client that was shut out stops at once, whatever the old token would still do', async () => {
  const { deps, clock } = scripted([
    granted('t1', 10 * 3_600),
    json({ error: 'invalid_client', description: `secret ${SECRET}` }, 400),
  ])
  await deps.tokens.get(connection)
  clock.now += 9.5 * HOUR
  const refused = await deps.tokens.get(connection)
  expect(refused).toMatchObject({ failure: { outcome: 'reconnect', code: 'invalid_client' } })
  expect(JSON.stringify(refused)).not.toContain(SECRET)
})

test('another secret, or another place, is another token', async () => {
  const { deps } = scripted([granted('t1'), granted('t2'), granted('t3')])
  await deps.tokens.get(connection)
  expect(await deps.tokens.get({ ...connection, clientSecret: 'new' })).toMatchObject({ token: 't2' })
  expect(await deps.tokens.get({ ...connection, login: 'https://login.other.example' })).toMatchObject({ token: 't3' })
  expect(await deps.tokens.get({ ...connection, integrationId: 'int-2', tenantId: 't9' })).toMatchObject({ token: 't1' })
})

test('a refused token is forgotten only while it is the one that is held', async () => {
  const { deps, signIns } = scripted([granted('t1'), granted('t2')])
  await deps.tokens.get(connection)
  deps.tokens.drop(connection, 't1')
  expect(await deps.tokens.get(connection)).toMatchObject({ token: 't2' })
  deps.tokens.drop(connection, 't1')
  expect(await deps.tokens.get(connection)).toMatchObject({ token: 't2' })
  expect(signIns()).toBe(2)
})

test('who leaves while a token is on its way leaves the others waiting', async () => {
  const { promise, resolve } = Promise.withResolvers<Response>()
  const { deps, signIns } = scripted([() => promise])
  const leaves = new AbortController()
  const [gone, stays] = [deps.tokens.get(connection, leaves.signal), deps.tokens.get(connection)]
  leaves.abort()
  expect(await gone).toMatchObject({ failure: { outcome: 'retry', code: 'aborted' } })
  resolve(granted('t1'))
  expect(await stays).toMatchObject({ token: 't1' })
  expect(signIns()).toBe(1)
})

test.each([
  ['a page instead of a token', new Response('<html>', { status: 200 }), 'reconnect'],
  ['a token that would break a header', granted('a\r\nb'), 'reconnect'],
  ['a redirect', new Response(null, { status: 302, headers: { location: 'https://evil.example' } }), 'reconnect'],
  ['too many sign-ins', json({}, 429, { 'retry-after': '7' }), 'retry'],
  ['an outage', new Response('<html>', { status: 502 }), 'retry'],
  ['nobody at the address', Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } }), 'retry'],
  ['no answer', new DOMException('', 'TimeoutError'), 'retry'],
])('%s is a value: nothing was said yet', async (_what, answer, outcome) => {
  const { deps, lines } = scripted([answer])
  const grant = await deps.tokens.get(connection)
  expect(grant).toMatchObject({ failure: { outcome, code: expect.stringMatching(/./) } })
  expect(lines.join()).toContain('gave no token')
})

test('a refused sign-in is asked again by the next call', async () => {
  const { deps } = scripted([json({}, 503, { 'retry-after': '7' }), granted('t1')])
  expect(await deps.tokens.get(connection)).toMatchObject({ failure: { retryAfterMs: 7_000 } })
  expect(await deps.tokens.get(connection)).toMatchObject({ token: 't1' })
})
