import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { createPool, type Pool } from '../../src/platform/db/pool.ts'
import { createLogger } from '../../src/platform/log.ts'
import { withDatabase } from './postgres.setup.ts'

export interface TestDatabase {
  /** As the server works: bound by row-level security. */
  pool: Pool
  /** As the owner of everything: for looking and for arranging, never for the code under test. */
  owner: pg.Pool
  url: string
  drop(): Promise<void>
}

/** A migrated database of its own. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { adminUrl, template } = inject('postgres')
  const name = `parley_test_${randomBytes(6).toString('hex')}`
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  // Two copies of one template at once are refused: the loser tries again.
  for (let tries = 0; ; tries++) {
    try {
      await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`)
      break
    } catch (error) {
      if (tries > 50 || (error as { code?: string }).code !== '55006') throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const url = withDatabase(adminUrl, name)
  const pool = createPool({ connectionString: url, size: 10, log: createLogger({ level: 'ERROR' }) })
  const owner = new pg.Pool({ connectionString: url, max: 4, options: '-c search_path=parley' })
  owner.on('error', () => {})
  return {
    pool,
    owner,
    url,
    async drop() {
      await pool.end()
      await owner.end()
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
      await admin.end()
    },
  }
}
