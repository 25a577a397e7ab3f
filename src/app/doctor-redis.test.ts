import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { requirePart } from '../../test/house/requires.ts'
import { redisPresent, redisUrl } from '../../test/world/redis.ts'
import { redis } from './doctor-redis.ts'

let server: Server | undefined
afterEach(() => {
  server?.close()
})

/** Something at a port that gives one answer to every command; null: none at all. */
async function answering(answer: string | null): Promise<string> {
  server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      if (answer === null) return
      for (const _ of data.toString().matchAll(/^\*\d+\r$/gm)) socket.write(`${answer}\r\n`)
    })
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return `redis://:sesame-street@127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}
describe('what is said of a Redis', () => {
  test.each([
    ['that wants a password', '-NOAUTH Authentication required.', /wants a password/],
    ['that has another password', '-WRONGPASS invalid username-password pair or user is disabled.', /does not take/],
    ['that is too old', '-ERR unknown command `HELLO`, with args beginning with: `3`,', /version 6 or newer/],
    ['that lets one in and no further', '-NOPERM this user has no permissions', /lets this user in/],
  ])('%s says what to do', async (_, answer, words) => {
    const found = await redis(await answering(answer))
    expect(found).toEqual({ what: 'Redis', ok: false, note: expect.stringMatching(words) })
    expect(found.note).not.toContain('sesame')
  })

  test('that is not there, or is silent, says so within seconds and that one may do without', async () => {
    const gone = await redis('redis://:sesame-street@127.0.0.1:1')
    expect(gone).toMatchObject({ ok: false, note: expect.stringMatching(/cannot be reached.*take REDIS_URL out/) })
    expect(gone.note).not.toContain('sesame')
    const began = performance.now()
    expect(await redis(await answering(null))).toMatchObject({
      ok: false,
      note: expect.stringMatching(/cannot be reached/),
    })
    expect(performance.now() - began).toBeLessThan(5000)
  }, 10_000)

  test.skipIf(!requirePart('Redis', redisPresent))('that works tells its version', async () => {
    expect(await redis(redisUrl)).toEqual({ what: 'Redis', ok: true, note: expect.stringMatching(/^version \d+\.\d+/) })
  })
})
