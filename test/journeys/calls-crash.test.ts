/** A server killed in the middle of calls that are told of five times at once; the long run is `npm run chaos -- --calls`. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isSoundRun } from '../world/calls-check.ts'
import { runCalls } from '../world/calls-run.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(() => database?.drop())

const seed = Number(process.env.PARLEY_TEST_SEED ?? Date.now() % 1_000_000)
test('every caller has exactly the text they should have, and what is told equals what is', async () => {
  const report = await runCalls({ seed, databaseUrl: database.url, callers: 60, kills: 2, perSecond: 5 })
  console.log(JSON.stringify(report))
  expect(report).toMatchObject({ callers: 60, doubled: 0, missing: 0, unexpected: 0, broken: {} })
  expect(isSoundRun(report)).toBe(true)
}, 240_000)
