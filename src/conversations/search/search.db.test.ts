import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, type TestAccount, webhook } from '../../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/world/database.ts'
import { newId } from '../../kernel/ids.ts'
import { phrasesOf } from '../../kernel/search-phrases.ts'
import { inTenant } from '../../platform/db/tx.ts'
import { createLogger } from '../../platform/log.ts'
import type { MessageEvent } from '../../ports/channel.ts'
import { receiveBatch } from '../receive.ts'
import { fillSearch } from './fill.ts'
import { findMessages, type MessageQuery } from './find.ts'
import { indexContacts, peopleQuery, searchPeople } from './people.ts'
import { bucketTag } from './tags.ts'

let db: TestDatabase
let account: TestAccount
const log = createLogger({ level: 'CRITICAL' })
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())
beforeEach(async () => {
  account = await makeAccount(db)
})

async function says(text: string, extra: Partial<MessageEvent> = {}, to = account, phone = `1650${digits(7)}`) {
  const event = inboundText(to, phone, text, extra)
  await receiveBatch({ db, log }, [webhook(event)])
  const { rows } = await db.owner.query('SELECT id, conversation_id FROM message_tracking WHERE wamid = $1', [event.externalId])
  return { externalId: event.externalId, id: rows[0]?.id as string, conversationId: rows[0]?.conversation_id as string }
}
async function filled(tenantId = account.tenantId): Promise<void> {
  while ((await fillSearch(db, tenantId)).more);
}
const find = (q: string, extra: Partial<MessageQuery> = {}, tenantId = account.tenantId) =>
  inTenant(db, tenantId, (tx) => findMessages(tx, { phrases: phrasesOf(q), limit: 20, ...extra }))
const texts = async (q: string, extra: Partial<MessageQuery> = {}) => (await find(q, extra)).found.map((one) => one.text)

