import { createHash } from 'node:crypto'
import { generate } from 'otplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PersonPresence } from '../../client/types.ts'
import { type Caller, credentials } from '../world/api.ts'
import { type Business, type Person, password } from '../world/business.ts'
import { type MailSink, startMailSink } from '../world/mail.ts'
import { openStream } from '../world/sse.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
let mail: MailSink
let other: Business
beforeAll(async () => {
  mail = await startMailSink()
  world = await createWorld({
    settings: { SMTP_URL: mail.url, MAIL_FROM: 'Parley <parley@host.example>', TRUST_PROXY: 'true' },
  })
  other = await world.addBusiness('Another business')
})
afterAll(async () => {
  await world?.close()
  await mail?.close()
})

interface Failure {
  error: { code: string; message: string }
}
interface Session {
  user: { id: string; email: string; name: string }
  tenant: { id: string; name: string } | null
  role: string | null
  operator: boolean
  memberships: { tenantId: string; role: string; name: string }[]
  totp: boolean
}

let place = 0
/** Each visitor comes from an address of their own, unless one is given: tries are counted by address. */
async function visit<T = Session & Failure>(
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: T; cookie: string; device: string; headers: Headers }> {
  place += 1
  const response = await fetch(`${world.url}/api${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-forwarded-for': `10.20.${place >> 8}.${place & 255}`, ...headers },
    body: JSON.stringify(body),
  })
  const cookies = response.headers.getSetCookie()
  const named = (name: string) => cookies.find((cookie) => cookie.startsWith(`${name}=`))?.split(';')[0] ?? ''
  const text = await response.text()
  return {
    status: response.status,
    body: (text === '' ? null : JSON.parse(text)) as T,
    cookie: named('parley'),
    device: named('parley_device'),
    headers: response.headers,
  }
}
const signIn = (email: string, secret = password, extra: { code?: string; headers?: Record<string, string> } = {}) =>
  visit('POST', '/session', { email, password: secret, ...(extra.code ? { code: extra.code } : {}) }, extra.headers)
const tokenIn = (text: string) => /#([\w-]{43})/.exec(text)?.[1] ?? ''
let count = 0
const newAddress = () => {
  count += 1
  return `person-${count}@journey.example`
}

async function join(role: string, as: Caller = 'owner', email = newAddress()): Promise<Person> {
  const invited = await world.api<{ url: string }>('POST', '/invitations', { email, role }, as)
  expect(invited.status).toBe(201)
  const joined = await visit('POST', '/invitations/accept', {
    token: tokenIn(invited.body.url),
    firstName: 'New',
    lastName: 'Person',
    password,
  })
  expect(joined.status).toBe(200)
  return { userId: joined.body.user.id, email, cookie: joined.cookie }
}
const watch = (as: Caller) => openStream(world.url, { headers: credentials(world.business, as) })
const sessionOf = async (person: Person | { cookie: string }) =>
  await world.api<Session & Failure>('GET', '/session', undefined, person as Person)

describe('an invitation', () => {
  test('is mailed with its link, taken once, and makes a colleague who is told about at once', async () => {
    const email = newAddress()
    const invited = await world.api<{ id: string; url: string; state: string }>(
      'POST',
      '/invitations',
      { email, role: 'agent' },
      'owner',
    )
    expect(invited.body).toMatchObject({ state: 'open', email, role: 'agent', invitedBy: 'owner Person' })
    const token = tokenIn(await mail.next(email))
    expect(invited.body.url).toBe(`${world.url}/invitation#${token}`)
    const look = await visit<unknown>('POST', '/invitations/look', { token })
    expect(look.body).toEqual({ business: 'Baker Street Plumbing', email, role: 'agent', knownPerson: false })

    const stream = await watch('colleague')
    const weak = await visit('POST', '/invitations/accept', { token, firstName: 'Nia', password: 'short' })
    expect([weak.status, weak.body.error.code]).toEqual([422, 'weak_password'])
    const joined = await visit('POST', '/invitations/accept', { token, firstName: 'Nia', lastName: 'Neu', password })
    expect(joined.body).toMatchObject({ role: 'agent', user: { email, name: 'Nia Neu' }, operator: false })
    await until('the colleague is told', async () =>
      stream.batches().some(({ members }) => members.some(({ id }) => id === joined.body.user.id)),
    )
    stream.close()
    const again = await visit('POST', '/invitations/accept', { token, password })
    expect([again.status, again.body.error.code]).toEqual([410, 'link_not_valid'])
    const list = await world.api<{ items: { id: string; state: string }[] }>('GET', '/invitations', undefined, 'owner')
    expect(list.body.items.find(({ id }) => id === invited.body.id)?.state).toBe('accepted')
  })

  test('is worth nothing once withdrawn, replaced or expired', async () => {
    const email = newAddress()
    const make = async () =>
      (await world.api<{ id: string; url: string }>('POST', '/invitations', { email, role: 'viewer' }, 'owner')).body
    const first = await make()
    const second = await make()
    const third = (await world.api<{ id: string; url: string }>('POST', `/invitations/${second.id}/renew`, {}, 'owner')).body
    const look = async (url: string) => (await visit('POST', '/invitations/look', { token: tokenIn(url) })).status
    expect([await look(first.url), await look(second.url), await look(third.url)]).toEqual([410, 410, 200])
    expect((await world.api('DELETE', `/invitations/${third.id}`, undefined, 'owner')).status).toBe(204)
    expect(await look(third.url)).toBe(410)
    const fourth = await make()
    await world.database.owner.query(`UPDATE invitations SET expires_at = now() - interval '1 second' WHERE id = $1`, [
      fourth.id,
    ])
    expect(await look(fourth.url)).toBe(410)
    const accept = await visit('POST', '/invitations/accept', { token: tokenIn(fourth.url), password })
    expect(accept.status).toBe(410)
  })

  test('cannot give a role above that of whoever gives it', async () => {
    const admin = await join('admin')
    const above = await world.api<Failure>('POST', '/invitations', { email: newAddress(), role: 'owner' }, admin)
    expect([above.status, above.body.error.code]).toEqual([403, 'forbidden'])
    expect((await world.api('POST', '/invitations', { email: newAddress(), role: 'agent' }, 'agent')).status).toBe(403)
  })

  test('of a person known here asks for their own password, and gives them a second business to switch to', async () => {
    const { owner } = world.business.people
    const invited = await world.api<{ url: string }>(
      'POST',
      '/invitations',
      { email: owner.email, role: 'viewer' },
      other.people.owner,
    )
    const token = tokenIn(invited.body.url)
    expect((await visit<{ knownPerson: boolean }>('POST', '/invitations/look', { token })).body.knownPerson).toBe(true)
    const wrong = await visit('POST', '/invitations/accept', { token, password: 'some other password' })
    expect([wrong.status, wrong.body.error.code]).toEqual([401, 'wrong_credentials'])
    const joined = await visit('POST', '/invitations/accept', { token, password })
    expect(joined.body).toMatchObject({ role: 'viewer', tenant: { id: other.tenantId } })
    expect(joined.body.memberships).toHaveLength(2)
    const there = { cookie: joined.cookie } as Person
    expect((await world.api('POST', '/invitations', { email: newAddress(), role: 'viewer' }, there)).status).toBe(403)
    const back = await world.api<Session>('PATCH', '/session', { tenantId: world.business.tenantId }, there)
    expect(back.body).toMatchObject({ role: 'owner', tenant: { id: world.business.tenantId } })
    expect((await world.api('GET', '/invitations', undefined, there)).status).toBe(200)
    const nowhere = await world.api('PATCH', '/session', { tenantId: '01900000-0000-7000-8000-000000000000' }, there)
    expect(nowhere.status).toBe(404)
  })
})

