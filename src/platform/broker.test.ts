import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requirePart } from '../../test/house/requires.ts'
import { type DatabaseProxy, startDatabaseProxy } from '../../test/world/proxy.ts'
import { openRabbit, type Rabbit, rabbitPresent, rabbitUrl } from '../../test/world/rabbitmq.ts'
import { until } from '../../test/world/until.ts'
import { type Broker, BrokerAway, connectBroker, deadLetters, type Handled, type IncomingMessage } from './broker.ts'
import { createLogger } from './log.ts'

const log = createLogger({ level: 'CRITICAL' })
const message = (id: string, body = id) => ({ id, type: 'note', body: Buffer.from(body) })

describe.skipIf(!requirePart('RabbitMQ', rabbitPresent))('the broker', () => {
  let rabbit: Rabbit
  let proxy: DatabaseProxy
  let broker: Broker
  const queues = ['orders', 'copies', 'small']
  beforeAll(async () => {
    rabbit = await openRabbit([...queues, deadLetters], ['news', deadLetters])
    proxy = await startDatabaseProxy(rabbitUrl)
    broker = connectBroker({
      ...{ url: proxy.url, prefix: rabbit.prefix, log },
      topology: {
        queues: [
          { name: 'orders', single: true },
          { name: 'copies', bind: { exchange: 'news', keys: ['town.#'] } },
          { name: 'small', maxBytes: 2000 },
        ],
        exchanges: ['news'],
      },
    })
    await until('it is connected', () => broker.ready())
  })
  afterAll(async () => {
    await broker?.stop()
    await proxy?.close()
    await rabbit?.close()
  })

  /** Reads a queue until `count` were handled. */
  async function read(queue: string, count: number, handle: (m: IncomingMessage, nth: number) => Handled | Promise<Handled>) {
    const seen: IncomingMessage[] = []
    const reading = broker.consume(queue, { prefetch: 10, handle: async (m) => handle(m, seen.push(m)) })
    await until(`${count} were read`, () => seen.length >= count, { timeoutMs: 20_000 })
    await reading.close()
    return seen
  }

  test('what is published is there with all it had, through a restart of who reads', async () => {
    await broker.publish(
      { queue: 'orders' },
      { ...message('1', 'bread'), headers: { a: 'b' }, contentType: 'application/octet-stream' },
    )
    await broker.publish({ queue: 'orders' }, message('2', '{"json": true}'))
    const [first, second] = await read('orders', 2, () => 'done')
    expect(first).toMatchObject({ id: '1', type: 'note', headers: { a: 'b' }, redelivered: false })
    expect([first?.body.toString(), second?.body.toString()]).toEqual(['bread', '{"json": true}'])
    await until('nothing is left', async () => (await broker.depths()).get('orders') === 0)
  })

  test('what no queue takes is not taken for published', async () => {
    await broker.publish({ exchange: 'news', key: 'town.fair' }, message('3'))
    await expect(broker.publish({ exchange: 'news', key: 'moon.landing' }, message('4'))).rejects.toThrow(BrokerAway)
    expect(await rabbit.take('copies')).toMatchObject({ messageId: '3' })
  })

  test('a full queue refuses, and nothing in it goes', async () => {
    const taken: string[] = []
    for (let n = 0; n < 20; n++) {
      const id = `full-${n}`
      await broker.publish({ queue: 'small' }, message(id, 'x'.repeat(500))).then(
        () => taken.push(id),
        (error: Error) => expect(error).toBeInstanceOf(BrokerAway),
      )
    }
    expect(taken.length).toBeGreaterThan(1)
    expect(taken.length).toBeLessThan(20)
    const seen = await read('small', taken.length, () => 'done')
    expect(seen.map(({ id }) => id)).toEqual(taken)
  })

  test('given back it comes again, before what came later; given up it is with the dead letters', async () => {
    for (const id of ['a', 'b', 'c']) await broker.publish({ queue: 'orders' }, message(id))
    const seen = await read('orders', 4, ({ id, redelivered }) =>
      id === 'a' && !redelivered ? 'again' : id === 'b' ? 'dead' : 'done',
    )
    expect(seen.filter(({ id }) => id === 'a').map(({ redelivered }) => redelivered)).toEqual([false, true])
    await until('it is there', async () => (await rabbit.depth(deadLetters)) === 1)
    expect(await rabbit.take(deadLetters)).toMatchObject({ messageId: 'b' })
  })

  test('what its reader was handling when the connection broke is handled again', async () => {
    await broker.publish({ queue: 'orders' }, message('held'))
    const seen: boolean[] = []
    const reading = broker.consume('orders', {
      prefetch: 1,
      async handle({ redelivered }) {
        seen.push(redelivered)
        if (redelivered) return 'done'
        proxy.mode('cut')
        await until('it has noticed', () => !broker.ready())
        proxy.mode('pass')
        // Too late: the broker has given it back.
        return 'done'
      },
    })
    await until('it came again', () => seen.includes(true), { timeoutMs: 30_000 })
    expect(seen).toEqual([false, true])
    await reading.close()
  }, 60_000)

  test('away, it is said at once or within seconds, never taken for published; and it comes back by itself', async () => {
    await until('it is connected', () => broker.ready(), { timeoutMs: 20_000 })
    proxy.mode('blackhole')
    const began = performance.now()
    await expect(broker.publish({ queue: 'orders' }, message('lost'))).rejects.toThrow(BrokerAway)
    expect(performance.now() - began).toBeLessThan(6000)
    await expect(broker.depths()).rejects.toThrow(BrokerAway)
    proxy.mode('cut')
    await until('it has noticed', () => !broker.ready())
    const quick = performance.now()
    await expect(broker.publish({ queue: 'orders' }, message('lost too'))).rejects.toThrow(BrokerAway)
    expect(performance.now() - quick).toBeLessThan(500)
    proxy.mode('pass')
    await until('it is back', () => broker.ready(), { timeoutMs: 20_000 })
    await broker.publish({ queue: 'orders' }, message('back'))
    const [seen] = await read('orders', 1, () => 'done')
    expect(seen?.id).toBe('back')
  }, 60_000)
})
