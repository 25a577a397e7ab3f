import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, receipt, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { silent } from '../../test/world/people.ts'
import { scriptedChannel } from '../../test/world/scripted-channel.ts'
import { receiveBatch } from '../conversations/receive.ts'
import { createEventReplayer, type Replayer } from '../conversations/replay.ts'
import { newId } from '../kernel/ids.ts'
import type { MessageEvent } from '../ports/channel.ts'
import { attentionOf, keepDeadLetters } from './keeper.ts'
import * as store from './store.ts'
import { type DeadLetterDeps, dealWithMany, discardLetter, mendLetter, onShelf, replayLetter, requireLetter } from './verbs.ts'

let db: TestDatabase
let account: TestAccount
let other: TestAccount
let deps: DeadLetterDeps
const by = { label: 'user:1', name: 'Ana' }
const changed: string[] = []

beforeAll(async () => {
  db = await createTestDatabase()
  const channel = scriptedChannel()
  const replayers = [createEventReplayer({ channels: new Map([[channel.provider, channel]]) })]
  deps = { db, log: silent, replayers, changed: (tenant) => changed.push(tenant) }
})
afterAll(() => db.drop())
beforeEach(async () => {
  account = await makeAccount(db)
  other = await makeAccount(db)
})

/** A message whose time the database does not take; as a letter of the business to which it came. */
async function poison(given: Partial<MessageEvent> = {}, to = account) {
  const event = inboundText(to, `1650${digits(7)}`, 'bad', { occurredAt: 'the day after tomorrow', ...given })
  const hook = webhook(event)
  await receiveBatch({ db, log: silent }, [hook])
  const { rows } = await db.owner.query('SELECT id FROM dead_letters WHERE webhook_event_id = $1', [hook.id])
  return { id: rows[0].id as string, event, webhookId: hook.id, mended: { ...event, occurredAt: new Date().toISOString() } }
}
const letter = (id: string, tenantId: string | null = account.tenantId) =>
  onShelf(db, tenantId, (shelf) => requireLetter(shelf, id))
const stored = async (externalId: string): Promise<number> =>
  (await db.owner.query('SELECT count(*)::int AS n FROM messages WHERE external_message_id = $1', [externalId])).rows[0].n
const audited = async (action: string): Promise<{ subject_id: string; changes: Record<string, unknown> }[]> =>
  (
    await db.owner.query('SELECT subject_id, changes FROM audit_log WHERE tenant_id = $1 AND action = $2 ORDER BY id', [
      account.tenantId,
      action,
    ])
  ).rows

test('what could not be stored belongs to the business of the account it came to, and its raw webhook stands beside it', async () => {
  const { id, webhookId } = await poison()
  expect(await letter(id)).toMatchObject({ tenant_id: account.tenantId, reason: 'invalid_payload', context: { appSlug: '' } })
  const raw = await onShelf(db, account.tenantId, (shelf) => store.findWebhook(shelf, webhookId))
  expect(raw?.body.toString()).toContain('the day after tomorrow')
  expect(await onShelf(db, other.tenantId, (shelf) => store.findWebhook(shelf, webhookId))).toBeUndefined()
  await expect(letter(id, other.tenantId)).rejects.toMatchObject({ code: 'not_found' })
})

