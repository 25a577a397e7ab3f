import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/world/database.ts'
import { newId } from '../../kernel/ids.ts'
import { createArrays } from './arrays.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

/** What the database makes of an array. */
async function read(type: string, value: Buffer): Promise<unknown> {
  const { rows } = await db.pool.query(`SELECT to_jsonb($1::${type}[]) AS read`, [value])
  return rows[0].read
}

const texts = [
  '',
  'plain',
  '"quoted" \\ {braces}, NULL',
  'null',
  'ß',
  'שלום',
  '漢字',
  '👩‍👩‍👧',
  ' \n\t',
  'x'.repeat(47),
  'ü'.repeat(47),
]

test('texts of every kind arrive as they are, with nulls between them', async () => {
  const long = ['x'.repeat(48), 'é'.repeat(5000), '漢'.repeat(9000)]
  const values = [null, ...texts, null, ...long, null]
  // The memory is far too small, and grows.
  expect(await read('text', createArrays(0).text(values))).toEqual(values)
  expect(await read('text', createArrays(1 << 20).text(values))).toEqual(values)
})

test('none, and nothing but nulls', async () => {
  const arrays = createArrays(0)
  expect(await read('text', arrays.text([]))).toEqual([])
  expect(await read('uuid', arrays.uuid([]))).toEqual([])
  expect(await read('text', arrays.text([null, null]))).toEqual([null, null])
  expect(await read('int', arrays.int([null]))).toEqual([null])
})

test('numbers, truth values and ids', async () => {
  const arrays = createArrays(0)
  const ids = [newId(), '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', newId().toUpperCase()]
  expect(await read('int', arrays.int([0, 1, -1, null, 2147483647, -2147483648]))).toEqual([
    0,
    1,
    -1,
    null,
    2147483647,
    -2147483648,
  ])
  expect(await read('bool', arrays.bool([true, false, true]))).toEqual([true, false, true])
  expect(await read('uuid', arrays.uuid(ids))).toEqual(ids.map((id) => id.toLowerCase()))
})

test('new ids are time-ordered ones, each another and later than the last', async () => {
  const made = (await read('uuid', createArrays(0).newIds(300))) as string[]
  expect(new Set(made).size).toBe(300)
  expect([...made].sort()).toEqual(made)
  for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect([newId() > (made.at(-1) as string), await read('uuid', createArrays(0).newIds(0))]).toEqual([true, []])
})

test('times before and after those that the database counts from', async () => {
  const times = [
    '1969-12-31T23:59:59.999Z',
    '1999-12-31T23:59:59.999Z',
    '2000-01-01T00:00:00.000Z',
    '2026-11-27T20:00:00.123Z',
    '2254-12-31T23:59:59.999Z',
  ]
  const { rows } = await db.pool.query('SELECT $1::timestamptz[] AS read', [
    createArrays(0).time(times.map((time) => Date.parse(time))),
  ])
  expect(rows[0].read.map((time: Date) => time.toISOString())).toEqual(times)
})

test('several arrays of one query do not write over each other', async () => {
  const arrays = createArrays(0)
  const made = Array.from({ length: 40 }, (_, n) => [`${n}`.repeat(n * 20), n] as const).map(
    ([text, n]) => [arrays.text([text]), text, arrays.int([n, n + 1]), n] as const,
  )
  for (const [text, wanted, ints, n] of made) {
    expect(await read('text', text)).toEqual([wanted])
    expect(await read('int', ints)).toEqual([n, n + 1])
  }
})

test('what the database cannot keep is its error, not another text', async () => {
  for (const value of [2 ** 31, 1.5, Number.NaN]) expect(() => createArrays(0).int([value])).toThrow(RangeError)
  for (const value of [Number.NaN, Date.UTC(9999, 0)]) expect(() => createArrays(0).time([value])).toThrow(RangeError)
  await expect(read('text', createArrays(0).text(['a\u0000b']))).rejects.toMatchObject({ code: '22021' })
  expect(await read('text', createArrays(0).text([`a${'\ud800'}b`]))).toEqual(['a\ufffdb'])
})
