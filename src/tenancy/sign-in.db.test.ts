import { generate } from 'otplib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { testSecrets } from '../../test/world/people.ts'
import { until } from '../../test/world/until.ts'
import { newId } from '../kernel/ids.ts'
import { inTenant, inTransaction } from '../platform/db/tx.ts'
import { readAudit } from './audit-log.ts'
import { clearAway } from './housekeeping.ts'
import { confirmReset } from './password-resets.ts'
import { beginTotp, confirmTotp, spendCode } from './second-factor.ts'
import { findSession, signOut, signOutElsewhere, startSession } from './sessions.ts'
import { signIn } from './sign-in.ts'
import { addMember } from './tenants.ts'
import { createThrottle } from './throttle.ts'
import { tokenHash } from './tokens.ts'

let db: TestDatabase
let tenantId: string
let userId: string
const secrets = testSecrets()
const email = 'ada@sign-in.example'
const password = 'correct horse battery staple'
beforeAll(async () => {
  db = await createTestDatabase()
  tenantId = await makeTenant(db)
  userId = await inTenant(db, tenantId, (tx) =>
    addMember(tx, { email, password, firstName: 'Ada', lastName: '', role: 'agent' }),
  )
})
afterAll(() => db.drop())

test('a wrong password and an unknown address are answered alike, in the same time', async () => {
  const attempt = async (given: { email: string; password: string }) => {
    const start = performance.now()
    const error = await signIn({ db, secrets }, given).catch((reason: Error) => reason)
    return { error: String(error), ms: performance.now() - start }
  }
  const wrong = { email, password: 'not the password' }
  const unknown = { email: 'nobody@sign-in.example', password: 'not the password' }
  await attempt(wrong)
  await attempt(unknown)
  const times: Record<'wrong' | 'unknown', number[]> = { wrong: [], unknown: [] }
  for (let n = 0; n < 15; n++) {
    const [a, b] = [await attempt(wrong), await attempt(unknown)]
    expect(a.error).toBe(b.error)
    times.wrong.push(a.ms)
    times.unknown.push(b.ms)
  }
  const median = (list: number[]) => list.sort((x, y) => x - y)[7] as number
  // Without the decoy the unknown address is answered at least ten times faster.
  expect(median(times.unknown) / median(times.wrong)).toBeGreaterThan(0.5)
  expect(median(times.unknown) / median(times.wrong)).toBeLessThan(2)
})

describe('tries to sign in', () => {
  const refusedAt = async (take: (n: number) => Promise<void>, tries = 12) => {
    for (let n = 1; n <= tries; n++)
      if (
        await take(n).then(
          () => false,
          () => true,
        )
      )
        return n
    return null
  }
  beforeEach(() => db.owner.query('TRUNCATE sign_in_tries'))
  test('are counted for all processes together: by address, and by name from wherever they come', async () => {
    const processes = [createThrottle({ db, secrets }), createThrottle({ db, secrets })]
    const any = (n: number) => processes[n % 2] as (typeof processes)[number]
    expect(await refusedAt((n) => any(n).take({ ip: '198.51.100.1', email: `${n}@sign-in.example` }))).toBe(11)
    expect(await refusedAt((n) => any(n).take({ ip: `198.51.100.${n + 1}`, email }))).toBe(11)
    expect(await refusedAt((n) => any(n).takeFor(n < 0 ? '' : userId))).toBe(11)
  })
  test('say how long to wait, and keep neither name nor address', async () => {
    const throttle = createThrottle({ db, secrets })
    for (let n = 0; n < 10; n++) await throttle.take({ ip: '198.51.100.200', email })
    await expect(throttle.take({ ip: '198.51.100.200', email })).rejects.toMatchObject({
      code: 'too_many_requests',
      details: { retryAfter: expect.toSatisfy((seconds: number) => seconds > 0 && seconds <= 60) },
    })
    const { rows } = await db.owner.query('SELECT t::text AS line FROM sign_in_tries t')
    expect(rows.length).toBe(2)
    expect(JSON.stringify(rows)).not.toMatch(/198\.51|ada@/)
  })
  test('of strangers never shut out a device that was used before; a device of one person is none of another', async () => {
    const throttle = createThrottle({ db, secrets })
    const device = throttle.remember(email)
    await refusedAt((n) => throttle.take({ ip: `203.0.113.${n}`, email }))
    await throttle.take({ ip: '203.0.113.99', email: email.toUpperCase(), device })
    const other = { email: 'other@sign-in.example', device }
    expect(await refusedAt((n) => throttle.take({ ip: `192.0.2.${n}`, ...other }))).toBe(11)
    expect(await refusedAt(() => throttle.take({ ip: '203.0.113.99', email, device }))).toBe(10)
    await expect(throttle.take({ ip: '203.0.113.1', email, device: `${device}x` })).rejects.toMatchObject({
      code: 'too_many_requests',
    })
  })
})

