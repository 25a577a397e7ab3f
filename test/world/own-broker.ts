/** A RabbitMQ of one's own, with its data in a folder, that can be killed and started again. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { freePort } from './process.ts'
import { until } from './until.ts'

/** Not the wrapper in sbin: that one knows one node only, the system's. */
const program = '/usr/lib/rabbitmq/bin/rabbitmq-server'
export const ownBrokerPresent = existsSync(program)

export interface OwnBroker {
  url: string
  /** kill -9 of the whole node. */
  kill(): Promise<void>
  /** Starts it with what it had, and waits until it answers. */
  start(): Promise<void>
}

export async function startOwnBroker(folder: string): Promise<OwnBroker> {
  const [port, distribution] = [await freePort(), await freePort()]
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'env.conf'), '')
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    RABBITMQ_NODENAME: `parley-${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_CONFIG_FILE: join(folder, 'none'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'env.conf'),
  }
  let ended: Promise<unknown> = Promise.resolve()
  let group = 0
  const broker: OwnBroker = {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    async kill() {
      if (group) process.kill(-group, 'SIGKILL')
      group = 0
      await ended
    },
    async start() {
      const child = spawn(program, [], { cwd: folder, env: environment, stdio: 'ignore', detached: true })
      group = child.pid ?? 0
      ended = new Promise((resolve) => child.once('close', resolve))
      await until('RabbitMQ answers', () => answers(port), { timeoutMs: 90_000 })
    },
  }
  await broker.start()
  return broker
}

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    // It listens before it speaks: what is no greeting of the protocol is answered with one, and closed.
    socket.on('connect', () => socket.write('AMQP\0\0\0\0'))
    socket.on('data', () => {
      resolve(true)
      socket.destroy()
    })
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
    socket.setTimeout(1000, () => socket.destroy())
  })
