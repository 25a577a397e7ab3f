import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { silent } from '../../test/world/people.ts'
import { type DatabaseProxy, startDatabaseProxy } from '../../test/world/proxy.ts'
import { until } from '../../test/world/until.ts'
import { keepStatistics } from '../platform/db/statistics.ts'
import { runUpkeep, type UpkeepDeps } from './run.ts'

let db: TestDatabase
let proxy: DatabaseProxy
beforeAll(async () => {
  db = await createTestDatabase()
  proxy = await startDatabaseProxy(db.url)
})
afterAll(async () => {
  await proxy?.close()
  await db.drop()
})

test('a database that says nothing ends a round of upkeep, whose lock is free again, and a look at the statistics', async () => {
  const files = {} as UpkeepDeps['files']
  const holder = await db.owner.connect()
  await holder.query('BEGIN')
  await holder.query('LOCK TABLE parley.upkeep')
  const deps = { db, ownerUrl: proxy.url, files, log: silent, queryTimeoutMs: 1000 }
  const round = runUpkeep(deps, { tasks: ['partitions'] })
  const failed = round.then(
    () => undefined,
    (error: Error) => error.message,
  )
  await until('it waits for the table', async () => {
    const { rows } = await db.owner.query(
      `SELECT 1 FROM pg_stat_activity WHERE application_name = 'parley-upkeep' AND wait_event_type = 'Lock' AND datname = current_database()`,
    )
    return rows.length === 1
  })
  proxy.mode('blackhole')
  await holder.query('ROLLBACK')
  holder.release()
  expect(await failed).toMatch(/timeout/)
  const statistics = keepStatistics({ ownerUrl: proxy.url, log: silent, everyMs: 3_600_000, queryTimeoutMs: 500 })
  expect(await statistics.look()).toEqual([])
  await statistics.stop()
  proxy.mode('pass')
  expect(await runUpkeep({ ...deps, ownerUrl: db.url }, { tasks: ['partitions'] })).not.toBeNull()
})
