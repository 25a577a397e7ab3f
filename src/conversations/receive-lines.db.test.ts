/** The shortest way in holds what its rows name by itself: nothing that is removed meanwhile leaves a row behind that names it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, makeTenant, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { brokenKeys } from '../../test/world/keys.ts'
import { newId } from '../kernel/ids.ts'
import { createPool, mayHoldKeys, type Pool } from '../platform/db/pool.ts'
import { createLogger } from '../platform/log.ts'
import type { InboundEvent } from '../ports/channel.ts'
import { receiveBatch } from './receive.ts'

let db: TestDatabase
let lines: Pool
const log = createLogger({ level: 'CRITICAL' })

beforeAll(async () => {
  db = await createTestDatabase()
  lines = createPool({ connectionString: db.url, size: 2, log, keysHeld: true })
})
afterAll(async () => {
  await lines.end()
  await db.drop()
})

const take = (...events: InboundEvent[]) =>
  receiveBatch(
    { db, lines: { pool: lines }, log },
    events.map((event) => webhook(event)),
  )
const count = async (sql: string, values: unknown[]): Promise<number> =>
  Number((await db.owner.query<{ n: string }>(`SELECT count(*) AS n FROM ${sql}`, values)).rows[0]?.n)

/** Until one of ours waits for a lock that somebody else has. */
const waits = (pattern: string) =>
  expect
    .poll(() =>
      count(`pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() AND query LIKE $1`, [pattern]),
    )
    .toBeGreaterThan(0)

async function makePerson(tenantId: string, phone: string): Promise<string> {
  const id = newId()
  await db.owner.query('INSERT INTO contacts (tenant_id, id, phone) VALUES ($1, $2, $3)', [tenantId, id, `+${phone}`])
  await db.owner.query(`INSERT INTO contact_identities (tenant_id, kind, value, contact_id) VALUES ($1, 'wa_id', $2, $3)`, [
    tenantId,
    phone,
    id,
  ])
  return id
}

test('the database looks at no key on these connections, and whether they may be is known', async () => {
  const { rows } = await lines.query('SHOW session_replication_role')
  expect(rows).toEqual([{ session_replication_role: 'replica' }])
  expect((await db.pool.query('SHOW session_replication_role')).rows).toEqual([{ session_replication_role: 'origin' }])
  expect(await mayHoldKeys(db.pool)).toBe(true)
})

test.each(['a person', 'an account', 'a business'])('%s that is removed while a line is taken in', async (what) => {
  const account = await makeAccount(db)
  const phone = `1650${digits(7)}`
  const contactId = await makePerson(account.tenantId, phone)
  const remover = await db.owner.connect()
  const event = inboundText(account, phone, 'Is anybody there?')
  try {
    await remover.query('BEGIN')
    if (what === 'a person') await remover.query('DELETE FROM contacts WHERE id = $1', [contactId])
    if (what === 'an account') await remover.query('DELETE FROM channel_accounts WHERE id = $1', [account.accountId])
    if (what === 'a business') await remover.query('DELETE FROM tenants WHERE id = $1', [account.tenantId])
    const taking = take(event)
    await waits('%receive_lines%')
    await remover.query('COMMIT')
    // Somebody new with the same number, or nobody's any more: kept either way.
    expect(await taking).toMatchObject(what === 'a person' ? { stored: 1, strangers: 0 } : { stored: 0, strangers: 1 })
  } finally {
    remover.release()
  }
  expect(await count('messages WHERE external_message_id = $1', [event.externalId])).toBe(what === 'a person' ? 1 : 0)
  expect(await count('contacts WHERE id = $1', [contactId])).toBe(what === 'an account' ? 1 : 0)
  expect(await brokenKeys(db.owner)).toEqual({})
})

test.each(['contacts', 'conversations', 'channel_accounts', 'tenants'])(
  'what a line that is being taken in names stays: %s',
  async (table) => {
    const account = await makeAccount(db)
    const [known, writing, stranger] = [`1650${digits(7)}`, `1650${digits(7)}`, `1650${digits(7)}`]
    const contactId = await makePerson(account.tenantId, known)
    await take(inboundText(account, writing, 'An open conversation'))
    const { rows } = await db.owner.query<{ id: string }>('SELECT id FROM conversations WHERE tenant_id = $1', [
      account.tenantId,
    ])
    const ids: Record<string, string | undefined> = {
      ...{ contacts: contactId, conversations: rows[0]?.id, channel_accounts: account.accountId, tenants: account.tenantId },
    }
    const [holder, remover] = [await db.owner.connect(), await db.owner.connect()]
    try {
      // The function comes to raw webhooks last.
      await holder.query('BEGIN; LOCK TABLE webhook_events IN EXCLUSIVE MODE')
      const taking = take(...[known, writing, stranger].map((phone) => inboundText(account, phone, 'Now')))
      await waits('%receive_lines%')
      const removing = remover.query(`DELETE FROM ${table} WHERE id = $1`, [ids[table]]).then(
        () => 'removed',
        (error: { code?: string }) => error.code,
      )
      await waits(`DELETE FROM ${table}%`)
      await holder.query('COMMIT')
      expect(await taking).toMatchObject({ stored: 3, duplicates: 0, strangers: 0 })
      // A conversation goes with its messages, also with those that came meanwhile; the others are named by what came.
      expect(await removing).toBe(table === 'conversations' ? 'removed' : '23503')
    } finally {
      holder.release()
      remover.release()
    }
    expect(await brokenKeys(db.owner)).toEqual({})
  },
)

