import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { inboundText, makeAccount, receipt, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { createIngress, type Ingress } from '../conversations/ingress.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import type { MessageView } from './schema.ts'
import { requireConversation, requireMessage } from './store.ts'
import { messageViews } from './view.ts'

let db: TestDatabase
let ingress: Ingress
let account: TestAccount
let message: string
let externalId: string

beforeAll(async () => {
  db = await createTestDatabase()
  ingress = createIngress({ db, log: createLogger({ level: 'CRITICAL' }) })
})
beforeEach(async () => {
  account = await makeAccount(db)
  externalId = await customerSays()
  message = (await db.owner.query('SELECT id FROM message_tracking WHERE wamid = $1', [externalId])).rows[0].id
})
afterAll(() => db.drop())

async function customerSays(more: Parameters<typeof inboundText>[3] = {}): Promise<string> {
  const event = inboundText(account, '16505551234', 'hello', more)
  await ingress.accept(webhook(event))
  return event.externalId
}
const look = (): Promise<MessageView> =>
  inTenant(
    db,
    account.tenantId,
    async (tx) => (await messageViews(tx, new Map(), [await requireMessage(tx, message)]))[0] as never,
  )
const asOwner = (sql: string, ...values: unknown[]) => db.owner.query(sql, values)

test('whatever changes about a message makes its version grow: reactions, edits, files, statuses', async () => {
  const about = { replyTo: externalId }
  const changes: [string, () => Promise<unknown>, (now: MessageView) => unknown][] = [
    [
      'a reaction',
      () => customerSays({ type: 'reaction', text: null, body: { emoji: '👍' }, ...about }),
      (m) => m.reactions[0],
    ],
    ['an edit', () => customerSays({ type: 'edit', text: 'better', body: { type: 'text' }, ...about }), (m) => m.editedAt],
    [
      'a file',
      () =>
        asOwner(
          `INSERT INTO media_objects (tenant_id, message_id, origin, external_id, state) VALUES ($1, $2, 'inbound', 'f', 'pending')`,
          account.tenantId,
          message,
        ),
      (m) => m.media[0]?.state === 'pending',
    ],
    [
      'its arrival',
      () => asOwner(`UPDATE media_objects SET state = 'failed' WHERE message_id = $1`, message),
      (m) => m.media[0]?.state === 'failed',
    ],
    ['a status', () => ingress.accept(webhook(receipt(account, externalId, 'read'))), () => true],
  ]
  let before = await look()
  for (const [what, happens, shows] of changes) {
    await happens()
    const now = await look()
    expect(shows(now), what).toBeTruthy()
    expect(now.version, what).toBeGreaterThan(before.version)
    before = now
  }
})

test('a change that began early and was committed late is still the later one', async () => {
  const slow = await db.owner.connect()
  try {
    await slow.query('BEGIN')
    await slow.query(`UPDATE messages SET content = 'slow' WHERE id = $1`, [message])
    await customerSays()
    const before = await look()
    expect(before.text).toBe('hello')
    await slow.query('COMMIT')
    const after = await look()
    expect(after.text).toBe('slow')
    expect(after.version).toBeGreaterThan(before.version)
  } finally {
    slow.release()
  }
})

test('a conversation whose customer got another name is the later one, though its own row did not change', async () => {
  const { conversationId } = await look()
  const read = () => inTenant(db, account.tenantId, (tx) => requireConversation(tx, conversationId))
  const before = await read()
  await asOwner(`UPDATE contacts SET name = 'Ana' WHERE id = $1`, before.contact_id)
  const after = await read()
  expect(after.contact_name).toBe('Ana')
  expect(after.version).toBeGreaterThan(before.version)
})
