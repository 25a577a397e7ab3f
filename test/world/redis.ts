/** Redis for tests: the one on this machine, a prefix of its own for each file. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createConnection } from 'node:net'
import { until } from './until.ts'

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

export const redisServer = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].find((path) => existsSync(path))

/** A Redis of one's own, that can be stopped and started again. It keeps nothing. */
export async function startRedis(
  port: number,
): Promise<{ url: string; signal(name: NodeJS.Signals): void; stop(): Promise<void> }> {
  const child = spawn(
    redisServer ?? 'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    {
      stdio: 'ignore',
    },
  )
  const ended = new Promise((resolve) => child.once('close', resolve))
  await until('it answers', () => answers(port))
  return {
    url: `redis://127.0.0.1:${port}`,
    signal: (name) => void child.kill(name),
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    socket.on('connect', () => {
      resolve(true)
      socket.destroy()
    })
    socket.on('error', () => resolve(false))
  })