test('a business that is deleted while lines come in for it and for another waits for nobody who waits for it', async () => {
  const [leaving, staying] = [await makeAccount(db), await makeAccount(db)]
  const remover = await db.owner.connect()
  const deadlocks = () =>
    count(`(SELECT 1 FROM pg_stat_database, generate_series(1, deadlocks) WHERE datname = current_database()) x`, [])
  const before = await deadlocks()
  try {
    // As deleteBusiness does it.
    await remover.query('BEGIN')
    await remover.query('SELECT FROM channel_accounts WHERE tenant_id = $1 ORDER BY id FOR NO KEY UPDATE', [leaving.tenantId])
    await remover.query('SELECT * FROM tenants WHERE id = $1 FOR UPDATE', [leaving.tenantId])
    const taking = take(...[leaving, staying].map((account) => inboundText(account, `1650${digits(7)}`, 'hello')))
    await waits('%receive_lines%')
    await remover.query(`UPDATE channel_accounts SET external_id = 'released:' || external_id WHERE id = $1`, [
      leaving.accountId,
    ])
    await remover.query(`UPDATE tenants SET status = 'deleted' WHERE id = $1`, [leaving.tenantId])
    await remover.query('COMMIT')
    expect(await taking).toMatchObject({ stored: 1, strangers: 1 })
  } finally {
    remover.release()
  }
  expect((await deadlocks()) - before).toBe(0)
  expect(await brokenKeys(db.owner)).toEqual({})
})

test('a stranger’s line to a number that is moved to another business meanwhile is that one’s', async () => {
  const [from, to] = [await makeAccount(db), await makeAccount(db)]
  const mover = await db.owner.connect()
  try {
    await mover.query('BEGIN')
    await mover.query(`UPDATE channel_accounts SET external_id = 'released:' || external_id WHERE id = $1`, [from.accountId])
    await mover.query('UPDATE channel_accounts SET external_id = $2 WHERE id = $1', [to.accountId, from.externalId])
    const taking = take(inboundText(from, `1650${digits(7)}`, 'to whoever has it'))
    await waits('%receive_lines%')
    await mover.query('COMMIT')
    expect(await taking).toMatchObject({ stored: 1, tenants: new Set([to.tenantId]) })
  } finally {
    mover.release()
  }
})

test('two lines of one person whom both know by another id go the longer way, in their order', async () => {
  const account = await makeAccount(db)
  const [phone, other] = [`1650${digits(7)}`, `1650${digits(7)}`]
  const contactId = await makePerson(account.tenantId, phone)
  await db.owner.query(`INSERT INTO contact_identities (tenant_id, kind, value, contact_id) VALUES ($1, 'wa_id', $2, $3)`, [
    ...[account.tenantId, other, contactId],
  ])
  const from = (value: string, text: string) =>
    inboundText(account, value, text, { person: { identities: [{ kind: 'wa_id', value, scope: '' }] } })
  expect(await take(from(phone, 'one'), from(other, 'two'))).toMatchObject({ stored: 2 })
  expect(await take(from(other, 'three'), from(phone, 'four'))).toMatchObject({ stored: 2 })
  const { rows } = await db.owner.query('SELECT content, seq FROM messages WHERE contact_id = $1 ORDER BY seq', [contactId])
  expect(rows).toEqual(['one', 'two', 'three', 'four'].map((content, n) => ({ content, seq: n + 1 })))
})

test('one business does not meet the people of another with the same number', async () => {
  const [ours, theirs] = [await makeAccount(db), await makeAccount(db)]
  const phone = `1650${digits(7)}`
  await take(inboundText(ours, phone, 'to us'))
  expect(
    await take(inboundText(theirs, phone, 'to them'), inboundText(ours, `1650${digits(7)}`, 'somebody else')),
  ).toMatchObject({
    stored: 2,
    tenants: new Set([ours.tenantId, theirs.tenantId]),
  })
  const { rows } = await db.owner.query('SELECT tenant_id FROM contacts WHERE phone = $1 ORDER BY created_at', [`+${phone}`])
  expect(rows.map((row) => row.tenant_id)).toEqual([ours.tenantId, theirs.tenantId])
})

test.each(['2026-13-45T99:00:00.000Z', '0000-01-01T00:00:00.000Z', '2026-02-30T00:00:00.000Z', 'not a time'])(
  'a time that is none is the database’s to refuse: %s',
  async (occurredAt) => {
    const account = await makeAccount(db)
    const [odd, sound] = ['odd', 'sound'].map((text) => inboundText(account, `1650${digits(7)}`, text))
    expect(await take({ ...(odd as InboundEvent), occurredAt }, sound as InboundEvent)).toMatchObject({ stored: 1 })
    expect(
      await count('messages WHERE conversation_id IN (SELECT id FROM conversations WHERE tenant_id = $1)', [account.tenantId]),
    ).toBe(1)
    expect(await count('dead_letters WHERE tenant_id = $1', [account.tenantId])).toBe(1)
  },
)

test('where the keys may be left to it no more, lines go the longer way', async () => {
  const account = await makeAccount(db, { tenantId: await makeTenant(db) })
  const refused = { connect: () => Promise.reject(Object.assign(new Error('permission denied'), { code: '42501' })) }
  const event = inboundText(account, `1650${digits(7)}`, 'still here')
  expect(await receiveBatch({ db, lines: { pool: refused as never }, log }, [webhook(event)])).toMatchObject({ stored: 1 })
  expect(await count('messages WHERE external_message_id = $1', [event.externalId])).toBe(1)
})
