import { describe, expect, test } from 'vitest'
import { type CentreRequest, call } from './client.ts'
import { connectionOf } from './config.ts'
import { type Answer, centre, granted, json, SECRET, scripted } from './scripted.ts'

const connection = connectionOf(centre).connection ?? expect.fail()
const request: CentreRequest = {
  operation: 'genesys.message',
  method: 'POST',
  path: '/api/v2/x',
  json: { text: 'Grüße' },
  about: 'integration',
}

async function ended(answer: Answer, more: Partial<CentreRequest> = {}) {
  const script = scripted([granted('token-1'), granted('token-2')], [answer])
  return { ...script, answer: await call(script.deps, connection, { ...request, ...more }) }
}
const failure = async (answer: Answer, more?: Partial<CentreRequest>) => {
  const result = (await ended(answer, more)).answer
  return result.kind === 'failed' ? result.failure : expect.fail('not a failure')
}

test('a call goes to the region’s API with the token, and its answer comes back', async () => {
  const { answer, asked } = await ended(json({ id: 'm1' }))
  expect(answer).toEqual({ kind: 'ok', body: { id: 'm1' } })
  const { url, init } = asked[1] ?? expect.fail()
  expect(url).toBe('https://api.region.example/api/v2/x')
  expect(init).toMatchObject({ method: 'POST', body: '{"text":"Grüße"}', redirect: 'manual' })
  expect(new Headers(init.headers).get('authorization')).toBe('Bearer token-1')
})

test('an answer without a body is a yes, one that cannot be read is unknown', async () => {
  expect((await ended(new Response(null, { status: 204 }))).answer).toEqual({ kind: 'ok', body: {} })
  for (const text of ['<html>', '[]', '{', 'x'.repeat(5_000_000)])
    expect(await failure(new Response(text, { status: 200 }))).toMatchObject({ outcome: 'unknown', code: 'unreadable_answer' })
})

describe('a token that is refused', () => {
  const refused = () => json({ code: 'bad.credentials', message: 'Invalid: token-1 token-2' }, 401)
  test('is renewed once, and the call is made again', async () => {
    const { deps, bearers } = scripted([granted('token-1'), granted('token-2')], [refused(), json({ id: 'm1' })])
    expect(await call(deps, connection, request)).toMatchObject({ kind: 'ok' })
    expect(bearers()).toEqual(['Bearer token-1', 'Bearer token-2'])
  })
  test('twice is the end, without the token in any word', async () => {
    const { deps, lines } = scripted([granted('token-1'), granted('token-2')], [refused(), refused()])
    const answer = await call(deps, connection, request)
    expect(answer).toMatchObject({ kind: 'failed', failure: { outcome: 'reconnect', code: 'bad.credentials' } })
    expect(JSON.stringify(answer)).not.toContain('token-2')
    expect(lines.join()).not.toMatch(/token-[12]/)
  })
})

test('what an error quotes of the credentials is hidden', async () => {
  const basic = btoa(`client-1:${SECRET}`)
  const { answer, lines } = await ended(json({ code: SECRET, message: `Bad ${SECRET}, ${basic}, token-1` }, 400))
  expect(answer).toMatchObject({
    failure: { code: 'http_400', text: expect.stringContaining('Bad [hidden], [hidden], [hidden]') },
  })
  expect(lines.join()).not.toContain(SECRET)
})

test('the log has what the provider’s support asks for, and never a word of the message', async () => {
  const { lines } = await ended(json({ code: 'invalid.value', contextId: 'ctx-1' }, 400, { 'ININ-Correlation-Id': 'cor-1' }))
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
    level: 'WARN',
    operation: 'genesys.message',
    tenant_id: 't1',
    integration_id: 'int-1',
    status: 400,
    code: 'invalid.value',
    context_id: 'ctx-1',
    correlation_id: 'cor-1',
    duration_ms: 0,
  })
  expect(lines.join()).not.toContain('Grüße')
})