describe('an authenticator', () => {
  const step = 30_000
  test('takes each code once, in order of time, with one step of leeway, and its secret is stored sealed', async () => {
    const { secret } = await beginTotp(db.pool, secrets, { id: userId, email })
    const now = Date.now()
    const at = (shift: number) => generate({ secret, epoch: Math.floor((now + shift) / 1000) })
    const { rows } = await db.owner.query('SELECT totp_secret FROM users WHERE id = $1', [userId])
    expect(rows[0].totp_secret).toMatch(/^v1\./)
    expect(rows[0].totp_secret).not.toContain(secret)
    const spend = async (code: string) =>
      inTransaction(db, (client) =>
        spendCode(client, secrets, { id: userId, totp_secret: rows[0].totp_secret }, code, now),
      ).then(
        () => 'taken',
        (error: { code: string }) => error.code,
      )
    const codes = await inTransaction(db, async (client) => confirmTotp(client, secrets, userId, await at(-step), now))
    expect(await spend(await at(-2 * step))).toBe('wrong_code')
    expect(await spend(await at(-step))).toBe('wrong_code')
    expect(await spend(await at(step))).toBe('taken')
    expect(await spend(await at(0))).toBe('wrong_code')
    expect(await spend(await at(step))).toBe('wrong_code')
    expect(await spend(await at(2 * step))).toBe('wrong_code')
    expect((await Promise.all([spend(codes[0] ?? ''), spend(codes[0] ?? '')])).sort()).toEqual(['taken', 'wrong_code'])
    expect(await spend((codes[1] ?? '').replaceAll('-', ' '))).toBe('taken')
    const { rows: kept } = await db.owner.query('SELECT c::text AS line FROM user_recovery_codes c')
    for (const code of codes) expect(JSON.stringify(kept)).not.toContain(code)
    await expect(beginTotp(db.pool, secrets, { id: userId, email })).rejects.toMatchObject({ code: 'conflict' })
  })
  test('is not asked of somebody who does not know the password', async () => {
    await expect(signIn({ db, secrets }, { email, password: 'wrong', code: '123456' })).rejects.toMatchObject({
      code: 'wrong_credentials',
    })
    await expect(signIn({ db, secrets }, { email, password })).rejects.toMatchObject({ code: 'code_required' })
  })
})

describe('a session', () => {
  const begin = (lives: { days: number; idleHours: number }) => startSession(db, lives, { userId, tenantId, visitor: {} })
  test('ends after the days and the idle hours it was given', async () => {
    const { token } = await begin({ days: 2, idleHours: 1 })
    const found = async () => (await findSession(db, token)) !== null
    const move = (what: string) => db.owner.query(`UPDATE user_sessions SET ${what} WHERE user_id = $1`, [userId])
    expect(await found()).toBe(true)
    await move(`last_seen_at = now() - interval '59 minutes'`)
    expect(await found()).toBe(true)
    await move(`last_seen_at = now() - interval '61 minutes'`)
    expect(await found()).toBe(false)
    await move(`last_seen_at = now(), expires_at = expires_at - interval '47 hours 59 minutes'`)
    expect(await found()).toBe(true)
    await move(`expires_at = now() - interval '1 second'`)
    expect(await found()).toBe(false)
  })
  test('that has ended is cleared away, and so are links and counts; what goes on stays', async () => {
    await db.owner.query('DELETE FROM user_sessions')
    const sessions = await Promise.all([1, 2, 3].map(() => begin({ days: 1, idleHours: 1 })))
    expect(sessions).toHaveLength(3)
    const { rows } = await db.owner.query('SELECT id FROM user_sessions ORDER BY id')
    await db.owner.query(`UPDATE user_sessions SET expires_at = now() - interval '1 second' WHERE id = $1`, [rows[0].id])
    await db.owner.query(`UPDATE user_sessions SET last_seen_at = now() - interval '2 hours' WHERE id = $1`, [rows[1].id])
    await db.owner.query(
      `INSERT INTO password_resets (user_id, token_hash, created_by, expires_at) VALUES ($1, 'old', 'system', now() - interval '2 days'), ($1, 'new', 'system', now())`,
      [userId],
    )
    await db.owner.query('TRUNCATE sign_in_tries')
    await db.owner.query(`INSERT INTO sign_in_tries VALUES ('old', 1, 1), ('new', 1, 99999999999999)`)
    await clearAway(db)
    const left = async (table: string, column: string) =>
      (await db.owner.query(`SELECT ${column} AS v FROM ${table} ORDER BY 1`)).rows.map(({ v }) => v)
    expect(await left('user_sessions', 'id')).toEqual([rows[2].id])
    expect(await left('password_resets', 'token_hash')).toEqual(['new'])
    expect(await left('sign_in_tries', 'key')).toEqual(['new'])
  })
})

