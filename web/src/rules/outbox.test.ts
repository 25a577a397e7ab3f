import { describe, expect, test } from 'vitest'
import type { Message } from '../../../client/index.ts'
import { createOutbox, type NewEntry, type OutboxEntry, type Verdict } from './outbox.ts'
import { message } from './sample.ts'

function memory(initial: Record<string, string> = {}) {
  const kept = new Map(Object.entries(initial))
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
    key: (at: number) => [...kept.keys()][at] ?? null,
    get length() {
      return kept.size
    },
  }
}
const text = (key: string, conversationId = 'a'): NewEntry => ({
  key,
  conversationId,
  body: { type: 'text', text: key },
  replyTo: null,
  preview: null,
  afterSeq: 0,
})
const again: Verdict = { next: 'again', afterMs: null, code: 'unreachable', message: 'No answer.' }

/** A server that keeps messages by key, and answers or loses the answer as scripted. */
function world(storage = memory(), now = Date.parse('2026-11-21T08:00:00Z')) {
  const posted: string[] = []
  const saved: string[] = []
  const refused: OutboxEntry[] = []
  const timers: { ms: number; then: () => void; cancelled: boolean }[] = []
  const open: { entry: OutboxEntry; answer: (message: Message) => void; fail: (verdict: Verdict) => void }[] = []
  const outbox = createOutbox({
    storage,
    storageKey: 'o',
    now: () => now,
    judge: (error) => error as Verdict,
    onSaved: (_message, entry) => void saved.push(entry.key),
    onRefused: (entry) => void refused.push(entry),
    wait: (ms, then) => {
      const timer = { ms, then, cancelled: false }
      timers.push(timer)
      return () => {
        timer.cancelled = true
      }
    },
    post: (entry) => {
      posted.push(entry.key)
      return new Promise((answer, fail) => void open.push({ entry, answer, fail }))
    },
  })
  const next = async (act: (call: (typeof open)[number]) => void) => {
    const call = open.shift()
    if (!call) throw new Error('nothing was posted')
    act(call)
    await Promise.resolve()
    await Promise.resolve()
  }
  const keys = () => outbox.entries().map((one) => `${one.key} ${one.state}`)
  return { outbox, posted, saved, refused, timers, storage, next, keys }
}

