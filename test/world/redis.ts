/** Redis for tests: the one on this machine, a prefix of its own for each file. */
import { randomBytes } from 'node:crypto'
import { createConnection } from 'node:net'

export const redisUrl = process.env.PARLEY_TEST_REDIS_URL ?? 'redis://127.0.0.1:6379'

export const redisPresent = await new Promise<boolean>((resolve) => {
  const { hostname, port } = new URL(redisUrl)
  const socket = createConnection({ host: hostname, port: Number(port || 6379) })
  socket.setTimeout(1000, () => socket.destroy())
  socket.on('connect', () => {
    resolve(true)
    socket.destroy()
  })
  socket.on('error', () => resolve(false))
  socket.on('close', () => resolve(false))
})

export const redisPrefix = (): string => `parley-test-${randomBytes(6).toString('hex')}:`