describe('a colleague', () => {
  test('who is removed is signed out of this business at once, and their open invitations end', async () => {
    const admin = await join('admin')
    const made = await world.api<{ url: string }>('POST', '/invitations', { email: newAddress(), role: 'admin' }, admin)
    expect((await world.api('DELETE', `/members/${admin.userId}`, undefined, 'owner')).status).toBe(204)
    expect((await sessionOf(admin)).status).toBe(401)
    expect((await visit('POST', '/invitations/look', { token: tokenIn(made.body.url) })).status).toBe(410)
    expect((await signIn(admin.email)).status).toBe(403)
  })
  test('cannot be raised, lowered or removed by somebody below, and the last owner stays', async () => {
    const admin = await join('admin')
    const { owner, agent } = world.business.people
    const change = async (id: string, role: string, as: Caller) =>
      (await world.api<Failure & { role: string }>('PATCH', `/members/${id}`, { role }, as)).body
    expect((await change(owner.userId, 'admin', admin)).error.code).toBe('forbidden')
    expect((await change(agent.userId, 'owner', admin)).error.code).toBe('forbidden')
    expect((await world.api<Failure>('DELETE', `/members/${owner.userId}`, undefined, admin)).body.error.code).toBe('forbidden')
    expect((await change(owner.userId, 'admin', 'owner')).error.code).toBe('last_owner')
    expect((await world.api<Failure>('DELETE', `/members/${owner.userId}`, undefined, 'owner')).body.error.code).toBe(
      'last_owner',
    )
    expect((await change(admin.userId, 'viewer', 'owner')).role).toBe('viewer')
    expect((await world.api('GET', '/invitations', undefined, admin)).status).toBe(403)
  })
  test('gets a link to choose a new password from an administrator, unless they work elsewhere too', async () => {
    const agent = await join('agent')
    const link = await world.api<{ url: string }>('POST', `/members/${agent.userId}/password-reset`, {}, 'owner')
    const token = tokenIn(link.body.url)
    expect(link.body.url).toContain('/reset#')
    const next = 'another long password'
    expect((await visit('POST', '/password-resets/confirm', { token, password: next })).status).toBe(204)
    expect((await sessionOf(agent)).status).toBe(401)
    expect([(await signIn(agent.email)).status, (await signIn(agent.email, next)).status]).toEqual([401, 200])
    expect((await visit('POST', '/password-resets/confirm', { token, password: next })).body.error.code).toBe('link_not_valid')

    const early = await world.api<{ url: string }>('POST', `/members/${agent.userId}/password-reset`, {}, 'owner')
    const invited = await world.api<{ url: string }>(
      'POST',
      '/invitations',
      { email: agent.email, role: 'owner' },
      other.people.owner,
    )
    await visit('POST', '/invitations/accept', { token: tokenIn(invited.body.url), password: next })
    const refused = await world.api<Failure>('POST', `/members/${agent.userId}/password-reset`, {}, 'owner')
    expect(refused.body.error.code).toBe('forbidden')
    const late = await visit('POST', '/password-resets/confirm', {
      token: tokenIn(early.body.url),
      password: 'a third password',
    })
    expect(late.body.error.code).toBe('link_not_valid')
  })
  test('seen from the other business does not exist', async () => {
    const { agent } = other.people
    for (const [method, path, body] of [
      ['PATCH', `/members/${agent.userId}`, { role: 'viewer' }],
      ['DELETE', `/members/${agent.userId}`, undefined],
      ['POST', `/members/${agent.userId}/password-reset`, {}],
    ] as const)
      expect((await world.api(method, path, body, 'owner')).status).toBe(404)
    expect((await sessionOf(agent)).status).toBe(200)
  })
})

