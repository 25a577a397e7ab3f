/** The API of sessions in a contact centre, asked with what no programme of ours would ask. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../../src/kernel/ids.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world?.close())

const customer = '15550330001'
const one = async (sql: string, values: unknown[]): Promise<string> =>
  (await world.database.owner.query<{ id: string }>(`${sql} RETURNING id`, values)).rows[0]?.id ?? ''

/** One customer at two numbers of the business, each conversation with an agent whose contact centre told no id yet. */
async function twoSessions(): Promise<{ session: string; conversation: string }[]> {
  const { tenantId, accountId } = world.business
  const contact = await one('INSERT INTO contacts (tenant_id, name, phone) VALUES ($1, $2, $3)', [
    tenantId,
    'Ada',
    `+${customer}`,
  ])
  await world.database.owner.query(
    `INSERT INTO contact_identities (tenant_id, kind, value, contact_id) VALUES ($1, 'wa_id', $2, $3)`,
    [tenantId, customer, contact],
  )
  const second = await one(
    `INSERT INTO channel_accounts (tenant_id, channel, provider, app_slug, external_id, name)
     SELECT tenant_id, channel, provider, app_slug, '990011223344556', 'Second' FROM channel_accounts WHERE tenant_id = $1 AND id = $2`,
    [tenantId, accountId],
  )
  const made: { session: string; conversation: string }[] = []
  for (const account of [accountId, second]) {
    const conversation = await one(
      `INSERT INTO conversations (tenant_id, channel_account_id, contact_id, control, last_inbound_at, window_expires_at)
       VALUES ($1, $2, $3, 'agent', now(), now() + interval '20 hours')`,
      [tenantId, account, contact],
    )
    const session = await one(
      `INSERT INTO conversation_mappings (tenant_id, conversation_ref, channel_account_id, wa_id, phone_number_id)
       SELECT tenant_id, $2, id, $3, external_id FROM channel_accounts WHERE tenant_id = $1 AND id = $4`,
      [tenantId, conversation, customer, account],
    )
    made.push({ session, conversation })
  }
  return made
}

test('what is said in a session by its id goes to its own conversation, whichever of the customer spoke last', async () => {
  const sessions = await twoSessions()
  for (const { session, conversation } of sessions) {
    const text = `for ${conversation}`
    const answer = await world.api(
      'POST',
      `/mappings/${session}/messages`,
      { genesys_message_id: newId(), message_text: text },
      'owner',
    )
    expect(answer).toMatchObject({ status: 202, body: { result: 'queued' } })
    const { rows } = await world.database.owner.query('SELECT conversation_id FROM messages WHERE content = $1', [text])
    expect(rows).toEqual([{ conversation_id: conversation }])
  }
})

test('a context nested so deep that nobody can walk it is refused in words', async () => {
  const { rows } = await world.database.owner.query('SELECT id FROM conversations LIMIT 1')
  // Written by hand: what is so deep cannot be made into text either.
  const put = (value: string) =>
    fetch(`${world.url}/api/conversations/${rows[0].id}/context`, {
      method: 'PUT',
      headers: { cookie: world.business.people.owner.cookie, 'content-type': 'application/json' },
      body: `{"a":${value}}`,
    })
  const refused = await put(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('64 levels')])
  expect((await put('[["fine"]]')).status).toBe(200)
})
