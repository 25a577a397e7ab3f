/** The assistant that works by rules, on a real database: which lines cannot wait, by the trade of the business. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTenant } from '../../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/world/database.ts'
import { createAssistant } from './index.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

async function watching(trade: string | null) {
  const tenantId = await makeTenant(db)
  await db.owner.query('UPDATE tenants SET trade_type = $2 WHERE id = $1', [tenantId, trade])
  const alertIn = await createAssistant({ db }).watch?.(tenantId)
  return (text: string) => alertIn?.(text) ?? null
}

test.each([
  ['plumber', 'The pipe burst and there is water everywhere'],
  ['plumber', 'Hay una inundación en la cocina'],
  ['encanador', 'O cano estourado alagou tudo'],
  ['сантехник', 'Прорвало трубу, заливает соседей'],
  ['plumber', 'انفجر الأنبوب في المطبخ'],
  ['locksmith', 'I am locked out'],
  [null, 'No heat, and it is freezing'],
])('%s: “%s” cannot wait', async (trade, text) => {
  expect((await watching(trade))(text)).toEqual({ kind: 'emergency', danger: null })
})

test('danger to people is one in every trade and named; another trade’s emergency, and what is denied, waits', async () => {
  const locksmith = await watching('locksmith')
  expect(locksmith('I smell gas')).toEqual({ kind: 'emergency', danger: 'gas' })
  expect(locksmith('The pipe burst')).toBeNull()
  expect((await watching('plumber'))('It is not an emergency, the tap drips')).toBeNull()
})