describe('the log of every business a person works for', () => {
  const person = 'bob@sign-in.example'
  const visitor = { ip: '198.51.100.9', userAgent: 'A browser' }
  let bob: string
  let places: string[]
  const lines = async (place: string) => {
    const { items } = await inTenant(db, place, (tx) => readAudit(tx, { limit: 50 }))
    return items
      .map(({ action, actor, subject, changes, ip }) => ({ action, actor: actor.label, subject: subject.id, changes, ip }))
      .reverse()
  }
  beforeAll(async () => {
    places = [await makeTenant(db), await makeTenant(db)]
    for (const place of places)
      bob = await inTenant(db, place, (tx) =>
        addMember(tx, { email: person, password, firstName: 'Bob', lastName: '', role: 'viewer' }),
      )
  })

  test('has that they signed in and out, where from, and who tried and failed; without a secret', async () => {
    const { rows: gone } = await db.owner.query(
      `INSERT INTO tenants (id, tenant_id, name, status) VALUES ($1, 'gone', 'Gone', 'deleted') RETURNING id`,
      [newId()],
    )
    await db.owner.query('INSERT INTO user_profiles (tenant_id, user_id) VALUES ($1, $2)', [gone[0].id, bob])
    const { token } = await signIn({ db, secrets }, { email: person, password }, visitor)
    const here = await findSession(db, token)
    const by = { label: `user:${bob}`, name: 'Bob', ip: visitor.ip }
    for (const _ of [1, 2, 3]) await signIn({ db, secrets }, { email: person, password }, visitor)
    await signOutElsewhere(db, { userId: bob, sessionId: here?.sessionId as string, by })
    await signOut(db, token, by)
    await expect(signIn({ db, secrets }, { email: person, password: 'hunter2-hunter2' }, visitor)).rejects.toMatchObject({
      code: 'wrong_credentials',
    })
    await until('the failure is written down', async () => (await lines(places[1] as string)).length === 7)
    const about = { actor: `user:${bob}`, subject: bob, ip: visitor.ip }
    const signedIn = { ...about, action: 'person.signed_in', changes: {} }
    for (const place of places) {
      expect(await lines(place)).toEqual([
        ...[signedIn, signedIn, signedIn, signedIn],
        { ...about, action: 'person.signed_out', changes: { elsewhere: 3 } },
        { ...about, action: 'person.signed_out', changes: {} },
        { ...about, action: 'person.sign_in_failed', actor: 'nobody', changes: { wrong: 'password' } },
      ])
      expect(JSON.stringify(await lines(place))).not.toMatch(new RegExp(`hunter2|${token}|${password}`))
    }
    expect(await lines(gone[0].id)).toEqual([])
    await db.owner.query('DELETE FROM user_profiles WHERE tenant_id = $1', [gone[0].id])
  })

  test('is not waited for by whoever fails, so that the time does not tell who is known', async () => {
    const holding = await db.owner.connect()
    await holding.query('BEGIN; LOCK TABLE parley.audit_log IN ACCESS EXCLUSIVE MODE')
    try {
      await expect(signIn({ db, secrets }, { email: person, password: 'hunter2-hunter2' })).rejects.toMatchObject({
        code: 'wrong_credentials',
      })
    } finally {
      await holding.query('ROLLBACK')
      holding.release()
    }
  })

  test('has a new password that was chosen by a link, and the platform’s log what an operator does', async () => {
    const token = 'a token from a mail'
    await db.owner.query(
      `INSERT INTO password_resets (user_id, token_hash, created_by, expires_at) VALUES ($1, $2, 'system', now() + interval '1 hour')`,
      [bob, tokenHash(token)],
    )
    await confirmReset(db, { token, password: 'another long password' }, visitor)
    expect((await lines(places[0] as string)).at(-1)).toMatchObject({
      action: 'person.password_reset',
      changes: { link: 'mail' },
    })
    await db.owner.query(`INSERT INTO platform_operators (user_id, granted_by) VALUES ($1, 'cli')`, [bob])
    await signIn({ db, secrets }, { email: person, password: 'another long password' }, visitor)
    const { rows } = await db.owner.query('SELECT action, subject_id FROM platform_audit_log')
    expect(rows).toEqual([{ action: 'person.signed_in', subject_id: bob }])
  })
})