describe('a forgotten password', () => {
  test('is answered alike for everybody, and the mailed link ends every session', async () => {
    const person = await join('agent')
    const known = await visit('POST', '/password-resets', { email: person.email })
    const unknown = await visit('POST', '/password-resets', { email: 'nobody@journey.example' })
    expect([known.status, unknown.status]).toEqual([202, 202])
    expect(known.body).toEqual(unknown.body)
    await mail.next(person.email) // the invitation
    const token = tokenIn(await mail.next(person.email))
    const { rows } = await world.database.owner.query(`SELECT data::text FROM pgboss.job WHERE name = 'people.mail'`)
    expect(rows.length).toBeGreaterThan(1)
    expect(JSON.stringify(rows)).not.toContain(token)
    const weak = await visit('POST', '/password-resets/confirm', { token, password: person.email })
    expect(weak.body.error.code).toBe('weak_password')
    expect((await visit('POST', '/password-resets/confirm', { token, password: 'found again, and long' })).status).toBe(204)
    expect((await sessionOf(person)).status).toBe(401)
    expect((await signIn(person.email, 'found again, and long')).status).toBe(200)
    expect(mail.mails.filter(({ to }) => to === 'nobody@journey.example')).toEqual([])
  })
})

describe('an authenticator', () => {
  test('is asked for after the password, takes a code once, and can be replaced by a recovery code once', async () => {
    const person = await join('agent')
    const started = await world.api<{ secret: string; uri: string }>('POST', '/me/totp', { password }, person)
    expect(started.body.uri).toMatch(/^otpauth:\/\/totp\/Parley/)
    const { secret } = started.body
    expect((await signIn(person.email)).status).toBe(200) // not confirmed yet
    const at = (shift: number) => generate({ secret, epoch: Math.floor(Date.now() / 1000) + shift })
    const confirmed = await world.api<{ recoveryCodes: string[] }>('POST', '/me/totp/confirm', { code: await at(-30) }, person)
    const [recovery = ''] = confirmed.body.recoveryCodes
    expect(confirmed.body.recoveryCodes).toHaveLength(10)

    const wrongPassword = await signIn(person.email, 'wrong password', { code: await at(0) })
    expect(wrongPassword.body.error.code).toBe('wrong_credentials')
    const without = await signIn(person.email)
    expect([without.status, without.body.error.code, without.cookie]).toEqual([401, 'code_required', ''])
    const code = await at(0)
    expect((await signIn(person.email, password, { code })).body).toMatchObject({ totp: true })
    for (const used of [code, await at(-30), '000000'])
      expect((await signIn(person.email, password, { code: used })).body.error.code).toBe('wrong_code')
    expect((await signIn(person.email, password, { code: recovery.toUpperCase() })).status).toBe(200)
    expect((await signIn(person.email, password, { code: recovery })).body.error.code).toBe('wrong_code')
    expect((await world.api('DELETE', '/me/totp', { password: 'wrong' }, person)).status).toBe(401)
    expect((await world.api('DELETE', '/me/totp', { password }, person)).status).toBe(204)
    expect((await sessionOf(person)).body.totp).toBe(false)
  })
  test('code used by two sign-ins at once lets one in', async () => {
    const person = await join('agent')
    const { secret } = (await world.api<{ secret: string }>('POST', '/me/totp', { password }, person)).body
    const epoch = Math.floor(Date.now() / 1000)
    await world.api('POST', '/me/totp/confirm', { code: await generate({ secret, epoch: epoch - 30 }) }, person)
    const code = await generate({ secret, epoch })
    const answers = await Promise.all([1, 2, 3, 4].map(() => signIn(person.email, password, { code })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401])
  })
})