describe('what is written is kept until the server has it', () => {
  test('messages of one conversation are posted one after the other, in order', async () => {
    const w = world()
    for (const key of ['k1', 'k2', 'k3']) w.outbox.add(text(key))
    expect(w.posted).toEqual(['k1'])
    await w.next((call) => call.answer(message(1)))
    expect(w.posted).toEqual(['k1', 'k2'])
    await w.next((call) => call.answer(message(2)))
    await w.next((call) => call.answer(message(3)))
    expect(w.saved).toEqual(['k1', 'k2', 'k3'])
    expect(w.storage.kept.size).toBe(0)
  })

  test('one conversation does not wait for another', () => {
    const w = world()
    w.outbox.add(text('k1', 'a'))
    w.outbox.add(text('k2', 'b'))
    expect(w.posted).toEqual(['k1', 'k2'])
  })

  test('after a lost answer the same key is posted again, before anything written later', async () => {
    const w = world()
    w.outbox.add(text('k1'))
    w.outbox.add(text('k2'))
    await w.next((call) => call.fail(again))
    expect(w.keys()).toEqual(['k1 waiting', 'k2 waiting'])
    expect(w.outbox.entries()[0]).toMatchObject({ tries: 1, error: { code: 'unreachable' } })
    w.timers[0]?.then()
    expect(w.posted).toEqual(['k1', 'k1'])
  })

  test('waits grow, and what the server asked to wait is respected', async () => {
    const w = world()
    w.outbox.add(text('k1'))
    for (const verdict of [again, again, { ...again, afterMs: 9000 } as Verdict]) {
      await w.next((call) => call.fail(verdict))
      w.timers.at(-1)?.then()
    }
    expect(w.timers.map((timer) => timer.ms)).toEqual([1000, 2000, 9000])
  })

  test('a reload in the middle of a post posts again under the same key', () => {
    const storage = memory()
    world(storage).outbox.add(text('k1'))
    const reloaded = world(storage)
    expect(reloaded.keys()).toEqual(['k1 waiting'])
    reloaded.outbox.resume()
    expect(reloaded.posted).toEqual(['k1'])
  })

  test('when the stream brings the message before the answer, nothing is shown twice or posted again', async () => {
    const w = world()
    w.outbox.add(text('k1'))
    w.outbox.add(text('k2'))
    w.outbox.seen([message(1, { idempotencyKey: 'k1' })])
    expect(w.keys()).toEqual(['k2 waiting'])
    await w.next((call) => call.fail(again))
    expect(w.posted).toEqual(['k1', 'k2'])
    expect(w.timers).toEqual([])
  })

  test('a refused message stays to be read, steps aside for the next, and can be tried again', async () => {
    const w = world()
    w.outbox.add(text('k1'))
    w.outbox.add(text('k2'))
    await w.next((call) => call.fail({ next: 'refused', code: 'window_closed', message: 'Closed.' }))
    expect(w.keys()).toEqual(['k1 refused', 'k2 posting'])
    expect(w.refused.map((one) => one.error?.code)).toEqual(['window_closed'])
    await w.next((call) => call.answer(message(2)))
    w.outbox.retry('k1')
    expect(w.posted).toEqual(['k1', 'k2', 'k1'])
  })

  test('two tabs keep what each of them wrote, in the order in which it was written', () => {
    const storage = memory()
    const one = world(storage)
    const other = world(storage, Date.parse('2026-11-21T08:00:01Z'))
    one.outbox.add(text('k1'))
    other.outbox.add(text('k2'))
    one.outbox.add(text('k3', 'b'))
    expect(world(storage).keys()).toEqual(['k1 waiting', 'k3 waiting', 'k2 waiting'])
  })

  test('after its end an outbox neither posts nor forgets', async () => {
    const w = world()
    w.outbox.add(text('k1'))
    w.outbox.add(text('k2'))
    w.outbox.end()
    await w.next((call) => call.answer(message(1)))
    expect(w.posted).toEqual(['k1'])
    expect(world(w.storage).keys()).toEqual(['k1 waiting', 'k2 waiting'])
  })

  test('signed out, everything waits; signed in again it goes on', async () => {
    const w = world()
    w.outbox.add(text('k1'))
    await w.next((call) => call.fail({ next: 'signed_out' }))
    w.outbox.add(text('k2', 'b'))
    expect(w.posted).toEqual(['k1'])
    w.outbox.resume()
    expect(w.posted).toEqual(['k1', 'k1', 'k2'])
  })

  test('the network coming back ends the wait', async () => {
    const w = world()
    w.outbox.add(text('k1'))
    await w.next((call) => call.fail(again))
    w.outbox.resume()
    expect(w.timers[0]?.cancelled).toBe(true)
    expect(w.posted).toEqual(['k1', 'k1'])
  })

  test('what is a day old is not sent behind its author’s back', () => {
    const storage = memory()
    world(storage).outbox.add(text('k1'))
    const tomorrow = world(storage, Date.parse('2026-11-22T08:00:01Z'))
    tomorrow.outbox.resume()
    expect(tomorrow.posted).toEqual([])
    expect(tomorrow.keys()).toEqual(['k1 refused'])
  })

  test('storage that is broken or full does not stop anything', () => {
    expect(world(memory({ 'o.k1': '{broken' })).keys()).toEqual([])
    const full = memory()
    full.setItem = () => {
      throw new Error('quota')
    }
    const w = world(full)
    w.outbox.add(text('k1'))
    expect(w.posted).toEqual(['k1'])
  })
})
