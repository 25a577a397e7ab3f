import { afterAll, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { toE164 } from '../kernel/phone.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import { contactByPhone, learnIdentities, openConversation } from './contacts.ts'
import { receiveBatch } from './receive.ts'

let db: TestDatabase
let account: TestAccount
const log = createLogger({ level: 'CRITICAL' })
beforeAll(async () => {
  db = await createTestDatabase()
  account = await makeAccount(db)
})
afterAll(() => db.drop())
const find = (tenantId: string, phone: string) => inTenant(db, tenantId, (tx) => contactByPhone(tx, phone))

test('one number written five ways is one contact, also when the customer writes; two businesses have two', async () => {
  const local = `9${digits(9)}`
  const ways = [
    `8${local}`,
    `+7${local}`,
    local,
    `7${local}`,
    `+7 (${local.slice(0, 3)}) ${local.slice(3, 6)}-${local.slice(6, 8)}-${local.slice(8)}`,
  ]
  const ids = []
  for (const way of ways) ids.push(await find(account.tenantId, toE164(way, 'RU') as string))
  await receiveBatch({ db, log }, [webhook(inboundText(account, `7${local}`, 'it is me'))])
  const { rows } = await db.owner.query('SELECT id FROM contacts WHERE tenant_id = $1 AND phone = $2', [
    account.tenantId,
    `+7${local}`,
  ])
  expect(rows).toHaveLength(1)
  expect(new Set([...ids, rows[0].id]).size).toBe(1)
  const other = await makeAccount(db)
  expect(await find(other.tenantId, `+7${local}`)).not.toBe(ids[0])
})

test('twenty at once who write to a new number make one contact and one conversation', async () => {
  const phone = `+1650${digits(7)}`
  const made = await Promise.all(
    Array.from({ length: 20 }, () =>
      inTenant(db, account.tenantId, async (tx) => {
        const contact = await contactByPhone(tx, phone)
        return `${contact} ${await openConversation(tx, account.accountId, contact)}`
      }),
    ),
  )
  expect(new Set(made).size).toBe(1)
})

test('the id a provider really sends to is learned, and then the answer from it finds the same person', async () => {
  const [entered, real] = [`55119${digits(8)}`, `5511${digits(8)}`]
  const contact = await find(account.tenantId, `+${entered}`)
  await learnIdentities(db, account.tenantId, account.accountId, contact, [{ kind: 'wa_id', value: real, scope: '' }], contact)
  await receiveBatch({ db, log }, [
    webhook(
      inboundText(account, real, 'oi', {
        person: { identities: [{ kind: 'wa_id', value: real, scope: '' }], phone: `+${real}` },
      }),
    ),
  ])
  const { rows } = await db.owner.query(
    `SELECT DISTINCT m.contact_id FROM messages m WHERE m.content = 'oi' AND m.tenant_id = $1`,
    [account.tenantId],
  )
  expect(rows).toEqual([{ contact_id: contact }])
})
