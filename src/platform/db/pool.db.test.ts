import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTenant } from '../../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/world/database.ts'
import type { Pool } from './pool.ts'
import { inTenant, inTransaction, readTenant } from './tx.ts'

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

test('a connection that does not answer is closed at once, not asked to roll back; one that answers is kept', async () => {
  const tenantId = await makeTenant(db)
  const failing = async (error: Error) => {
    const asked: string[] = []
    const released: unknown[] = []
    const client = {
      query: async (text: string) => {
        asked.push(text.split(';')[0] as string)
        if (text === 'SELECT 1') throw error
        return { rows: [] }
      },
      release: (broken?: Error) => void released.push(broken),
    }
    const pool = { connect: async () => client } as unknown as Pool
    await expect(inTenant({ pool }, tenantId, (tx) => tx.query('SELECT 1'))).rejects.toBe(error)
    await expect(readTenant({ pool }, tenantId, (tx) => tx.query('SELECT 1'))).rejects.toBe(error)
    await expect(inTransaction({ pool }, (one) => one.query('SELECT 1'))).rejects.toBe(error)
    return { asked, released }
  }
  const silence = new Error('Query read timeout')
  expect(await failing(silence)).toEqual({
    asked: ['BEGIN', 'SELECT 1', 'BEGIN READ ONLY', 'SELECT 1', 'BEGIN', 'SELECT 1'],
    released: [silence, silence, silence],
  })
  const said = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' })
  const { asked, released } = await failing(said)
  expect(asked.filter((text) => text === 'ROLLBACK')).toHaveLength(3)
  expect(released).toEqual([undefined, undefined, undefined])
})
