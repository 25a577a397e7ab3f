import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ParsedWebhook } from '../ports/channel.ts'
import { createFairQueue, type Sized } from './fair-queue.ts'
import { sourceOf } from './ingress.ts'

interface Item extends Sized {
  n: number
}
const limits = { batchEvents: 40, sharedBatchEvents: 10, batchBytes: 1000 }
const item = (source: string, n: number, events = 1, bytes = 10): Item => ({ source, n, events, bytes })
const filled = (...items: Item[]) => {
  const queue = createFairQueue<Item>(limits)
  for (const one of items) queue.add(one)
  return queue
}
const named = (batch: readonly Item[]) => batch.map(({ source, n }) => `${source}${n}`).join(' ')

test('who sent one is in the next batch, however much another sent before', () => {
  const queue = filled(...Array.from({ length: 500 }, (_, n) => item('a', n)), item('b', 0), item('c', 0))
  expect(named(queue.nextBatch(true))).toBe('a0 b0 c0 a1 a2 a3 a4 a5 a6 a7')
})
test('one that goes apart shares its batch with none of the others, and none of them waits for it', () => {
  const apart = (source: string) => source === 'a'
  const queue = filled(item('b', 0), item('a', 0), item('c', 0), item('a', 1), item('b', 1))
  expect(named(queue.nextBatch(true, undefined, apart))).toBe('b0 c0 b1')
  expect(named(queue.nextBatch(true, undefined, apart))).toBe('a0 a1')
  expect(queue.nextBatch(true, undefined, apart)).toEqual([])
})
test('those that go apart share with each other: many of them do not mean many small batches', () => {
  const apart = (source: string) => source !== 'c'
  const queue = filled(item('a', 0), item('b', 0), item('c', 0), item('a', 1), item('b', 1))
  expect(named(queue.nextBatch(true, undefined, apart))).toBe('a0 b0 a1 b1')
  expect(named(queue.nextBatch(true, undefined, apart))).toBe('c0')
})
test('alone, a source has the whole batch', () => {
  const queue = filled(...Array.from({ length: 50 }, (_, n) => item('a', n)))
  expect(queue.nextBatch(true)).toHaveLength(40)
  expect(queue.nextBatch(true)).toHaveLength(10)
  expect(queue.nextBatch(true)).toEqual([])
})
test('one that fills a batch by itself goes alone, and waits where it may not go while others pass it', () => {
  const queue = filled(item('a', 0, 500), item('a', 1), item('b', 0))
  expect(named(queue.nextBatch(false))).toBe('b0')
  expect(queue.nextBatch(false)).toEqual([])
  expect(named(queue.nextBatch(true))).toBe('a0')
  expect(named(queue.nextBatch(false))).toBe('a1')
})
test('a batch has no more bytes than it may, but always something', () => {
  const queue = filled(item('a', 0, 1, 5000), item('a', 1, 1, 900), item('a', 2, 1, 200))
  expect([queue.nextBatch(true), queue.nextBatch(true), queue.nextBatch(true)].map(named)).toEqual(['a0', 'a1', 'a2'])
})
test('nothing is lost, doubled or overtaken within its source, whatever comes and goes', () => {
  const step = fc.record({
    source: fc.constantFrom('a', 'b', 'c'),
    events: fc.integer({ min: 0, max: 60 }),
    take: fc.boolean(),
    large: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = createFairQueue<Item>(limits)
      const out: Item[] = []
      let n = 0
      for (const { source, events, take, large } of steps) {
        queue.add(item(source, n++, events))
        if (take) out.push(...queue.nextBatch(large))
      }
      while (queue.size() > 0) out.push(...queue.nextBatch(true))
      for (const source of ['a', 'b', 'c']) {
        const order = out.filter((one) => one.source === source).map((one) => one.n)
        expect(order).toEqual([...order].sort((x, y) => x - y))
        expect(queue.bytesOf(source)).toBe(0)
      }
      expect(new Set(out.map((one) => one.n)).size).toBe(n)
      expect(out).toHaveLength(n)
    }),
  )
})

test('many apps of one business have one turn, numbers of the platform’s app one each', () => {
  const from = (appSlug: string, owner: string | undefined, account: string) =>
    sourceOf({
      provider: 'p',
      appSlug,
      ...(owner ? { owner } : {}),
      parsed: { events: [{ account }] } as unknown as ParsedWebhook,
    })
  expect(from('one', 'us', '1')).toBe(from('two', 'us', '2'))
  expect(from('one', 'us', '1')).not.toBe(from('three', 'them', '1'))
  expect(from('', undefined, '1')).not.toBe(from('', undefined, '2'))
})