describe('messages', () => {
  test('are found by the beginning of each word, newest first, whatever the case and the accents', async () => {
    await filled()
    for (const text of ['Un café, por favor', 'The CAFETERIA is closed', 'decaf']) await says(text)
    await filled()
    expect(await texts('cafe')).toEqual(['The CAFETERIA is closed', 'Un café, por favor'])
    expect(await texts('favor caf')).toEqual(['Un café, por favor'])
    expect(await texts('cafe tea')).toEqual([])
    expect(await texts('"is closed"')).toEqual(['The CAFETERIA is closed'])
    expect(await texts('"closed is"')).toEqual([])
    expect(await texts('...')).toEqual([])
  })

  test.each([
    ['Cyrillic', 'Запишите ещё одну ЁЛКУ', 'елку'],
    ['Arabic', 'أُرِيدُ الْكِتَابَ مِنْ فَضْلِكَ', 'كتاب'],
    ['Hebrew', 'אני רוצה את הַסֵּפֶר', 'ספר'],
    ['Chinese', '请帮我预约明天的理发', '理发'],
    ['one character', '请帮我预约明天的理发', '约'],
    ['Japanese', '明日の予約をキャンセルしたい', 'ｷｬﾝｾﾙ'],
    ['Korean', '내일 예약을 취소하고 싶어요', '예약'],
    ['Thai', 'อยากจองคิวตัดผมพรุ่งนี้', 'ตัดผม'],
    ['emoji', 'see you 👍🏽', '👍'],
    ['digits of another script', 'الطلب ٤٧١١', '4711'],
  ])('are found in %s', async (_script, text, q) => {
    await says(text)
    await filled()
    const { found } = await find(q)
    expect(found.map((one) => one.text)).toEqual([text])
    expect(found[0]?.snippet.highlights).toHaveLength(1)
  })

  test('that were there before the index are found, the newest of them first', async () => {
    for (const n of [1, 2, 3]) await says(`order ${n}`)
    expect((await find('order')).found).toEqual([])
    await filled()
    await says('order 4')
    await filled()
    expect(await texts('order')).toEqual(['order 4', 'order 3', 'order 2', 'order 1'])
  })

  test('come page after page, each once, across buckets and whatever the budget', async () => {
    await filled()
    for (let n = 0; n < 12; n++) await says(`parcel ${n % 2 ? 'odd' : 'even'} ${n}`)
    await filled()
    // As after a long time: two messages to a bucket.
    await db.owner.query(
      `WITH placed AS (SELECT message_id, 101 + 2 * ((row_number() OVER (ORDER BY created_at) - 1) / 2) AS bucket FROM message_search WHERE tenant_id = $1),
            moved AS (UPDATE message_search s SET bucket = p.bucket, tokens = array_to_tsvector(ARRAY(
                        SELECT $2 || '2t:' || split_part(t, ':', 2) FROM unnest(tsvector_to_array(s.tokens)) t)) FROM placed p
                       WHERE s.tenant_id = $1 AND s.message_id = p.message_id RETURNING s.message_id)
       SELECT count(*) FROM moved`,
      [account.tenantId, bucketTag(account.tenantId, 1).slice(0, 6)],
    )
    const { rows } = await db.owner.query('SELECT DISTINCT bucket FROM message_search WHERE tenant_id = $1', [account.tenantId])
    expect(rows).toHaveLength(6)
    for (const { bucket } of rows) {
      await db.owner.query(
        `UPDATE message_search SET tokens = array_to_tsvector(ARRAY(SELECT $3 || split_part(t, ':', 2) FROM unnest(tsvector_to_array(tokens)) t)) WHERE tenant_id = $1 AND bucket = $2`,
        [account.tenantId, bucket, bucketTag(account.tenantId, bucket)],
      )
    }
    await db.owner.query('DELETE FROM search_buckets WHERE tenant_id = $1', [account.tenantId])
    await db.owner.query(
      `INSERT INTO search_buckets SELECT tenant_id, bucket, min(created_at), max(created_at), count(*) FROM message_search WHERE tenant_id = $1 GROUP BY 1, 2`,
      [account.tenantId],
    )
    const all = Array.from({ length: 12 }, (_, n) => `parcel ${n % 2 ? 'odd' : 'even'} ${n}`).reverse()
    for (const [q, expected] of [
      ['parcel', all],
      ['odd', all.filter((text) => text.includes('odd'))],
      ['parcel 3', ['parcel odd 3']],
    ] as const) {
      for (const extra of [{ limit: 5 }, { limit: 1 }, { limit: 5, budgetMs: 0 }]) {
        const seen: string[] = []
        let before: MessageQuery['before']
        for (let pages = 0; pages < 60; pages++) {
          const page = await find(q, { ...extra, before })
          seen.push(...page.found.map((one) => one.text))
          if (!page.next) break
          before = page.next
        }
        expect(seen).toEqual(expected)
      }
    }
  })

  test('that were edited are found as they read now, and those taken back not at all', async () => {
    await filled()
    const edited = await says('come at nine', {}, account, '16505550001')
    const revoked = await says('a secret nine', {}, account, '16505550001')
    await filled()
    expect(await texts('nine')).toHaveLength(2)
    const change = (type: 'edit' | 'revoke', of: string, text: string | null) =>
      says(text ?? '', { type, text, replyTo: of, conversational: false, body: {} } as never, account, '16505550001')
    await change('edit', edited.externalId, 'come at ten')
    await change('revoke', revoked.externalId, null)
    // Before the index hears of it: what it names is compared with what is there.
    expect(await texts('nine')).toEqual([])
    await filled()
    expect(await texts('ten')).toEqual(['come at ten'])
    expect(await texts('nine')).toEqual([])
    const { rows } = await db.owner.query(`SELECT message_id FROM message_search WHERE message_id = ANY($1)`, [
      [edited.id, revoked.id],
    ])
    expect(rows).toEqual([{ message_id: edited.id }])
  })

  test('that are gone are not found, and nothing of them is left in the index', async () => {
    const { id, conversationId } = await says('erase me')
    const kept = await says('erase somebody else')
    await filled()
    await inTenant(db, account.tenantId, async (tx) => {
      await tx.query('DELETE FROM messages WHERE tenant_id = $1 AND id = $2', [account.tenantId, id])
      await tx.query('DELETE FROM message_tracking WHERE tenant_id = $1 AND id = $2', [account.tenantId, id])
      await tx.query('DELETE FROM conversations WHERE tenant_id = $1 AND id = $2', [account.tenantId, conversationId])
    })
    expect(await texts('erase')).toEqual(['erase somebody else'])
    const { rows } = await db.owner.query('SELECT message_id FROM message_search WHERE tenant_id = $1', [account.tenantId])
    expect(rows).toEqual([{ message_id: kept.id }])
    // Gone without a trigger, as with a month that is dropped.
    await db.owner.query(
      'SET session_replication_role = replica; DELETE FROM messages_default; SET session_replication_role = DEFAULT',
    )
    expect(await texts('erase')).toEqual([])
  })

  test('can be asked for by person, by number of the business and by time', async () => {
    const other = await makeAccount(db, { tenantId: account.tenantId })
    const ada = await says('hello from Ada')
    await says('hello from Bob')
    await says('hello from elsewhere', {}, other)
    await filled()
    expect(await texts('hello')).toHaveLength(3)
    expect(await texts('hello', { conversationIds: [ada.conversationId] })).toEqual(['hello from Ada'])
    expect(await texts('hello', { conversationIds: [] })).toEqual([])
    expect(await texts('hello', { accountIds: [] })).toEqual([])
    expect(await texts('hello', { accountIds: [other.accountId] })).toEqual(['hello from elsewhere'])
    const middle = (await find('bob')).found[0]?.at as number
    expect(await texts('hello', { from: middle })).toEqual(['hello from elsewhere', 'hello from Bob'])
    expect(await texts('hello', { to: middle })).toEqual(['hello from Bob', 'hello from Ada'])
    expect(await texts('hello', { from: middle, to: middle })).toEqual(['hello from Bob'])
  })

  test('are indexed once by two that are at it, and by the next where one was killed', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, n) => says(`crowd ${n}`)))
    await Promise.all([filled(), filled(), filled()])
    await Promise.all(Array.from({ length: 30 }, (_, n) => says(`crowd again ${n}`)))
    // One that ends in the middle of a batch leaves nothing behind.
    const client = await db.pool.connect()
    await client.query(`BEGIN; SET LOCAL parley.tenant_id = '${account.tenantId}'`)
    await client.query(`UPDATE search_progress SET bucket = bucket + 2`)
    client.release(new Error('killed'))
    await Promise.all([filled(), filled()])
    await filled()
    expect((await find('crowd', { limit: 100 })).found).toHaveLength(60)
    const { rows } = await db.owner.query('SELECT sum(messages)::int AS n FROM search_buckets WHERE tenant_id = $1', [
      account.tenantId,
    ])
    expect(rows).toEqual([{ n: 60 }])
  })

  test('of a transaction that commits late are not passed over', async () => {
    await filled()
    const late = await db.owner.connect()
    const conversation = await says('early')
    await late.query('BEGIN')
    const id = newId()
    await late.query(
      `INSERT INTO messages (tenant_id, id, conversation_id, contact_id, seq, direction, sender, type, content, occurred_at, created_at)
       SELECT tenant_id, $2, id, contact_id, 99, 'internal', 'human', 'note', 'written slowly', now(), now() FROM conversations WHERE id = $1`,
      [conversation.conversationId, id],
    )
    await late.query(`INSERT INTO events (tenant_id, type, conversation_id, message_id) VALUES ($1, 'note.added', $2, $3)`, [
      account.tenantId,
      conversation.conversationId,
      id,
    ])
    await says('meanwhile')
    await filled()
    await late.query('COMMIT')
    late.release()
    await filled()
    expect(await texts('slowly')).toEqual(['written slowly'])
    expect(await texts('meanwhile')).toEqual(['meanwhile'])
  })

  test('of a database that was restored are indexed anew', async () => {
    await says('before the loss')
    await filled()
    await db.owner.query(`UPDATE search_progress SET txid = '99999999999' WHERE tenant_id = $1`, [account.tenantId])
    await db.owner.query('DELETE FROM message_search WHERE tenant_id = $1', [account.tenantId])
    await filled()
    expect(await texts('loss')).toEqual(['before the loss'])
  })
})

