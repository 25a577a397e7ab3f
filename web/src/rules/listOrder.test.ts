import { describe, expect, test } from 'vitest'
import { appendPage, type ListFilter, matches, mergeConversations, settleOrder } from './listOrder.ts'
import { conversation } from './sample.ts'

const open: ListFilter = { status: 'open', assignee: 'any', unread: false, q: '' }
const ids = (list: { items: { id: string }[] }) => list.items.map((one) => one.id).join('')
const loaded = (next: string | null = null) => ({
  items: [conversation('a', 30), conversation('b', 20), conversation('c', 10)],
  next,
})

describe('live changes taken into a loaded list', () => {
  test('a conversation with a new message goes to the top, once', () => {
    const changed = conversation('c', 40, { lastSeq: 2 })
    expect(ids(mergeConversations(loaded(), [changed, changed], open, 'me'))).toBe('cab')
  })

  test('a batch that comes again, or an older answer that comes late, changes nothing', () => {
    const once = mergeConversations(loaded(), [conversation('c', 40, { version: 2, lastSeq: 2 })], open, 'me')
    const late = conversation('c', 10, { lastSeq: 1 })
    expect(mergeConversations(once, [late], open, 'me')).toEqual(once)
  })

  test('one that was closed leaves the open list; one that is new enters it in its place', () => {
    const changed = [conversation('b', 20, { status: 'closed', updatedAt: '2026-11-21T09:00:00.000Z' }), conversation('d', 15)]
    expect(ids(mergeConversations(loaded(), changed, open, 'me'))).toBe('adc')
  })

  test('one that belongs below the loaded rows is left to its page, else rows between would be missing', () => {
    expect(ids(mergeConversations(loaded('more'), [conversation('z', 5)], open, 'me'))).toBe('abc')
    expect(ids(mergeConversations(loaded(null), [conversation('z', 5)], open, 'me'))).toBe('abcz')
  })

  test('a page that follows does not double a row that moved up meanwhile', () => {
    const list = mergeConversations(loaded('more'), [conversation('e', 50)], open, 'me')
    expect(ids(appendPage(list, { items: [conversation('d', 5), conversation('e', 2)], next: null }))).toBe('eabcd')
  })

  test('the order does not depend on the order in which changes come', () => {
    const changes = ['d', 'e', 'f', 'a'].map((id, at) => conversation(id, 12 + at * 7, { lastSeq: 3 }))
    const forwards = changes.reduce((list, one) => mergeConversations(list, [one], open, 'me'), loaded())
    const backwards = changes.toReversed().reduce((list, one) => mergeConversations(list, [one], open, 'me'), loaded())
    expect(ids(forwards)).toBe(ids(backwards))
    expect(ids(forwards)).toBe('afbedc')
  })

  test('filters see owner, unread, name and number', () => {
    const one = conversation('a', 1, { assignee: { id: 'me', name: 'Me' }, unreadCount: 2 })
    expect(matches(one, { ...open, assignee: 'me', unread: true }, 'me')).toBe(true)
    expect(matches(one, { ...open, assignee: 'none' }, 'me')).toBe(false)
    expect(matches(one, { ...open, q: 'name A' }, 'me')).toBe(true)
    expect(matches(one, { ...open, q: '600111' }, 'me')).toBe(true)
    expect(matches(one, { ...open, q: 'nobody' }, 'me')).toBe(false)
    expect(matches(one, { ...open, assignee: 'me2' }, 'me')).toBe(false)
    expect(matches({ ...one, lastPreview: 'The green parcel' }, { ...open, q: 'parc green' }, 'me')).toBe(true)
    expect(matches(one, { ...open, accountId: one.account.id }, 'me')).toBe(true)
    expect(matches(one, { ...open, accountId: 'another' }, 'me')).toBe(false)
    expect(matches({ ...one, labelIds: ['l'] }, { ...open, labelId: 'l' }, 'me')).toBe(true)
    expect(matches(one, { ...open, labelId: 'l' }, 'me')).toBe(false)
  })
})

describe('rows do not move under the pointer', () => {
  test('live, the list shows the true order', () => {
    expect(settleOrder(['a', 'b'], ['c', 'b', 'a'], { held: false, keep: null })).toEqual({ ids: ['c', 'b', 'a'], waiting: 0 })
  })

  test('held, new rows and rows that moved up wait above and are counted', () => {
    expect(settleOrder(['a', 'b', 'c'], ['n', 'c', 'a', 'b'], { held: true, keep: null })).toEqual({
      ids: ['a', 'b', 'c'],
      waiting: 2,
    })
  })

  test('held, older pages still come in below', () => {
    expect(settleOrder(['a', 'b'], ['n', 'a', 'b', 'x', 'y'], { held: true, keep: null })).toEqual({
      ids: ['a', 'b', 'x', 'y'],
      waiting: 1,
    })
  })

  test('a row that left is taken out, but the open conversation stays where it is', () => {
    expect(settleOrder(['a', 'b', 'c'], ['c'], { held: true, keep: 'b' }).ids).toEqual(['b', 'c'])
    expect(settleOrder(['a', 'b', 'c'], ['a', 'c'], { held: false, keep: 'b' }).ids).toEqual(['a', 'b', 'c'])
  })
})
