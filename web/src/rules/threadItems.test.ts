import { describe, expect, test } from 'vitest'
import { message } from './sample.ts'
import { continues, isShownAlone, joinPage, LONGEST_RUN, laterMessage, mergeMessages } from './threadItems.ts'

const seqs = (thread: { items: { seq: number }[] }) => thread.items.map((one) => one.seq)
const run = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => message(from + at))
const thread = { items: run(5, 7), hasBefore: true, hasAfter: false }

describe('live messages in an open thread', () => {
  test('what follows is appended, in order, once', () => {
    const merged = mergeMessages(thread, [message(9), message(8), message(8)])
    expect(seqs(merged.thread)).toEqual([5, 6, 7, 8, 9])
    expect(merged.gap).toBe(false)
  })

  test('a hole is not papered over: it is told, and nothing is shown after it', () => {
    const merged = mergeMessages(thread, [message(10)])
    expect(seqs(merged.thread)).toEqual([5, 6, 7])
    expect(merged.gap).toBe(true)
  })

  test('in a thread opened at an old message, new ones wait for their page but known ones change', () => {
    const old = { ...thread, hasAfter: true }
    const merged = mergeMessages(old, [message(6, { status: 'read' }), message(20)])
    expect(seqs(merged.thread)).toEqual([5, 6, 7])
    expect(merged.thread.items[1]?.status).toBe('read')
    expect(merged.gap).toBe(false)
  })

  test('older messages that are not loaded are left to their page', () => {
    expect(seqs(mergeMessages(thread, [message(2)]).thread)).toEqual([5, 6, 7])
  })

  test('an answer that was overtaken by the stream does not take the read mark away', () => {
    const read = message(1, { version: 7, status: 'read' })
    expect(laterMessage(read, message(1, { version: 5, status: 'queued' }))).toBe(read)
    const merged = mergeMessages({ ...thread, items: [read] }, [message(1, { version: 5, status: 'queued' })])
    expect(merged.thread.items).toEqual([read])
  })

  test('a page that was asked for earlier does not take back a reaction that came meanwhile', () => {
    const reacted = message(6, {
      version: 9,
      reactions: [{ emoji: '👍', direction: 'inbound', at: '2026-11-21T08:00:00.000Z' }],
    })
    const now = { ...thread, items: [message(5), reacted, message(7)] }
    const joined = joinPage(now, { items: run(2, 6), hasBefore: false, hasAfter: true, removed: 0 }, 'before')
    expect(joined.items.find((one) => one.seq === 6)).toBe(reacted)
  })

  test('a new attempt moves a failed message back to the queue, though that is a step back', () => {
    const failed = message(1, { version: 3, status: 'failed' })
    expect(laterMessage(failed, message(1, { version: 4, status: 'queued' })).status).toBe('queued')
    expect(laterMessage(message(1, { version: 4, status: 'queued' }), failed).status).toBe('queued')
  })
})

describe('pages of history', () => {
  test('what is no longer kept is known from the page that begins the thread, and stays known', () => {
    const begun = joinPage(thread, { items: run(3, 5), hasBefore: false, hasAfter: true, removed: 2 }, 'before')
    expect(begun.removed).toBe(2)
    expect(joinPage(begun, { items: run(8, 9), hasBefore: true, hasAfter: false, removed: 0 }, 'after').removed).toBe(2)
  })

  test('an older page comes before, without doubles', () => {
    const joined = joinPage(thread, { items: run(2, 5), hasBefore: false, hasAfter: true, removed: 0 }, 'before')
    expect(seqs(joined)).toEqual([2, 3, 4, 5, 6, 7])
    expect(joined).toMatchObject({ hasBefore: false, hasAfter: false })
  })

  test('a very long run lets its far end go and says that there is more', () => {
    const long = { items: run(101, 100 + LONGEST_RUN), hasBefore: true, hasAfter: false }
    const joined = joinPage(long, { items: run(51, 100), hasBefore: true, hasAfter: true, removed: 0 }, 'before')
    expect(joined.items).toHaveLength(LONGEST_RUN)
    expect(joined.items[0]?.seq).toBe(51)
    expect(joined.hasAfter).toBe(true)
  })
})

test('a reaction is shown on its message; only when that one is unknown it is a line of its own', () => {
  const about = { id: 'm1', externalId: null, type: null, text: null, direction: null }
  expect(isShownAlone(message(2, { type: 'reaction', replyTo: about }))).toBe(false)
  expect(isShownAlone(message(2, { type: 'reaction', replyTo: { ...about, id: null } }))).toBe(true)
})

test('bubbles of one author within five minutes are one group; a note never joins what the customer sees', () => {
  expect(continues(message(1), message(2))).toBe(true)
  expect(continues(message(1), message(9))).toBe(false)
  expect(continues(message(1), message(2, { author: { id: 'u2', name: 'Bo' } }))).toBe(false)
  expect(continues(message(1), message(2, { type: 'note' }))).toBe(false)
})