describe('contacts', () => {
  const people = (q: string, limit = 20, tenantId = account.tenantId) =>
    inTenant(db, tenantId, async (tx) => {
      const query = peopleQuery(tenantId, q)
      const ids = query ? await searchPeople(tx, query, limit) : []
      const { rows } = await tx.query<{ name: string }>(
        'SELECT name FROM contacts WHERE tenant_id = $1 AND id = ANY($2) ORDER BY id DESC',
        [tenantId, ids],
      )
      return rows.map(({ name }) => name)
    })
  const met = (name: string, phone = `1650${digits(7)}`) =>
    says(
      'hi',
      { person: { identities: [{ kind: 'wa_id', value: phone, scope: '' }], name, phone: `+${phone}` } },
      account,
      phone,
    )

  test.each([
    ['Żaneta Kowalska', 'wal'],
    ['Żaneta Kowalska', 'za'],
    ['Żaneta Kowalska', 'kow zan'],
    ['Мария Ёлкина', 'елк'],
    ['محمد الأحمد', 'احمد'],
    ['王小明', '小'],
    ['王小明', '小明'],
    ['דוד כהן', 'כה'],
    ['สมชาย ใจดี', 'ชาย'],
    ["O'Brien 100%_\\", '0%_\\'],
  ])('%s is found by %s', async (name, q) => {
    await met('Somebody Else')
    await met(name)
    await filled()
    expect(await people(q)).toEqual([name])
  })

  test('are found by any part of a number, however it is written', async () => {
    await met('Grace', '4917012345678')
    await met('Alan', '16505550199')
    await filled()
    for (const q of ['45678', '0170 1234', '+49 (170) 123-456', '0049170', '49170', '701/23'])
      expect([q, await people(q)]).toEqual([q, ['Grace']])
    expect(await people('99')).toEqual(['Alan'])
  })

  test('whose name has control characters are found, and keep nobody else out of the index', async () => {
    await met('Eve\u001f\u001fSeparator', '16505550188')
    await met('Adam', '16505550189')
    await filled()
    expect(await people('eve sep')).toEqual(['Eve\u001f\u001fSeparator'])
    expect(await people('Eve\u001f\u001fSep')).toEqual(['Eve\u001f\u001fSeparator'])
    expect(await people('adam')).toEqual(['Adam'])
  })

  test('found by hand or changed are in the index with the change', async () => {
    await met('Old Name', '16505550177')
    await filled()
    await inTenant(db, account.tenantId, async (tx) => {
      const { rows } = await tx.query<{ id: string }>(
        `UPDATE contacts SET name = 'New Person' WHERE tenant_id = $1 AND name = 'Old Name' RETURNING id`,
        [account.tenantId],
      )
      await indexContacts(
        tx,
        rows.map(({ id }) => id),
      )
    })
    expect(await people('new pers')).toEqual(['New Person'])
    expect(await people('old')).toEqual([])
  })

  test('that were there before the index are found too, in pages', async () => {
    for (let n = 0; n < 5; n++) await met(`Sibling ${n}`)
    await filled()
    expect(await people('sibl')).toEqual([4, 3, 2, 1, 0].map((n) => `Sibling ${n}`))
    expect(await people('sibl', 2)).toEqual(['Sibling 4', 'Sibling 3'])
  })
})

