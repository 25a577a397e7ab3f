import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { newId } from '../kernel/ids.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createSecrets, keyIdOf } from '../platform/secrets.ts'
import { loadCredentials, secondFactorBelongsTo, storeCredentials } from './credentials.ts'
import { rotateSecrets, sealedByKey } from './rotate-secrets.ts'

const [oldKey, newKey] = ['the master key that was, long enough', 'the master key that is, long enough']
const before = createSecrets([oldKey])
const both = createSecrets([newKey, oldKey])
const after = createSecrets([newKey])

let db: TestDatabase
let tenants: string[]
let person: string
beforeAll(async () => {
  db = await createTestDatabase()
  tenants = [await makeTenant(db), await makeTenant(db), await makeTenant(db)]
  for (const tenant of tenants)
    await inTenant(db, tenant, async (tx) => {
      for (let n = 0; n < 120; n++)
        await storeCredentials(tx, before, { type: 'channel_account', subject: String(n), values: { accessToken: `t-${n}` } })
    })
  await db.owner.query(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [tenants[1]])
  await db.owner.query(`UPDATE tenants SET status = 'deleted' WHERE id = $1`, [tenants[2]])
  person = newId()
  await db.owner.query('INSERT INTO users (id, email, password_hash, totp_secret) VALUES ($1, $2, $3, $4)', [
    person,
    'second@factor.example',
    'x',
    before.seal('JBSWY3DPEHPK3PXP', secondFactorBelongsTo(person)),
  ])
})
afterAll(() => db.drop())

const opens = (secrets: typeof both, tenant: string, n: number) =>
  inTenant(db, tenant, async (tx) => (await loadCredentials(tx, secrets, 'channel_account', String(n)))?.accessToken)

test('stopped in the middle, everything still opens and what is done stays done', async () => {
  let stop = false
  const seen: number[] = []
  const { resealed } = await rotateSecrets(
    { db, secrets: both },
    {
      onProgress: ({ done, total }) => {
        seen.push(done)
        expect(total).toBe(361)
        if (done > 100) stop = true
      },
      stopped: () => stop,
    },
  )
  expect(resealed).toBeGreaterThan(100)
  expect(resealed).toBeLessThan(361)
  expect(seen).toEqual([...seen].sort((a, b) => a - b))
  expect(await sealedByKey(db)).toEqual(
    new Map([
      [keyIdOf(oldKey), 361 - resealed],
      [keyIdOf(newKey), resealed],
    ]),
  )
  for (const tenant of tenants) expect(await opens(both, tenant, 7)).toBe('t-7')
})

test('two at once, with somebody storing a new secret meanwhile, do each once and lose nothing', async () => {
  const [a, b] = await Promise.all([
    rotateSecrets({ db, secrets: both }),
    rotateSecrets({ db, secrets: both }),
    inTenant(db, tenants[0] as string, (tx) =>
      storeCredentials(tx, both, { type: 'channel_account', subject: '119', values: { accessToken: 'changed meanwhile' } }),
    ),
  ])
  expect([...a.unreadable, ...b.unreadable]).toEqual([])
  expect([...(await sealedByKey(db)).keys()]).toEqual([keyIdOf(newKey)])
  for (const tenant of tenants) for (const n of [0, 60, 118]) expect(await opens(after, tenant, n)).toBe(`t-${n}`)
  expect(await opens(after, tenants[0] as string, 119)).toBe('changed meanwhile')
  const { rows } = await db.owner.query('SELECT totp_secret FROM users WHERE id = $1', [person])
  expect(after.open(rows[0].totp_secret, secondFactorBelongsTo(person))).toBe('JBSWY3DPEHPK3PXP')
})

test('afterwards nothing anywhere in the database is under the old key', async () => {
  const { rows: tables } = await db.owner.query(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('parley', 'pgboss')`,
  )
  for (const { name } of tables) {
    const { rows } = await db.owner.query(`SELECT t::text AS line FROM ${name} t WHERE t::text LIKE $1`, [
      `%v1.${keyIdOf(oldKey)}.%`,
    ])
    expect(rows, name).toEqual([])
  }
})

test('a business that is suspended, deleted or brought back while secrets are sealed again is not missed', async () => {
  const [first, second, third] = tenants as [string, string, string]
  for (const tenant of tenants)
    await inTenant(db, tenant, (tx) =>
      storeCredentials(tx, before, { type: 'channel_account', subject: 'moves', values: { accessToken: 'moves' } }),
    )
  const set = (id: string, status: string) => db.owner.query('UPDATE tenants SET status = $2 WHERE id = $1', [id, status])
  await Promise.all([set(first, 'active'), set(second, 'deleted'), set(third, 'suspended')])
  // As soon as the first is done they go to where a run by states has been already.
  const move = ({ done }: { done: number }) => done > 0 && void Promise.all([set(second, 'active'), set(third, 'active')])
  const moved = rotateSecrets({ db, secrets: both }, { onProgress: move })
  expect((await moved).unreadable).toEqual([])
  expect([...(await sealedByKey(db)).keys()]).toEqual([keyIdOf(newKey)])
})

test('what no key opens is named and left as it is', async () => {
  const strange = createSecrets(['a key that nobody has any more, at all'])
  await inTenant(db, tenants[0] as string, (tx) =>
    storeCredentials(tx, strange, { type: 'lost', subject: 'x', values: { token: 'gone' } }),
  )
  const report = await rotateSecrets({ db, secrets: after })
  expect(report.unreadable).toHaveLength(1)
  expect(report.unreadable[0]).toMatch(/^tenant_credentials [0-9a-f-]{36}$/)
  expect(report.unreadable.join()).not.toContain('gone')
})
