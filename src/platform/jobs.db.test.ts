import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { silent } from '../../test/world/people.ts'
import { type DatabaseProxy, startDatabaseProxy } from '../../test/world/proxy.ts'
import { until } from '../../test/world/until.ts'
import { prepareJobs, startJobs } from './jobs.ts'

let db: TestDatabase
let proxy: DatabaseProxy
beforeAll(async () => {
  db = await createTestDatabase()
  proxy = await startDatabaseProxy(db.url)
  await prepareJobs(db.url, ['a.test'])
})
afterAll(async () => {
  await proxy?.close()
  await db.drop()
})

test('work goes on after a database that said nothing for a while, on connections of its own', async () => {
  const done: number[] = []
  const jobs = await startJobs({ connectionString: proxy.url, log: silent, pollSeconds: 0.5, queryTimeoutMs: 1000 })
  const job = { name: 'a.test', retryLimit: 1, retryDelay: 1, expireInSeconds: 60 }
  await jobs.work([{ ...job, handle: async (data: { n: number }) => void done.push(data.n) } as never])
  try {
    await jobs.enqueue(db.owner, job.name, [{ n: 1 }])
    await until('the first is done', () => done.length === 1)
    proxy.mode('blackhole')
    await until('all three connections wait', () => proxy.swallowed() >= 3)
    proxy.mode('pass')
    await jobs.enqueue(db.owner, job.name, [{ n: 2 }])
    await until('the second is done', () => done.includes(2))
    expect(done).toEqual([1, 2])
  } finally {
    await jobs.stop()
  }
})