describe('a session', () => {
  test('ends by age and by silence, and both are refused like an unknown one', async () => {
    const { cookie, body } = await signIn(world.business.people.viewer.email)
    const me = { cookie } as Person
    expect((await sessionOf(me)).status).toBe(200)
    const hash = createHash('sha256').update(cookie.slice('parley='.length)).digest('hex')
    const set = (what: string) =>
      world.database.owner.query(`UPDATE user_sessions SET ${what} WHERE session_token = $1`, [hash])
    expect((await set(`last_seen_at = now() - interval '8 days'`)).rowCount).toBe(1)
    expect((await sessionOf(me)).status).toBe(401)
    await set(`last_seen_at = now(), expires_at = now() - interval '1 second'`)
    const gone = await sessionOf(me)
    expect([gone.status, gone.body.error.code]).toEqual([401, 'not_signed_in'])
    expect(body.user.email).toBe(world.business.people.viewer.email)
  })
  test('is listed for its person, and can be ended from another one', async () => {
    const person = await join('agent')
    const phone = await signIn(person.email, password, { headers: { 'user-agent': 'Telephone' } })
    const list = await world.api<{ items: { id: string; current: boolean; userAgent: string | null; ip: string }[] }>(
      'GET',
      '/sessions',
      undefined,
      person,
    )
    expect(list.body.items).toHaveLength(2)
    const there = list.body.items.find(({ userAgent }) => userAgent === 'Telephone')
    expect(there).toMatchObject({ current: false, ip: expect.stringMatching(/^10\.20\./) })
    const foreign = await world.api('DELETE', `/sessions/${there?.id}`, undefined, 'agent')
    expect(foreign.status).toBe(404)
    expect((await world.api('DELETE', `/sessions/${there?.id}`, undefined, person)).status).toBe(204)
    expect([(await sessionOf({ cookie: phone.cookie })).status, (await sessionOf(person)).status]).toEqual([401, 200])
    const third = await signIn(person.email)
    await world.api('DELETE', '/sessions', undefined, person)
    expect([(await sessionOf({ cookie: third.cookie })).status, (await sessionOf(person)).status]).toEqual([401, 200])
  })
  test('goes on under another token after a new password, and every other one ends', async () => {
    const person = await join('agent')
    const elsewhere = await signIn(person.email)
    const change = (current: string, next: string) =>
      visit('POST', '/me/password', { current, next }, { cookie: person.cookie })
    expect((await change('not it', 'a new long password')).body.error.code).toBe('wrong_credentials')
    expect((await change(password, 'too short')).body.error.code).toBe('weak_password')
    const changed = await change(password, 'a new long password')
    expect(changed.status).toBe(204)
    const statuses = [person.cookie, elsewhere.cookie, changed.cookie].map(
      async (cookie) => (await sessionOf({ cookie })).status,
    )
    expect(await Promise.all(statuses)).toEqual([401, 401, 200])
  })
})

