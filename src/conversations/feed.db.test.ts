import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { inTenant } from '../platform/db/tx.ts'
import { appendEvent, currentCursor, isForeignCursor, parseCursor, readFeed } from './feed.ts'

let db: TestDatabase
let tenant: string
beforeAll(async () => {
  db = await createTestDatabase()
  tenant = await makeTenant(db)
})
afterAll(() => db.drop())

const now = () => inTenant(db, tenant, currentCursor)
const read = (cursor: string, limit = 100) => inTenant(db, tenant, (tx) => readFeed(tx, cursor, limit))
const add = (type: string) => inTenant(db, tenant, (tx) => appendEvent(tx, { type, actor: 'test' }))

test('what happens after a cursor is read in order and once, page by page', async () => {
  let cursor = await now()
  for (const n of [1, 2, 3, 4, 5]) await add(`thing.${n}`)
  const seen: string[] = []
  for (;;) {
    const page = await read(cursor, 2)
    if (page.length === 0) break
    seen.push(...page.map((event) => event.type))
    cursor = page.at(-1)?.cursor as string
  }
  expect(seen).toEqual(['thing.1', 'thing.2', 'thing.3', 'thing.4', 'thing.5'])
})

test('an event that is committed late is never skipped: later ones wait for it', async () => {
  const cursor = await now()
  const slow = await db.pool.connect()
  await slow.query(`BEGIN; SET LOCAL parley.tenant_id = '${tenant}'`)
  await slow.query(`INSERT INTO events (tenant_id, type, actor) VALUES ($1, 'slow.first', 'test')`, [tenant])
  await add('quick.second')
  expect(await read(cursor)).toEqual([])
  await slow.query('COMMIT')
  slow.release()
  expect((await read(cursor)).map((event) => event.type)).toEqual(['slow.first', 'quick.second'])
})

test('a transaction of another database of the same server holds nothing up', async () => {
  const elsewhere = await createTestDatabase()
  const cursor = await now()
  const slow = await elsewhere.owner.connect()
  await slow.query(`BEGIN; INSERT INTO tenants (tenant_id, name) VALUES ('slow', 'Slow')`)
  await add('not.waiting')
  expect((await read(cursor)).map((event) => event.type)).toEqual(['not.waiting'])
  await slow.query('ROLLBACK')
  slow.release()
  await elsewhere.drop()
})

test('under twenty writers at once a reader that follows misses nothing and sees nothing twice', async () => {
  let cursor = await now()
  const seen: string[] = []
  let writing = true
  const follow = async () => {
    for (;;) {
      const done = !writing
      const page = await read(cursor, 50)
      if (page.length > 0) cursor = page.at(-1)?.cursor as string
      seen.push(...page.map((event) => event.type))
      if (done && page.length === 0) return
    }
  }
  const reader = follow()
  await Promise.all(
    Array.from({ length: 20 }, async (_, w) => {
      for (let i = 0; i < 15; i++) await add(`w${w}.${i}`)
    }),
  )
  writing = false
  await reader
  expect(seen.filter((type, i) => seen.indexOf(type) !== i || !type.startsWith('w'))).toEqual([])
  expect(seen).toHaveLength(300)
  expect(new Set(seen).size).toBe(300)
  for (let w = 0; w < 20; w++)
    expect(seen.filter((type) => type.startsWith(`w${w}.`))).toEqual(Array.from({ length: 15 }, (_, i) => `w${w}.${i}`))
})

test('the order is that of numbers: the thousandth transaction comes after the nine hundredth', async () => {
  await db.owner.query(
    `INSERT INTO events (tenant_id, txid, type, actor) SELECT $1, n::text::xid8, 'n' || n, 'test' FROM generate_series(95, 105) AS n`,
    [tenant],
  )
  const first = await read('94.00000000-0000-0000-0000-000000000000', 7)
  expect(first.map((event) => event.type)).toEqual(['n95', 'n96', 'n97', 'n98', 'n99', 'n100', 'n101'])
  const rest = await read(first.at(-1)?.cursor as string, 4)
  expect(rest.map((event) => event.type)).toEqual(['n102', 'n103', 'n104', 'n105'])
})

test("another tenant's events are never in it", async () => {
  const cursor = await now()
  const other = await makeTenant(db, 'Somebody else')
  await inTenant(db, other, (tx) => appendEvent(tx, { type: 'secret', actor: 'test' }))
  expect(await read(cursor)).toEqual([])
})

test('a cursor of another database is noticed, one that is none is refused', async () => {
  const foreign = '18446744073709551615.00000000-0000-0000-0000-000000000000'
  expect(await inTenant(db, tenant, (tx) => isForeignCursor(tx, foreign))).toBe(true)
  expect(await inTenant(db, tenant, async (tx) => isForeignCursor(tx, await currentCursor(tx)))).toBe(false)
  for (const wrong of ['', 'x', '1', '1.x', '-1.00000000-0000-0000-0000-000000000000', "1'; DROP TABLE events--.0"]) {
    expect(() => parseCursor(wrong), wrong).toThrow(/cursor/)
  }
})
