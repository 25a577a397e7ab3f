import { afterAll, beforeAll, expect, test } from 'vitest'
import { inboundText, makeAccount, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { silent } from '../../test/world/people.ts'
import { receiveBatch } from '../conversations/receive.ts'
import { report } from './report.ts'

let db: TestDatabase
let shop: TestAccount
let empty: TestAccount
const said: string[] = []
const run = (name: string, more = {}) => report(db, name, { days: 30, limit: 50, ...more }, (text) => said.push(text))

beforeAll(async () => {
  db = await createTestDatabase()
  shop = await makeAccount(db)
  empty = await makeAccount(db)
  await receiveBatch({ db, log: silent }, [webhook(inboundText(shop, '16505550101', 'hello'))])
})
afterAll(() => db.drop())

test('a report is printed as a table, or as JSON', async () => {
  await run('statuses', { business: shop.tenantId })
  expect(said.at(-1)).toBe('direction  status    messages\ninbound    received         1')
  await run('delivery', { json: true })
  expect(JSON.parse(said.at(-1) ?? '')).toHaveLength(2)
  await run('active-conversations', { business: `t-${shop.tenantId}` })
  expect(said.at(-1)).toContain('+16505550101')
  expect(said.at(-1)).not.toContain('place')
  await run('campaigns', { business: empty.tenantId })
  expect(said.at(-1)).toBe('Nothing.')
})

test('every report of the server is printed', async () => {
  for (const name of ['delivery', 'statuses', 'volume', 'tables', 'indexes', 'connections']) {
    await run(name)
    expect([name, said.at(-1)?.split('\n').length]).not.toEqual([name, 1])
  }
})

test('what cannot be reported is said', async () => {
  await expect(run('campaigns')).rejects.toThrow('--business')
  await expect(run('tables', { business: shop.tenantId })).rejects.toThrow('of the server')
  await expect(run('weather')).rejects.toThrow('There are: active-conversations')
  await expect(run('delivery', { business: 'nobody' })).rejects.toThrow('no business nobody')
  await expect(run('delivery', { from: 'yesterday' })).rejects.toThrow('--from and --to are times')
  await expect(run('volume', { days: 400 })).rejects.toThrow('at most 92')
})
