import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { createHttp } from './http.ts'
import { createLogger } from './log.ts'

test('a connection on which nothing whole was asked keeps nobody from stopping; what is under way is finished', async () => {
  const log = createLogger({ level: 'CRITICAL' })
  const server = await createHttp({ log, publicUrl: () => 'http://127.0.0.1', proxies: 0, version: '0' })
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