describe('the walls', () => {
  test('search_messages() and search_contacts() answer for the business of the transaction, whatever they are asked', async () => {
    const theirs = await makeAccount(db)
    await says('a word of theirs', {}, theirs)
    await filled(theirs.tenantId)
    expect((await find('theirs', {}, theirs.tenantId)).found).toHaveLength(1)
    const ask = (tenantId: string) =>
      inTenant(db, tenantId, async (tx) => {
        const { rows } = await tx.query(
          `SELECT message_id FROM parley.search_messages($1::tsquery, '-infinity', 'infinity', 'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 10)`,
          [`'${bucketTag(theirs.tenantId, 0)}theirs'`],
        )
        const query = peopleQuery(theirs.tenantId, 'customer')
        const people = await tx.query(
          `SELECT contact_id FROM parley.search_contacts($1::tsquery, $2, NULL, NULL, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 10)`,
          [query?.tsquery, query?.lists[0]],
        )
        return [rows.length, people.rows.length]
      })
    expect(await ask(theirs.tenantId)).toEqual([1, 1])
    expect(await ask(account.tenantId)).toEqual([0, 0])
    // Without a business there is nothing.
    const { rows } = await db.pool.query(
      `SELECT message_id FROM parley.search_messages($1::tsquery, '-infinity', 'infinity', 'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 10)`,
      [`'${bucketTag(theirs.tenantId, 0)}theirs'`],
    )
    expect(rows).toEqual([])
  })

  test('search_backlog() names businesses with something to index and since when, and nothing else', async () => {
    const backlog = async () =>
      (await db.pool.query('SELECT * FROM parley.search_backlog()')).rows.filter((row) => row.tenant_id === account.tenantId)
    expect(await backlog()).toEqual([{ tenant_id: account.tenantId, waiting_since: null, filling: true }])
    await filled()
    expect(await backlog()).toEqual([])
    await says('news')
    expect(await backlog()).toEqual([{ tenant_id: account.tenantId, waiting_since: expect.any(Date), filling: false }])
  })
})
