/** Writing from a number while it is disconnected: refused, or failed in sight, never left waiting for ever. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createIngress } from '../../src/conversations/ingress.ts'
import { queueReply } from '../../src/conversations/reply.ts'
import { ParleyError } from '../../src/kernel/errors.ts'
import { removeAccount } from '../../src/onboarding/store.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { digits, inboundText, makeAccount, type TestAccount, webhook } from '../world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { scriptedChannel } from '../world/scripted-channel.ts'

let db: TestDatabase
const channel = scriptedChannel()
const channels = new Map([[channel.provider, channel]])

beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

async function conversation(account: TestAccount): Promise<string> {
  const event = inboundText(account, `1650${digits(7)}`, 'Is anybody there?')
  await createIngress({ db, log: createLogger({ level: 'CRITICAL' }) }).accept(webhook(event))
  const { rows } = await db.owner.query('SELECT conversation_id FROM message_tracking WHERE wamid = $1', [event.externalId])
  return rows[0].conversation_id
}
const reply = ({ tenantId }: TestAccount, conversationId: string) =>
  inTenant(db, tenantId, (tx) =>
    queueReply({ channels }, tx, {
      ...{ conversationId, author: { sender: 'human', actor: 'test' }, body: { type: 'text', text: 'Here' } },
    }),
  )
const remove = ({ tenantId, accountId }: TestAccount) => inTenant(db, tenantId, (tx) => removeAccount(tx, accountId))
const waiting = async ({ tenantId }: TestAccount): Promise<number> =>
  (
    await db.owner.query(
      `SELECT count(*)::int AS n FROM message_tracking WHERE tenant_id = $1 AND direction = 'OUTBOUND' AND status = 'queued'`,
      [tenantId],
    )
  ).rows[0].n

test('once it is disconnected, whoever writes is told so', async () => {
  const account = await makeAccount(db)
  const id = await conversation(account)
  await remove(account)
  await expect(reply(account, id)).rejects.toMatchObject({ code: 'account_removed' })
  expect(await waiting(account)).toBe(0)
})

test('written at the very moment in which it is disconnected, nothing is left waiting', async () => {
  const told: string[] = []
  for (let n = 0; n < 25; n++) {
    const account = await makeAccount(db)
    const ids = await Promise.all([conversation(account), conversation(account)])
    const replies = ids.map((id) =>
      reply(account, id).then(
        () => 'queued',
        (error: unknown) => (error instanceof ParleyError ? error.code : String(error)),
      ),
    )
    const [, ...outcomes] = await Promise.all([remove(account), ...replies])
    told.push(...outcomes)
    expect(await waiting(account)).toBe(0)
  }
  expect([...new Set(told)].filter((one) => one !== 'queued' && one !== 'account_removed')).toEqual([])
})
