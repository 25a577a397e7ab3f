import { afterAll, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { createLogger } from '../platform/log.ts'
import { createIngress } from './ingress.ts'

const log = createLogger({ level: 'CRITICAL' })
let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

const phone = () => `1650${digits(7)}`
const saidBy = async ({ tenantId }: TestAccount, from: string): Promise<string[]> => {
  const { rows } = await db.owner.query(
    `SELECT m.content FROM messages m JOIN contacts k ON k.tenant_id = m.tenant_id AND k.id = m.contact_id
      WHERE m.tenant_id = $1 AND k.phone = $2 ORDER BY m.seq`,
    [tenantId, `+${from}`],
  )
  return rows.map(({ content }) => content)
}

test('a batch that waits is overtaken by those who came before the next line of anybody in it, and by no such line', async () => {
  const account = await makeAccount(db)
  const [busy, customer] = [phone(), phone()]
  const ingress = createIngress({ db, log })
  await ingress.accept(webhook(inboundText(account, busy, 'hello')))
  const holder = await db.owner.connect()
  await holder.query('BEGIN')
  await holder.query('SELECT FROM conversations WHERE tenant_id = $1 FOR UPDATE', [account.tenantId])
  const first = webhook(inboundText(account, busy, 'held'))
  first.parsed.events.push(inboundText(account, customer, 'one'))
  const held = ingress.accept(first)
  // With the customer's second line as many as a second batch needs.
  const others = Array.from({ length: 31 }, phone)
  const before = others.map((other) => ingress.accept(webhook(inboundText(account, other, 'before'))))
  const second = ingress.accept(webhook(inboundText(account, customer, 'two')))
  await Promise.all(before)
  await holder.query('COMMIT')
  holder.release()
  await Promise.all([held, second])
  expect(await saidBy(account, customer)).toEqual(['one', 'two'])
})

test('lines of a few customers that all come at once stay in the order in which they came', { timeout: 60_000 }, async () => {
  const account = await makeAccount(db)
  const ingress = createIngress({ db, log })
  const customers = Array.from({ length: 8 }, phone)
  const said = new Map<string, string[]>(customers.map((customer) => [customer, []]))
  const stored: Promise<void>[] = []
  for (let n = 0; n < 1600; n++) {
    const customer = customers[(n * 7) % customers.length] as string
    said.get(customer)?.push(`${n}`)
    stored.push(ingress.accept(webhook(inboundText(account, customer, `${n}`))))
    // As requests come: some together, some while others are stored.
    if (n % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
    if (n % 97 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(stored)
  for (const customer of customers) expect(await saidBy(account, customer)).toEqual(said.get(customer))
})
