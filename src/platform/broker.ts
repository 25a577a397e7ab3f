/**
 * RabbitMQ: one connection of this process. What is published is confirmed, or the caller is told within seconds that it is not
 * known to be there; what is consumed is acknowledged when its work is done. Queues are quorum queues with a dead-letter exchange.
 */
import { Connection, type Consumer, ConsumerStatus, type Publisher } from 'rabbitmq-client'
import type { Logger } from './log.ts'

export interface OutgoingMessage {
  /** Stable: the same message published again has the same. */
  id: string
  type: string
  headers?: Record<string, string>
  body: Buffer
  contentType?: string
}

export interface IncomingMessage {
  id: string | undefined
  type: string | undefined
  headers: Record<string, unknown>
  body: Buffer
  redelivered: boolean
}

/** done: acknowledged. again: back to where it was in its queue. dead: to the dead-letter exchange. */
export type Handled = 'done' | 'again' | 'dead'

export interface QueueShape {
  /** Without the prefix. */
  name: string
  /** One consumer at a time, whichever process it is in: what is in the queue is handled in its order. */
  single?: boolean
  /** Beyond, publishing is refused. Bytes. */
  maxBytes?: number
  /** Routing keys of the exchange that lead here. */
  bind?: { exchange: string; keys: readonly string[] }
}

export interface Topology {
  queues: readonly QueueShape[]
  /** Topic exchanges, without the prefix. */
  exchanges: readonly string[]
}

export interface Broker {
  /** Connected, and taking messages. */
  ready(): boolean
  /** To a queue, or through an exchange. Rejects with BrokerAway where it is not certain that the broker has it. */
  publish(to: { queue: string } | { exchange: string; key: string }, message: OutgoingMessage): Promise<void>
  consume(
    queue: string,
    options: { prefetch: number; handle: (message: IncomingMessage) => Promise<Handled> },
  ): { close(): Promise<void> }
  /** How many messages wait in each queue of the topology. Rejects where the broker does not answer. */
  depths(): Promise<Map<string, number>>
  stop(): Promise<void>
}

export class BrokerAway extends Error {
  constructor(text = 'RabbitMQ does not answer') {
    super(text)
    this.name = 'BrokerAway'
  }
}

/** Where what no consumer could handle ends. */
export const deadLetters = 'dead-letters.v1'

/** A provider waits a few seconds for its answer. */
const confirmMs = 4000
const answerMs = 3000
/** Two beats missed: the other side is gone. Seconds. */
const heartbeat = 5
/** Deliveries after which a message that ends the process every time is put away. */
const mostDeliveries = 20
const maxBytes = 1 << 30

