import { afterAll, beforeAll, expect, test } from 'vitest'
import { inboundText, makeAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { silent } from '../../test/world/people.ts'
import { receiveBatch } from '../conversations/receive.ts'
import { inTenant } from '../platform/db/tx.ts'
import { conversationsWith, history } from './widget-store.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

test('no line is left out between two pages where a line has an earlier time than the one before it', async () => {
  const account = await makeAccount(db)
  // Of two batches at once, the one that began first may be stored last; the clocks of two machines differ by more.
  const seconds = [1, 5, 2, 4, 3, 9, 6]
  for (const [n, second] of seconds.entries())
    await receiveBatch({ db, log: silent, now: () => new Date(Date.UTC(2026, 0, 1, 0, 0, second)) }, [
      webhook(inboundText(account, '16505550101', `line ${n + 1}`)),
    ])
  const { rows } = await db.owner.query('SELECT contact_id, id FROM conversations WHERE tenant_id = $1', [account.tenantId])
  const ids = await inTenant(db, account.tenantId, async (tx) =>
    (await conversationsWith(tx, rows[0].contact_id)).map(({ id }) => id),
  )
  for (const limit of [1, 2, 3, 10]) {
    const seen: (string | null)[] = []
    for (let cursor: string | undefined | null = undefined; cursor !== null; ) {
      const given: { limit: number; cursor?: string } = { limit, ...(cursor ? { cursor } : {}) }
      const page = await inTenant(db, account.tenantId, (tx) => history(tx, ids, given))
      seen.unshift(...page.rows.map(({ content }) => content))
      cursor = page.before
    }
    expect([limit, seen]).toEqual([limit, seconds.map((_, n) => `line ${n + 1}`)])
  }
})