describe('how a call ended', () => {
  const lost = (code: string, more = {}) =>
    Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error(code), { code, ...more }) })
  test.each<[string, Answer, object]>([
    ['nobody listens', lost('ECONNREFUSED'), { outcome: 'retry', scope: 'integration', code: 'econnrefused' }],
    ['no such host', lost('ENOTFOUND'), { outcome: 'retry', scope: 'integration' }],
    ['the connection broke', lost('ECONNRESET'), { outcome: 'unknown', code: 'econnreset' }],
    ['a forbidden address', lost('ERR_BLOCKED_ADDRESS'), { outcome: 'reconnect', code: 'blocked_address' }],
    ['no answer in time', new DOMException('', 'TimeoutError'), { outcome: 'unknown', code: 'timeout' }],
    ['a server’s fault', json({}, 500), { outcome: 'unknown', code: 'http_500' }],
    ['a proxy’s page', new Response('<html>', { status: 502 }), { outcome: 'unknown' }],
    ['a gateway that waited', json({}, 504), { outcome: 'unknown' }],
    [
      'one that says when to come',
      json({}, 504, { 'retry-after': '3' }),
      { outcome: 'retry', retryAfterMs: 3_000, scope: 'integration' },
    ],
    ['an outage', json({}, 503), { outcome: 'retry', scope: 'integration', retryAfterMs: 10_000 }],
    ['a missing permission', json({ code: 'missing.any.permissions' }, 403), { outcome: 'reconnect' }],
    ['an integration that is gone', json({ code: 'not.found' }, 404), { outcome: 'reconnect' }],
    ['a redirect', new Response(null, { status: 301 }), { outcome: 'reconnect' }],
    ['a value it does not take', json({ code: 'invalid.value' }, 400), { outcome: 'reject', code: 'invalid.value' }],
    ['a conflict', json({}, 409), { outcome: 'retry', scope: 'conversation' }],
  ])('%s', async (_what, answer, expected) => {
    expect(await failure(answer)).toMatchObject(expected)
  })
  test('a message that is gone stops nothing', async () => {
    expect(await failure(json({ code: 'not.found' }, 404), { about: 'message' })).toMatchObject({ outcome: 'reject' })
  })
})

describe('too many calls', () => {
  const limited = (headers: Record<string, string>) => json({ code: 'too.many.requests' }, 429, headers)
  test.each<[string, Record<string, string>, number]>([
    ['by Retry-After', { 'retry-after': '12', 'inin-ratelimit-reset': '40' }, 12_000],
    ['by Retry-After as a date', { 'retry-after': 'Fri, 20 Nov 2026 10:00:09 GMT' }, 9_000],
    ['by the reset of the limit', { 'inin-ratelimit-reset': '40' }, 40_000],
    ['by nothing: a minute', {}, 60_000],
    ['by something absurd: a day at most', { 'retry-after': '99999999999' }, 86_400_000],
  ])('say when to come again, %s', async (_what, headers, retryAfterMs) => {
    expect(await failure(limited(headers))).toEqual(
      expect.objectContaining({ outcome: 'retry', scope: 'integration', retryAfterMs }),
    )
  })
  test('after a 429 nobody calls until the time is over', async () => {
    const { deps, asked } = scripted([granted('token-1')], [limited({ 'retry-after': '30' })])
    await call(deps, connection, request)
    const next = await call(deps, connection, request)
    expect(next).toMatchObject({ failure: { outcome: 'retry', code: 'rate_limit', scope: 'integration' } })
    expect(next.kind === 'failed' && 'retryAfterMs' in next.failure && next.failure.retryAfterMs).toBeGreaterThan(29_000)
    expect(asked).toHaveLength(2)
  })
  test('when the answer says that the minute is used up, the next call waits', async () => {
    const used = json({}, 200, { 'inin-ratelimit-count': '300', 'inin-ratelimit-allowed': '300', 'inin-ratelimit-reset': '21' })
    const { deps } = scripted([granted('token-1')], [used])
    expect(await call(deps, connection, request)).toMatchObject({ kind: 'ok' })
    expect(await call(deps, connection, request)).toMatchObject({ failure: { code: 'rate_limit' } })
  })
  test('the three-hundred-and-first call of a minute is not made', async () => {
    const { deps, asked } = scripted(
      [granted('token-1')],
      Array.from({ length: 400 }, () => json({})),
    )
    const results = await Promise.all(Array.from({ length: 310 }, () => call(deps, connection, request)))
    expect(results.filter(({ kind }) => kind === 'ok')).toHaveLength(300)
    expect(asked.filter(({ url }) => url.includes('/api/v2/'))).toHaveLength(300)
  })
  test('typing leaves the last sixty calls of a minute to messages', async () => {
    const { deps } = scripted(
      [granted('token-1')],
      Array.from({ length: 400 }, () => json({})),
    )
    for (let n = 0; n < 240; n++) await call(deps, connection, request)
    expect(await call(deps, connection, { ...request, spare: 60 })).toMatchObject({ failure: { code: 'rate_limit' } })
    expect(await call(deps, connection, request)).toMatchObject({ kind: 'ok' })
  })
})
