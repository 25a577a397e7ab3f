/** RabbitMQ for tests: the one on this machine, a prefix of its own for each file, taken away with everything in it afterwards. */
import { randomBytes } from 'node:crypto'
import { createConnection } from 'node:net'
import { Connection } from 'rabbitmq-client'

export const rabbitUrl = process.env.PARLEY_TEST_RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672'

export const rabbitPresent = await new Promise<boolean>((resolve) => {
  const { hostname, port } = new URL(rabbitUrl)
  const socket = createConnection({ host: hostname, port: Number(port || 5672) })
  socket.setTimeout(1000, () => socket.destroy())
  socket.on('connect', () => {
    resolve(true)
    socket.destroy()
  })
  socket.on('error', () => resolve(false))
  socket.on('close', () => resolve(false))
})

export interface Rabbit {
  prefix: string
  connection: Connection
  /** How many wait in a queue, named without the prefix; null: there is no such queue. */
  depth(queue: string): Promise<number | null>
  /** Takes the next message of a queue away. */
  take(
    queue: string,
  ): Promise<{ body: unknown; type?: string; messageId?: string; headers: Record<string, unknown> } | undefined>
  close(): Promise<void>
}

/** `queues` and `exchanges`: what is taken away afterwards, without the prefix. */
export async function openRabbit(queues: readonly string[], exchanges: readonly string[]): Promise<Rabbit> {
  const prefix = `parley-test-${randomBytes(6).toString('hex')}.`
  const connection = new Connection(rabbitUrl)
  connection.on('error', () => {}) // told by what was asked
  await connection.onConnect(10_000)
  return {
    prefix,
    connection,
    async depth(queue) {
      return await connection.queueDeclare({ queue: prefix + queue, passive: true }).then(
        ({ messageCount }) => messageCount,
        () => null,
      )
    },
    async take(queue) {
      const message = await connection.basicGet({ queue: prefix + queue, noAck: true })
      return message && { body: message.body, type: message.type, messageId: message.messageId, headers: message.headers ?? {} }
    },
    async close() {
      for (const queue of queues) await connection.queueDelete({ queue: prefix + queue }).catch(() => {})
      for (const exchange of exchanges) await connection.exchangeDelete({ exchange: prefix + exchange }).catch(() => {})
      connection.unsafeDestroy()
    },
  }
}