describe('replaying', () => {
  test('as it is it fails again, says why, and stays open', async () => {
    const { id, event } = await poison()
    expect(await replayLetter(deps, account.tenantId, by, id)).toMatchObject({
      outcome: 'failed',
      error: expect.stringContaining('/occurredAt'),
    })
    expect(await letter(id)).toMatchObject({ resolved_at: null, trail: [{ did: 'failed', by: 'user:1', name: 'Ana' }] })
    expect(await stored(event.externalId)).toBe(0)
  })

  test('mended it is taken in once, with the trail, the log and the webhook put right', async () => {
    const { id, event, mended, webhookId } = await poison()
    changed.length = 0
    expect(await replayLetter(deps, account.tenantId, by, id, { payload: mended })).toEqual({ outcome: 'replayed' })
    expect(await letter(id)).toMatchObject({
      resolution: 'replayed',
      resolved_by: 'user:1',
      payload: { occurredAt: mended.occurredAt },
      original_payload: { occurredAt: 'the day after tomorrow' },
      trail: [{ did: 'replayed' }],
    })
    expect(await stored(event.externalId)).toBe(1)
    expect(await audited('dead_letter.replayed')).toMatchObject([{ subject_id: id, changes: { edited: true } }])
    expect(changed).toEqual([account.tenantId])
    const raw = await db.owner.query('SELECT status FROM webhook_events WHERE id = $1', [webhookId])
    expect(raw.rows).toEqual([{ status: 'processed' }])
    await expect(replayLetter(deps, account.tenantId, by, id)).rejects.toMatchObject({ code: 'not_retryable' })
    expect(await stored(event.externalId)).toBe(1)
  })

  test('by ten at once, or after the provider delivered it again, it doubles nothing', async () => {
    const { id, event, mended } = await poison()
    await receiveBatch({ db, log: silent }, [webhook(mended)])
    await mendLetter(deps, account.tenantId, by, id, mended)
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => replayLetter(deps, account.tenantId, by, id)))
    expect(all.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
    expect(await stored(event.externalId)).toBe(1)
    const seq = await db.owner.query('SELECT last_seq FROM conversations WHERE tenant_id = $1', [account.tenantId])
    expect(seq.rows).toEqual([{ last_seq: 1 }])
  })

  test('never reaches another business: where it came to and what it is cannot be changed', async () => {
    const { id, event, mended } = await poison()
    for (const turned of [
      { ...mended, account: other.externalId },
      { ...mended, externalId: 'wamid.other' },
      { ...mended, kind: 'receipt' },
    ])
      await expect(replayLetter(deps, account.tenantId, by, id, { payload: turned })).rejects.toMatchObject({
        code: 'invalid_request',
      })
    // The number went to somebody else meanwhile.
    await db.owner.query('UPDATE channel_accounts SET external_id = $2 WHERE id = $1', [account.accountId, digits(15)])
    await db.owner.query('UPDATE channel_accounts SET external_id = $2 WHERE id = $1', [other.accountId, account.externalId])
    expect(await replayLetter(deps, account.tenantId, by, id, { payload: mended })).toMatchObject({
      outcome: 'failed',
      error: expect.stringContaining('another business'),
    })
    expect(await stored(event.externalId)).toBe(0)
    expect(await letter(id)).toMatchObject({ resolved_at: null })
  })

  test('a payload nested so deep that nobody can walk it is refused in words', async () => {
    const { id, mended } = await poison()
    const body = JSON.parse(`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)
    const refused = { code: 'invalid_request', message: expect.stringContaining('64 levels') }
    await expect(mendLetter(deps, account.tenantId, by, id, { ...mended, body })).rejects.toMatchObject(refused)
    await expect(replayLetter(deps, account.tenantId, by, id, { payload: { ...mended, body } })).rejects.toMatchObject(refused)
    expect(await letter(id)).toMatchObject({ resolved_at: null, payload: null })
  })

  test('a receipt that speaks of what a customer wrote stays one, and makes no second letter', async () => {
    const event = inboundText(account, `1650${digits(7)}`, 'mine')
    await receiveBatch({ db, log: silent }, [webhook(event), webhook(receipt(account, event.externalId, 'read'))])
    const [row] = await onShelf(db, account.tenantId, (shelf) => store.listLetters(shelf, { state: 'open', limit: 9 }))
    expect(row?.reason).toBe('state_violation')
    expect(await replayLetter(deps, account.tenantId, by, row?.id as string)).toMatchObject({ outcome: 'failed' })
    expect(await onShelf(db, account.tenantId, (shelf) => store.countLetters(shelf))).toHaveLength(1)
  })

  test('what nobody here knows how to take in is left as it is', async () => {
    await add('elsewhere', 'invalid_payload')
    const [row] = await onShelf(db, account.tenantId, (shelf) => store.listLetters(shelf, { state: 'open', limit: 9 }))
    await expect(replayLetter(deps, account.tenantId, by, row?.id as string)).rejects.toMatchObject({ code: 'not_retryable' })
  })
})

test('who knows a source best takes in what came from it', async () => {
  await add('webhook:elsewhere', 'invalid_payload', { id: 7 })
  const [row] = await onShelf(db, account.tenantId, (shelf) => store.listLetters(shelf, { state: 'open', limit: 9 }))
  const taken: unknown[] = []
  const special: Replayer = {
    source: 'webhook:elsewhere',
    check: (payload) => payload,
    async replay(_client, _letter, payload) {
      taken.push(payload)
      return () => {}
    },
  }
  const both = { ...deps, replayers: [...deps.replayers, special] }
  expect(await replayLetter(both, account.tenantId, by, row?.id as string)).toEqual({ outcome: 'replayed' })
  expect(taken).toEqual([{ id: 7 }])
})

const add = (source: string, reason: string, payload: unknown = {}, tenantId: string | null = account.tenantId) =>
  db.pool.query('SELECT parley.add_dead_letter($1, $2, NULL, $3, $4, $5)', [
    tenantId,
    source,
    JSON.stringify(payload),
    reason,
    'why',
  ])

test('discarded it is closed with who and why, and keeps what came', async () => {
  const { id } = await poison()
  await discardLetter(deps, account.tenantId, by, id, { words: 'a test of theirs' })
  expect(await letter(id)).toMatchObject({
    resolution: 'discarded',
    trail: [{ did: 'discarded', note: 'a test of theirs' }],
    original_payload: { text: 'bad' },
  })
  expect(await audited('dead_letter.discarded')).toMatchObject([{ subject_id: id, changes: { note: 'a test of theirs' } }])
})

test('many are gone through in steps, oldest first, by filter; what comes meanwhile is left alone', async () => {
  const good = Array.from({ length: 5 }, () => inboundText(account, `1650${digits(7)}`, 'late but good'))
  for (const event of good) await add('webhook:whatsapp-cloud', 'invalid_payload', event)
  await add('webhook:whatsapp-cloud', 'state_violation', good[0])
  await poison()
  const first = await dealWithMany(deps, account.tenantId, by, 'replay', { reason: 'invalid_payload', limit: 4 })
  expect(first).toMatchObject({ done: 4, failed: 0, left: 2 })
  await add('webhook:whatsapp-cloud', 'invalid_payload', inboundText(account, `1650${digits(7)}`, 'new'))
  const second = await dealWithMany(deps, account.tenantId, by, 'replay', {
    reason: 'invalid_payload',
    limit: 4,
    cursor: first.next as string,
    until: first.until as string,
  })
  expect(second).toMatchObject({ done: 1, failed: 1, left: 0, next: null })
  for (const { externalId } of good) expect(await stored(externalId)).toBe(1)
  // One line of the log for each step, not one for each letter.
  expect((await audited('dead_letter.replayed')).map(({ changes }) => changes.count)).toEqual([4, 1])
  expect(await dealWithMany(deps, account.tenantId, by, 'discard', { limit: 100 })).toMatchObject({ done: 3, left: 0 })
  expect(await onShelf(db, account.tenantId, (shelf) => store.countOpen(shelf, {}))).toBe(0)
})

test('two who go through the same ones at once take each in once, and neither counts what the other did as failed', async () => {
  const events = Array.from({ length: 20 }, (_, n) => inboundText(account, `1650${digits(7)}`, `line ${n}`))
  for (const event of events) await add('webhook:whatsapp-cloud', 'invalid_payload', event)
  await add('elsewhere', 'invalid_payload')
  const both = await Promise.all([1, 2].map(() => dealWithMany(deps, account.tenantId, by, 'replay', { limit: 100 })))
  expect(both.reduce((sum, { done }) => sum + done, 0)).toBe(20)
  expect(both.map(({ failed }) => failed)).toEqual([1, 1])
  for (const { externalId } of events) expect(await stored(externalId)).toBe(1)
})

test('a step through the letters of one business leaves those of another alone, whatever ids it is given', async () => {
  await add('webhook:whatsapp-cloud', 'invalid_payload', inboundText(account, `1650${digits(7)}`, 'ours'))
  const theirs = await poison({}, other)
  const given = { cursor: '00000000-0000-0000-0000-000000000000', until: theirs.id, limit: 100 }
  expect(await dealWithMany(deps, account.tenantId, by, 'discard', given)).toMatchObject({ done: 1, left: 0, next: null })
  expect(await dealWithMany(deps, account.tenantId, by, 'replay', given)).toMatchObject({ done: 0, failed: 0, left: 0 })
  expect(await letter(theirs.id, other.tenantId)).toMatchObject({ resolved_at: null, trail: [] })
})

test('a list is read page by page, by state, reason and source', async () => {
  for (const reason of ['invalid_payload', 'database_error', 'lock_timeout']) await add('a', reason)
  await add('b', 'invalid_payload')
  const list = (wish: object) =>
    onShelf(db, account.tenantId, (shelf) => store.listLetters(shelf, { state: 'open', limit: 100, ...wish }))
  const all = await list({})
  // Newest first, by id: those of one millisecond in any order.
  expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).sort((a, b) => (a < b ? 1 : -1)))
  expect(all.map(({ reason }) => reason).sort()).toEqual([
    'database_error',
    'invalid_payload',
    'invalid_payload',
    'lock_timeout',
  ])
  const rest = await list({ cursor: all[1]?.id })
  expect(rest.map(({ id }) => id)).toEqual(all.slice(2).map(({ id }) => id))
  expect((await list({ state: 'waiting' })).map(({ reason }) => reason).sort()).toEqual(['database_error', 'lock_timeout'])
  expect(await list({ source: 'b' })).toHaveLength(1)
  expect(await list({ reason: 'lock_timeout', source: 'a' })).toHaveLength(1)
  await discardLetter(deps, account.tenantId, by, all[0]?.id as string)
  expect(await list({ state: 'discarded' })).toHaveLength(1)
})

describe('by itself', () => {
  const minute = 60_000
  function failing(times: number): { replayer: Replayer; tried: string[] } {
    const tried: string[] = []
    const replayer: Replayer = {
      source: 'scripted',
      check: (payload) => payload,
      async replay(_client, { id }) {
        tried.push(id)
        if (tried.length <= times) throw Object.assign(new Error('could not obtain lock'), { code: '42883' })
        return () => {}
      },
    }
    return { replayer, tried }
  }
  async function keeperAt(replayer: Replayer) {
    const clock = { now: Date.now() }
    const keeper = keepDeadLetters({ ...deps, replayers: [replayer], now: () => new Date(clock.now), everyMs: 3_600_000 })
    await keeper.look()
    return { clock, keeper }
  }

  test('what failed for a passing reason is tried again after five minutes, three times, and then left to people', async () => {
    const { replayer, tried } = failing(99)
    const { clock, keeper } = await keeperAt(replayer)
    await add('scripted', 'lock_timeout')
    await add('scripted', 'invalid_payload')
    await keeper.look()
    expect(tried).toHaveLength(0)
    for (const expected of [1, 2, 3, 3, 3]) {
      clock.now += 5 * minute + 1000
      await keeper.look()
      expect(tried).toHaveLength(expected)
    }
    const [row] = await onShelf(db, account.tenantId, (shelf) =>
      store.listLetters(shelf, { state: 'open', reason: 'lock_timeout', limit: 9 }),
    )
    expect(row).toMatchObject({ retry_count: 3, next_try_at: null, resolved_at: null })
    expect((await letter(row?.id as string)).trail.map(({ did, by }) => [did, by])).toEqual([
      ['failed', 'system'],
      ['failed', 'system'],
      ['failed', 'system'],
    ])
    await keeper.stop()
  })

  test('once it works it is closed, whoever of two servers comes to it', async () => {
    const { replayer, tried } = failing(1)
    const { clock, keeper } = await keeperAt(replayer)
    const second = await keeperAt(replayer)
    await add('scripted', 'database_error')
    for (let n = 0; n < 3; n++) {
      clock.now += 5 * minute + 1000
      second.clock.now = clock.now
      await Promise.all([keeper.look(), second.keeper.look()])
    }
    expect(tried).toHaveLength(2)
    const [row] = await onShelf(db, account.tenantId, (shelf) => store.listLetters(shelf, { state: 'replayed', limit: 9 }))
    expect(row).toMatchObject({ resolution: 'replayed', resolved_by: 'system', retry_count: 2 })
    await Promise.all([keeper.stop(), second.keeper.stop()])
  })

  test('a business hears once of a hundred open ones, once of a thousand, and once that it is over', async () => {
    const { keeper } = await keeperAt(failing(0).replayer)
    const fill = (n: number) =>
      db.owner.query(
        `INSERT INTO dead_letters (tenant_id, source, original_payload, reason) SELECT $1, 'many', '{}', 'invalid_payload' FROM generate_series(1, $2)`,
        [account.tenantId, n],
      )
    const told = async () =>
      (
        await db.owner.query(
          `SELECT type, data FROM events WHERE tenant_id = $1 AND type LIKE 'dead_letters.%' ORDER BY txid, id`,
          [account.tenantId],
        )
      ).rows
    const alarm = () => onShelf(db, account.tenantId, (shelf) => store.alarmLevel(shelf))
    await fill(99)
    await keeper.look()
    expect(await told()).toEqual([])
    await fill(1)
    const others = Array.from({ length: 3 }, () => keeperAt(failing(0).replayer))
    await Promise.all([keeper.look(), ...others.map(async (one) => (await one).keeper.look())])
    expect(await told()).toEqual([{ type: 'dead_letters.alarm', data: { open: 100, level: 100 } }])
    expect(keeper.attention().join()).toContain('A hundred or more')
    await fill(950)
    await keeper.look()
    await keeper.look()
    expect((await told()).map(({ data }) => data.level)).toEqual([100, 1000])
    expect(await alarm()).toBe(1000)
    await db.owner.query(`DELETE FROM dead_letters WHERE source = 'many'`)
    await keeper.look()
    expect((await told()).at(-1)).toEqual({ type: 'dead_letters.cleared', data: {} })
    expect([await alarm(), keeper.attention()]).toEqual([null, []])
    await Promise.all([keeper.stop(), ...others.map(async (one) => (await one).keeper.stop())])
  })
  test('the server says how many it is about', () => {
    expect(attentionOf(undefined)).toEqual([])
    expect(
      attentionOf(
        new Map([
          ['a', 60],
          ['b', 39],
        ]),
      ),
    ).toEqual([])
    expect(
      attentionOf(
        new Map([
          ['a', 999],
          ['b', 1],
        ]),
      ),
    ).toEqual([expect.stringContaining('A thousand or more dead letters are open (1000)')])
  })
})

test('those of nobody are reached by whoever runs the server, and by no business', async () => {
  const id = newId()
  await db.owner.query(
    `INSERT INTO dead_letters (id, tenant_id, source, original_payload, reason) VALUES ($1, NULL, 'webhook:whatsapp-cloud', $2, 'database_error')`,
    [id, JSON.stringify(inboundText(account, `1650${digits(7)}`, 'whose?'))],
  )
  await expect(letter(id)).rejects.toMatchObject({ code: 'not_found' })
  expect(await replayLetter(deps, null, { label: 'cli', name: 'Command line' }, id)).toEqual({ outcome: 'replayed' })
  expect(await letter(id, null)).toMatchObject({ resolution: 'replayed', resolved_by: 'cli', trail: [{ did: 'replayed' }] })
  const { rows } = await db.owner.query(`SELECT action FROM platform_audit_log WHERE subject_id = $1`, [id])
  expect(rows).toEqual([{ action: 'dead_letter.replayed' }])
})