describe('tries to sign in', () => {
  test('are refused from the eleventh within a minute on, with the time to wait; a device known before gets through', async () => {
    const person = await join('agent')
    const home = await signIn(person.email)
    expect(home.device).toMatch(/^parley_device=v1\./)
    for (let n = 0; n < 10; n++) await signIn(person.email, 'guess')
    const refused = await signIn(person.email)
    expect([refused.status, refused.body.error.code]).toEqual([429, 'too_many_requests'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    const known = await signIn(person.email, password, { headers: { cookie: home.device } })
    expect(known.status).toBe(200)
    for (let n = 0; n < 9; n++) await signIn(person.email, 'guess', { headers: { cookie: home.device } })
    expect((await signIn(person.email, password, { headers: { cookie: home.device } })).status).toBe(429)
    const colleague = await signIn(world.business.people.colleague.email, password, { headers: { cookie: home.device } })
    expect(colleague.status).toBe(200)
    expect(
      (await signIn('forged@journey.example', 'x', { headers: { cookie: `${home.device.slice(0, -3)}AAA` } })).status,
    ).toBe(401)
  })
  test('leave no password in a table or an answer', async () => {
    const canary = 'CANARY-password-of-a-journey'
    const { rows: tables } = await world.database.owner.query(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('parley', 'pgboss')`,
    )
    const person = await join('agent')
    const changed = await visit('POST', '/me/password', { current: password, next: canary }, { cookie: person.cookie })
    const answer = await signIn(person.email, canary)
    expect([changed.status, answer.status]).toEqual([204, 200])
    expect(JSON.stringify(answer.body)).not.toContain('CANARY')
    for (const { name } of tables) {
      const { rows } = await world.database.owner.query(
        `SELECT count(*)::int AS n FROM ${name} t WHERE t::text LIKE '%CANARY%'`,
      )
      expect([name, rows[0].n]).toEqual([name, 0])
    }
  })
})

describe('presence', () => {
  test('follows open streams and what the person chose, and colleagues hear of it within a second', async () => {
    const person = await join('agent')
    const seen = async () =>
      (
        await world.api<{ items: { id: string; presence: { status: string; isOnline: boolean } }[] }>('GET', '/members')
      ).body.items.find(({ id }) => id === person.userId)?.presence
    expect(await seen()).toMatchObject({ isOnline: false })
    const watching = await watch('colleague')
    const told = (what: Partial<PersonPresence>) =>
      watching
        .batches()
        .flatMap(({ members }) => members)
        .some(
          ({ id, presence }) =>
            id === person.userId &&
            Object.entries(what).every(([key, value]) => presence[key as keyof PersonPresence] === value),
        )
    const open = await watch(person)
    await until('colleagues see the person here', async () => told({ isOnline: true }), { timeoutMs: 1500 })
    const before = Date.now()
    expect((await world.api('PUT', '/me/presence', { status: 'busy' }, person)).body).toMatchObject({
      status: 'busy',
      isOnline: true,
    })
    await until('colleagues see the change', async () => told({ status: 'busy' }), { timeoutMs: 1000 })
    expect(Date.now() - before).toBeLessThan(1000)
    open.close()
    await until('colleagues see the person gone', async () => told({ isOnline: false, status: 'busy' }), { timeoutMs: 5000 })
    watching.close()
  })
})

describe('what a person keeps here', () => {
  test('profile and preferences are changed by field', async () => {
    const person = await join('agent')
    const me = await world.api('PATCH', '/me', { firstName: 'Ada', phoneNumber: '+15550100' }, person)
    expect(me.body).toMatchObject({
      profile: { firstName: 'Ada', lastName: 'Person', phoneNumber: '+15550100', email: person.email },
      preferences: { notificationEmail: true, notificationSms: true, notificationPush: true, aiTakeoverDelay: null },
      totp: false,
    })
    const changed = await world.api('PATCH', '/me/preferences', { aiTakeoverDelay: 45 }, person)
    expect(changed.body).toEqual({
      notificationEmail: true,
      notificationSms: true,
      notificationPush: true,
      aiTakeoverDelay: 45,
    })
    const again = await world.api('PATCH', '/me/preferences', { notificationSms: false }, person)
    expect(again.body).toMatchObject({ notificationSms: false, aiTakeoverDelay: 45 })
    const asBusiness = await world.api('PATCH', '/me/preferences', { aiTakeoverDelay: null }, person)
    expect(asBusiness.body).toMatchObject({ notificationSms: false, aiTakeoverDelay: null })
  })
})

describe('the business', () => {
  test('patching the language leaves the zone, a setting of one key leaves the others, and the session shows both', async () => {
    await world.api('PATCH', '/business', { timezone: 'America/Lima', settings: { greeting: 'hola', theme: 'dark' } }, 'owner')
    const patched = await world.api('PATCH', '/business', { language: 'es-pe', settings: { theme: null } }, 'owner')
    expect(patched.body).toMatchObject({ timezone: 'America/Lima', language: 'es-PE' })
    expect(patched.body.settings).toEqual({ timezone: 'America/Lima', language: 'es-PE', greeting: 'hola' })
    expect((await sessionOf(world.business.people.agent)).body.tenant).toMatchObject({
      timezone: 'America/Lima',
      language: 'es-PE',
    })
    for (const timezone of ['Mars/Olympus', '+03:00', ''])
      expect((await world.api('PATCH', '/business', { timezone }, 'owner')).status).toBe(400)
    expect((await world.api('PATCH', '/business', { settings: { timezone: 'Nowhere/Land' } }, 'owner')).status).toBe(400)
    expect((await world.api('PATCH', '/business', { name: 'x' }, 'agent')).status).toBe(403)
  })
  test('hours are changed by day, may run through the night, and are refused where they make no sense', async () => {
    const night = { open: '22:00', close: '06:00', enabled: true }
    const changed = await world.api<{ hours: Record<string, unknown> }>(
      'PATCH',
      '/business',
      { hours: { friday: night } },
      'owner',
    )
    expect(changed.body.hours).toMatchObject({ friday: night, monday: { open: '09:00', close: '17:00', enabled: true } })
    for (const wrong of [
      { ...night, open: '25:00' },
      { ...night, open: '06:00' },
      { open: '09:00', enabled: true },
      { ...night, open: '9:00' },
    ])
      expect((await world.api('PATCH', '/business', { hours: { friday: wrong } }, 'owner')).status).toBe(400)
    expect((await world.api('PATCH', '/business', { hours: { someday: night } }, 'owner')).status).toBe(400)
  })
})

describe('an API key', () => {
  test('has scopes, an expiry and an author, and makes none that may more', async () => {
    const make = (body: object, as: Caller = 'owner') =>
      world.api<Failure & { key: string; id: string }>('POST', '/api-keys', { name: 'k', ...body }, as)
    const narrow = await make({ role: 'admin', scopes: ['conversations.read', 'api_keys.manage'] })
    expect(narrow.body).toMatchObject({
      scopes: ['conversations.read', 'api_keys.manage'],
      createdBy: `user:${world.business.people.owner.userId}`,
    })
    const key = { key: narrow.body.key }
    expect((await world.api('GET', '/conversations', undefined, key)).status).toBe(200)
    expect((await world.api('GET', '/members', undefined, key)).status).toBe(403)
    expect((await make({ role: 'agent', scopes: ['messages.send'] }, key)).status).toBe(403)
    expect((await make({ role: 'agent' }, key)).body).toMatchObject({ scopes: ['conversations.read', 'api_keys.manage'] })
    expect((await make({ expiresAt: '2020-01-01T00:00:00Z' })).status).toBe(400)
    const brief = await make({ expiresAt: new Date(Date.now() + 300).toISOString() })
    await until(
      'the key has expired',
      async () => (await world.api('GET', '/conversations', undefined, { key: brief.body.key })).status === 401,
    )
    await world.api('DELETE', `/api-keys/${narrow.body.id}`, undefined, 'owner')
    expect((await world.api('GET', '/conversations', undefined, key)).status).toBe(401)
  })
})

test('the log tells owners who did what, by page and by filter, and nobody else', async () => {
  const page = await world.api<{
    items: { id: string; action: string; actor: { name: string }; ip: string | null }[]
    next: string | null
  }>('GET', '/audit?limit=5', undefined, 'owner')
  expect(page.body.items).toHaveLength(5)
  const next = await world.api<typeof page.body>('GET', `/audit?limit=5&cursor=${page.body.next}`, undefined, 'owner')
  expect(next.body.items.some(({ id }) => page.body.items.some((item) => item.id === id))).toBe(false)
  const all = await world.api<typeof page.body>('GET', '/audit?limit=200', undefined, 'owner')
  const done = new Set(all.body.items.map(({ action }) => action))
  for (const action of [
    'member.invited',
    'member.joined',
    'member.updated',
    'member.removed',
    'invitation.revoked',
    'api_key.created',
    'api_key.revoked',
    'business.updated',
    'person.password_changed',
    'person.signed_in',
    'person.authenticator_added',
  ])
    expect(done).toContain(action)
  const keys = await world.api<typeof page.body>('GET', '/audit?action=api_key.revoked&subject=api_key', undefined, 'owner')
  // The key, and the one that was made with it.
  expect(keys.body.items.map(({ action }) => action)).toEqual(['api_key.revoked', 'api_key.revoked'])
  expect((await world.api('GET', '/audit', undefined, 'agent')).status).toBe(403)
})
