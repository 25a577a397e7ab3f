import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { createHttp, serveBrowsers } from './http.ts'
import { createLogger } from './log.ts'

test('a connection on which nothing whole was asked keeps nobody from stopping; what is under way is finished', async () => {
  const log = createLogger({ level: 'CRITICAL' })
  const server = await createHttp({ log, proxies: 0, version: '0' })
  let answer: () => void = () => {}
  let asked: () => void = () => {}
  const begun = new Promise<void>((resolve) => {
    asked = resolve
  })
  server.get('/slow', { schema: { hide: true } }, async () => {
    asked()
    await new Promise<void>((resolve) => {
      answer = resolve
    })
    return 'done'
  })
  const url = new URL(await server.listen({ port: 0, host: '127.0.0.1' }))
  const silent = connect(Number(url.port), url.hostname)
  await new Promise((resolve) => silent.once('connect', resolve))
  silent.write('GET / HTTP/1.1\r\nHost:')
  const closed = new Promise((resolve) => silent.once('close', resolve))
  silent.on('error', () => {})
  const slow = fetch(`${url.origin}/slow`).then((response) => response.text())
  await begun
  const stopping = server.close()
  // It would be closed by now, were only silence waited for.
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(silent.destroyed).toBe(false)
  answer()
  expect(await slow).toBe('done')
  await stopping
  await closed
})

test('what a browser needs is around the routes of browsers and unknown addresses, and around no other', async () => {
  const server = await createHttp({ log: createLogger({ level: 'CRITICAL' }), proxies: 0, version: '0' })
  server.get('/provider', { schema: { hide: true } }, async () => 'taken')
  await serveBrowsers(server, 'https://parley.example', async (web) => {
    web.get('/page', { schema: { hide: true } }, async (request) => request.cookies)
  })
  const get = (url: string) => server.inject({ url, headers: { cookie: 'a=1' } })
  const guards = ['content-security-policy', 'x-content-type-options', 'x-frame-options', 'strict-transport-security']
  const guarded = (headers: Record<string, unknown>) => guards.filter((name) => headers[name] !== undefined)
  const [page, nowhere, provider] = [await get('/page'), await get('/nowhere'), await get('/provider')]
  expect(guarded(page.headers)).toEqual(guards)
  expect(page.json()).toEqual({ a: '1' })
  expect(guarded(nowhere.headers)).toEqual(guards)
  expect(nowhere.json()).toEqual({ error: { code: 'not_found', message: 'There is nothing at this address.' } })
  expect([provider.body, guarded(provider.headers)]).toEqual(['taken', []])
  await server.close()
})

test('an address that no route can read is answered as every error is', async () => {
  const server = await createHttp({ log: createLogger({ level: 'CRITICAL' }), proxies: 0, version: '0' })
  server.get('/:name', { schema: { hide: true } }, async () => 'read')
  const ask = async (url: string) => {
    const answer = await server.inject({ url })
    return [answer.statusCode, Object.keys(answer.json()), answer.json().error.code, typeof answer.json().error.message]
  }
  expect(await ask('/%zz')).toEqual([400, ['error'], 'invalid_request', 'string'])
  expect(await ask(`/${'a'.repeat(5000)}`)).toEqual([414, ['error'], 'invalid_request', 'string'])
  await server.close()
})