export function connectBroker(options: { url: string; prefix: string; topology: Topology; log: Logger }): Broker {
  const { prefix, log, topology } = options
  const full = (name: string) => prefix + name
  const all: QueueShape[] = [...topology.queues, { name: deadLetters, bind: { exchange: deadLetters, keys: ['#'] } }]
  let away = false
  const connection = new Connection({
    url: options.url,
    connectionName: `${prefix}${process.pid}`,
    connectionTimeout: answerMs,
    acquireTimeout: answerMs,
    heartbeat,
    retryLow: 200,
    retryHigh: 3000,
  })
  connection.on('error', (error: Error) => {
    if (!away) log.warn('RabbitMQ is away', { operation: 'broker', error: error.message })
    away = true
  })
  connection.on('connection', () => {
    if (away) log.info('RabbitMQ is back', { operation: 'broker' })
    away = false
    // Also where nobody here publishes or reads: whoever asks how much waits finds the queues.
    void setUp().catch((error: Error) =>
      log.error('The queues of RabbitMQ could not be made', { operation: 'broker', error: error.message }),
    )
  })
  connection.on('connection.blocked', (reason: string) =>
    log.warn('RabbitMQ takes no messages', { operation: 'broker', error: reason }),
  )

  const queues = all.map((shape) => ({ queue: full(shape.name), durable: true, arguments: argumentsOf(shape, prefix) }))
  const exchanges = [...topology.exchanges, deadLetters].map((name) => ({ exchange: full(name), type: 'topic', durable: true }))
  const queueBindings = all.flatMap(({ name, bind }) =>
    (bind?.keys ?? []).map((key) => ({ queue: full(name), exchange: full(bind?.exchange ?? ''), routingKey: key })),
  )
  async function setUp(): Promise<void> {
    for (const one of exchanges) await connection.exchangeDeclare(one)
    for (const one of queues) await connection.queueDeclare(one)
    for (const one of queueBindings) await connection.queueBind(one)
  }
  const publisher: Publisher = connection.createPublisher({ confirm: true, queues, exchanges, queueBindings })
  /** Ids of messages that no queue took; a return comes before its confirm. */
  const returned = new Set<string>()
  publisher.on('basic.return', ({ messageId }) => {
    if (messageId) returned.add(messageId)
  })
  const consumers = new Set<Consumer>()

  return {
    ready: () => connection.ready,
    async publish(to, { id, type, headers, body, contentType }) {
      // A broker that blocks neither refuses nor confirms.
      if (!connection.ready) throw new BrokerAway()
      const place = 'queue' in to ? { routingKey: full(to.queue) } : { exchange: full(to.exchange), routingKey: to.key }
      const envelope = { ...place, durable: true, mandatory: true, messageId: id, type, headers, contentType }
      await inTime(publisher.send(envelope, body), confirmMs).catch((error: Error) => {
        returned.delete(id)
        throw error instanceof BrokerAway ? error : new BrokerAway(error.message)
      })
      // The library tells of a return one turn after it read it, and of the confirm behind it at once.
      await new Promise((resolve) => setImmediate(resolve))
      if (returned.delete(id)) throw new BrokerAway('No queue of RabbitMQ takes this message')
    },
    consume(queue, { prefetch, handle }) {
      const shape = queues.find((one) => one.queue === full(queue))
      const consumer = connection.createConsumer(
        { queue: full(queue), qos: { prefetchCount: prefetch }, ...(shape ? { queueOptions: shape } : {}), noAck: false },
        async (message) => {
          const handled = await handle({
            id: message.messageId,
            type: message.type,
            headers: (message.headers ?? {}) as Record<string, unknown>,
            body: bytesOf(message.body),
            redelivered: message.redelivered,
          })
          return { done: ConsumerStatus.ACK, again: ConsumerStatus.REQUEUE, dead: ConsumerStatus.DROP }[handled]
        },
      )
      consumer.on('error', (error: Error) =>
        log.warn('A queue of RabbitMQ is not read', { operation: 'broker', queue, error: error.message }),
      )
      consumers.add(consumer)
      return {
        async close() {
          consumers.delete(consumer)
          await inTime(consumer.close(), answerMs).catch(() => {})
        },
      }
    },
    async depths() {
      if (!connection.ready) throw new BrokerAway()
      const found = await inTime(
        Promise.all(
          all.map(async ({ name }) => {
            const { messageCount } = await connection.queueDeclare({ queue: full(name), passive: true })
            return [name, messageCount] as const
          }),
        ),
        answerMs,
      )
      return new Map(found)
    },
    async stop() {
      for (const consumer of consumers) await inTime(consumer.close(), answerMs).catch(() => {})
      await inTime(publisher.close(), answerMs).catch(() => {})
      await inTime(connection.close(), answerMs).catch(() => connection.unsafeDestroy())
    },
  }
}

function argumentsOf(shape: QueueShape, prefix: string): Record<string, unknown> {
  const limits = {
    'x-queue-type': 'quorum',
    'x-overflow': 'reject-publish',
    'x-max-length-bytes': shape.maxBytes ?? maxBytes,
    ...(shape.single ? { 'x-single-active-consumer': true } : {}),
  }
  if (shape.name === deadLetters) return limits
  return {
    ...limits,
    'x-delivery-limit': mostDeliveries,
    'x-dead-letter-exchange': prefix + deadLetters,
    'x-dead-letter-strategy': 'at-least-once',
  }
}

/** The library makes text and JSON of what says that it is. */
function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BrokerAway()), ms)
  })
  work.catch(() => {}) // may fail after nobody waits any more
  return await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
