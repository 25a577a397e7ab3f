import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTenant } from '../../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/world/database.ts'
import { inTenant } from './tx.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

test('a connection that dies in the middle of a transaction fails that transaction, not the process', async () => {
  const tenantId = await makeTenant(db)
  const uncaught: Error[] = []
  const listener = (error: Error) => void uncaught.push(error)
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', listener)
  try {
    const work = inTenant(db, tenantId, async (tx) => {
      const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      await db.owner.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
      await new Promise((resolve) => setTimeout(resolve, 200)) // nothing is asked while it dies
      await tx.query('SELECT 1')
    })
    await expect(work).rejects.toThrow()
  } finally {
    process.removeListener('uncaughtException', listener)
    for (const other of others) process.on('uncaughtException', other)
  }
  expect(uncaught).toEqual([])
  expect(await inTenant(db, tenantId, async (tx) => (await tx.query('SELECT 1 AS one')).rows)).toEqual([{ one: 1 }])
})
