import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../../src/kernel/ids.ts'
import { addOperator } from '../../src/tenancy/operators.ts'
import { signIn } from '../../src/tenancy/sign-in.ts'
import { fingerprint } from '../walls/neighbours.ts'
import type { Caller } from '../world/api.ts'
import { digits } from '../world/arrange.ts'
import { type Business, password } from '../world/business.ts'
import { type Answer, createProvisioning, type Provisioning } from '../world/provisioning.ts'
import type { World } from '../world/world.ts'

let world: World
let other: Business
let operator: { key: string }
let platformKey: Provisioning['platformKey']
let call: Provisioning['call']
let make: Provisioning['make']

beforeAll(async () => {
  const made = await createProvisioning()
  ;({ world, operator, platformKey, call, make } = made)
  other = await world.addBusiness('Another business')
})
afterAll(() => world.close())

describe('a business over HTTP', () => {
  test('shows the zone and language it was made with when it is made, read and listed, at both addresses', async () => {
    const settings = { timezone: 'UTC', language: 'en' }
    const made = await make({ settings, subdomain: `harbour-${digits(6)}`, metadata: { crm: { id: 7 } } })
    expect(made).toMatchObject({ settings, metadata: { crm: { id: 7 } }, status: 'active', businessName: 'Harbour Plumbing' })
    for (const prefix of ['', '/api']) {
      for (const id of [made.id, made.tenantId]) {
        const read = await call('GET', `${prefix}/tenants/${id}`, operator)
        expect([read.status, read.body.settings]).toEqual([200, settings])
      }
      const listed = await call('GET', `${prefix}/tenants?limit=1`, operator)
      expect(listed.body.items[0]).toMatchObject({ id: made.id, settings })
      expect(listed.body.total).toBeGreaterThanOrEqual(3)
      expect((await call('GET', `${prefix}/tenants/by-subdomain/${made.subdomain}`, operator)).body.id).toBe(made.id)
    }
    // Its key is shown once, works at once, and is not shown again.
    expect((await call('GET', `/tenants/${made.id}`, { key: made.apiKey })).status).toBe(200)
    expect((await call('GET', `/tenants/${made.id}`, operator)).body).not.toHaveProperty('apiKey')
  })

  test('begins with an owner who is invited: the link is in the answer, once', async () => {
    const made = await make({ owner: { email: `owner-${digits(6)}@x.example` } })
    expect(made.ownerInvitation.url).toMatch(/\/invitation#\S{20,}$/)
    const token = made.ownerInvitation.url.split('#')[1]
    const looked = await call('POST', '/api/invitations/look', null, { token })
    expect(looked.body).toMatchObject({ business: 'Harbour Plumbing', role: 'owner', email: made.ownerInvitation.email })
    expect((await make()).ownerInvitation).toBeNull()
  })

  test('keeps its zone when the language alone is patched; null removes a key', async () => {
    const { id } = await make({ settings: { timezone: 'Europe/Lisbon', language: 'en', tone: 'warm' } })
    const patched = await call('PATCH', `/tenants/${id}`, operator, { settings: { language: 'pt', tone: null } })
    expect(patched.body.settings).toEqual({ timezone: 'Europe/Lisbon', language: 'pt' })
    for (const wrong of [{ timezone: 'Mars/Olympus' }, { language: 'not a language' }])
      expect((await call('PATCH', `/tenants/${id}`, operator, { settings: wrong })).status).toBe(400)
  })

  test('is found in a list that is read page by page, by status, by a part of its name', async () => {
    const word = `Paged ${digits(6)}`
    const made = []
    for (let i = 0; i < 5; i++) made.push(await make({ name: `${word} ${i}%_` }))
    await call('PATCH', `/tenants/${made[0].id}`, operator, { status: 'suspended' })
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { body: page }: Answer = await call(
        'GET',
        `/tenants?q=${encodeURIComponent(word)}&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
        operator,
      )
      expect(page.total).toBe(5)
      seen.push(...page.items.map((item: { id: string }) => item.id))
      cursor = page.next
    }
    expect(seen).toEqual(made.map(({ id }) => id).reverse())
    const suspended = await call('GET', `/tenants?q=${encodeURIComponent(word)}&status=suspended`, operator)
    expect(suspended.body).toMatchObject({ total: 1, items: [{ id: made[0].id, status: 'suspended' }] })
    expect((await call('GET', `/tenants?q=${encodeURIComponent('4%_')}`, operator)).body.total).toBe(1)
    expect((await call('GET', '/tenants?cursor=nonsense', operator)).status).toBe(400)
  })

  test('is found by its integration; a new id ends the old one at once; credentials are never read back', async () => {
    const { id } = await make()
    const [old, next] = [`int-${digits(10)}`, `int-${digits(10)}`]
    const put = (values: Record<string, string>) =>
      call('PUT', `/tenants/${id}/credentials/genesys`, operator, { values, overlapHours: 1 })
    const stored = await put({ clientId: 'client-4711', clientSecret: 'CANARY-genesys-secret-9876', integrationId: old })
    expect(stored.body.items[0]).toMatchObject({ type: 'genesys', keys: { clientSecret: '••••9876' } })
    const found = (value: string) => call('GET', `/tenants/by-integration/${value}`, operator)
    expect((await found(old)).body.id).toBe(id)
    await put({ clientSecret: 'CANARY-genesys-secret-5432', integrationId: next })
    expect([(await found(old)).status, (await found(next)).body.id]).toEqual([404, id])
    const taken = await make()
    const refused = await call('PUT', `/tenants/${taken.id}/credentials/genesys`, operator, { values: { integrationId: next } })
    expect([refused.status, refused.body.error.message]).toEqual([409, expect.stringContaining('integration id')])
    expect(JSON.stringify((await call('GET', `/tenants/${id}/credentials`, operator)).body)).not.toContain('CANARY')
    expect((await call('DELETE', `/tenants/${id}/credentials/genesys`, operator)).status).toBe(204)
    expect((await found(next)).status).toBe(404)
  })

  test('is found by its WhatsApp number; a changed number stops at once; without one the answer says so', async () => {
    const { id } = await make()
    expect((await call('GET', `/tenants/${id}/whatsapp`, operator)).body).toMatchObject({
      configured: false,
      accessToken: null,
    })
    const [old, next] = [digits(15), digits(15)]
    const put = (body: Record<string, unknown>) => call('PUT', `/tenants/${id}/whatsapp`, operator, body)
    expect((await put({ phoneNumberId: old })).status).toBe(400)
    const first = await put({ phoneNumberId: old, wabaId: digits(15), accessToken: 'EAABCANARYtoken1234' })
    expect(first.body).toMatchObject({ configured: true, phoneNumberId: old, accessToken: '••••1234' })
    const found = (value: string) => call('GET', `/tenants/by-phone/${value}`, operator)
    expect((await found(old)).body).toMatchObject({ id, phoneNumberId: old, whatsappConfigured: true })
    expect((await put({ phoneNumberId: next })).body).toMatchObject({ phoneNumberId: next, accountId: first.body.accountId })
    expect([(await found(old)).status, (await found(next)).body.id]).toEqual([404, id])
    expect((await found(digits(15))).status).toBe(404)
    const second = await make()
    const refused = await call('PUT', `/tenants/${second.id}/whatsapp`, operator, {
      phoneNumberId: next,
      wabaId: digits(15),
      accessToken: 'EAABanother',
    })
    expect([refused.status, refused.body.error.message]).toEqual([409, expect.stringContaining('phone number id')])
    expect((await call('GET', `/tenants/${second.id}/whatsapp`, operator)).body.configured).toBe(false)
    // The token is rotated under its own name too.
    await call('PUT', `/tenants/${id}/credentials/whatsapp`, operator, { values: { accessToken: 'EAABCANARYtoken9999' } })
    expect((await call('GET', `/tenants/${id}/whatsapp`, operator)).body.accessToken).toBe('••••9999')
  })

  test('cannot take the subdomain or public id of another', async () => {
    const taken = await make({ subdomain: `sub-${digits(6)}`, tenantId: `pub-${digits(6)}` })
    for (const field of ['subdomain', 'tenantId']) {
      const body = { name: 'Late', email: 'late@x.example', [field]: taken[field] }
      const refused = await call('POST', '/tenants', operator, body)
      expect([refused.status, refused.body.error.code, refused.body.error.details.field]).toEqual([409, 'conflict', field])
    }
  })

  test('of an organisation is made once, however many ask at once', async () => {
    const orgId = `org-${digits(10)}`
    const all = await Promise.all(
      Array.from({ length: 20 }, () => call('POST', '/tenants/from-genesys', operator, { orgId, orgName: 'Harbour Group' })),
    )
    expect(all.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(new Set(all.map(({ body }) => body.tenant.id)).size).toBe(1)
    expect((await call('GET', `/tenants/by-genesys-org/${orgId}`, operator)).body.id).toBe(all[0]?.body.tenant.id)
  })
})

describe('who may', () => {
  test("people and keys of a business see and change their own; another's is answered like one that is not there", async () => {
    const own = world.business.tenantId
    expect((await call('GET', `/tenants/${own}`, 'viewer')).status).toBe(200)
    expect((await call('GET', '/tenants', 'viewer')).body).toMatchObject({ total: 1, items: [{ id: own }] })
    const missing = await call('GET', '/tenants/nobody-here', 'owner')
    for (const [method, path, body] of [
      ['GET', ''],
      ['PATCH', '', { name: 'Mine now' }],
      ['DELETE', ''],
      ['GET', '/credentials'],
      ['PUT', '/credentials/genesys', { values: { a: 'b' } }],
      ['GET', '/whatsapp'],
      ['PUT', '/whatsapp', { phoneNumberId: '1', wabaId: '2', accessToken: 'EAABEAAB' }],
      ['GET', '/readiness'],
      ['PATCH', '/onboarding', { completed: true }],
      ['POST', '/whatsapp/sign-up'],
    ] as const) {
      const answer = await call(method, `/tenants/${other.tenantId}${path}`, 'owner', body)
      expect([path, answer.status, answer.body]).toEqual([path, 404, missing.body])
    }
    expect((await call('GET', `/tenants/by-phone/${world.business.phoneNumberId}`, 'key')).body.id).toBe(own)
    expect((await call('GET', `/tenants/by-phone/${other.phoneNumberId}`, 'key')).body).toEqual(missing.body)
    expect((await call('GET', `/tenants/${own}`, null)).status).toBe(401)
  })

  test('only operators make, list all, suspend, rename publicly; a role or scope too small is refused', async () => {
    const own = world.business.tenantId
    for (const field of [
      { status: 'suspended' },
      { plan: 'gold' },
      { rateLimit: 5 },
      { phoneNumberLimit: 5 },
      { tenantId: 'mine' },
      { subdomain: 'mine' },
    ])
      expect((await call('PATCH', `/tenants/${own}`, 'owner', field)).status).toBe(403)
    expect((await call('PATCH', `/tenants/${own}`, 'owner', { metadata: { ours: true } })).status).toBe(200)
    expect((await call('PATCH', `/tenants/${own}`, 'agent', { name: 'No' })).status).toBe(403)
    expect((await call('DELETE', `/tenants/${own}`, 'agent')).status).toBe(403)
    expect((await call('POST', '/tenants', 'owner', { name: 'N', email: 'n@x.example' })).status).toBe(403)
    expect((await call('GET', `/tenants/${own}/credentials`, 'agent')).status).toBe(403)
    const reader = await platformKey(['tenants.read'])
    expect((await call('GET', `/tenants/${own}`, reader)).status).toBe(200)
    for (const [method, path, body] of [
      ['POST', '/tenants', { name: 'N', email: 'n@x.example' }],
      ['PATCH', `/tenants/${own}`, { plan: 'gold' }],
      ['DELETE', `/tenants/${own}`],
      ['GET', `/tenants/${own}/credentials`],
    ] as const)
      expect((await call(method, path, reader, body)).status).toBe(403)
    // Where a provider is reached is not a business's to say.
    const graphUrl = 'https://somewhere.example'
    const number = { phoneNumberId: digits(15), wabaId: digits(15), accessToken: 'EAABEAAB', name: 'N', graphUrl }
    expect((await call('POST', '/api/accounts', 'owner', { provider: 'whatsapp-cloud', ...number })).status).toBe(403)
    expect((await call('PUT', `/tenants/${own}/whatsapp`, 'owner', number)).status).toBe(403)
  })

  test('may have one telephone number at once, until an operator allows more', async () => {
    const { id } = await make()
    const limit = async () => (await call('GET', `/tenants/${id}`, operator)).body.phoneNumberLimit
    expect(await limit()).toBe(1)
    for (const phoneNumberLimit of [0, 1001, 1.5, null])
      expect((await call('PATCH', `/tenants/${id}`, operator, { phoneNumberLimit })).status).toBe(400)
    expect((await call('PATCH', `/tenants/${id}`, operator, { phoneNumberLimit: 3 })).body).toMatchObject({
      id,
      phoneNumberLimit: 3,
    })
    expect((await call('PATCH', `/tenants/${id}`, await platformKey(['tenants.write']), { phoneNumberLimit: 4 })).status).toBe(
      200,
    )
    expect(await limit()).toBe(4)
    const { rows } = await world.database.owner.query(
      `SELECT changes FROM audit_log WHERE tenant_id = $1 AND action = 'tenant.updated' ORDER BY id`,
      [id],
    )
    expect(rows).toMatchObject([{ changes: { phoneNumberLimit: 3 } }, { changes: { phoneNumberLimit: 4 } }])
  })

  test('platform keys and operators are made and taken away, never beyond what their maker may, and the last one stays', async () => {
    const made = await call('POST', '/api/platform/keys', operator, { name: 'Reader', scopes: ['tenants.read'] })
    expect(made.body).toMatchObject({ name: 'Reader', scopes: ['tenants.read'], hint: made.body.key.slice(-4) })
    const narrow = await platformKey(['platform.manage'])
    expect((await call('POST', '/api/platform/keys', narrow, { name: 'All' })).status).toBe(403)
    expect((await call('POST', '/api/platform/operators', narrow, { email: world.business.people.owner.email })).status).toBe(
      403,
    )
    expect((await call('GET', '/api/platform/keys', 'owner')).status).toBe(403)
    expect((await call('DELETE', `/api/platform/keys/${made.body.id}`, operator)).status).toBe(204)
    expect((await call('GET', '/tenants', { key: made.body.key })).status).toBe(401)

    const { owner, colleague } = world.business.people
    expect((await call('POST', '/api/platform/operators', operator, { email: 'nobody@x.example' })).status).toBe(404)
    await addOperator(world.app.db, owner.email, 'test')
    expect((await call('POST', '/api/platform/operators', 'owner', { email: colleague.email })).status).toBe(204)
    expect((await call('GET', `/tenants/${other.tenantId}`, 'colleague')).status).toBe(200)
    const whole = await call('POST', '/api/platform/keys', operator, { name: 'Whole' })
    expect((await call('DELETE', `/api/platform/operators/${colleague.userId}`, narrow)).status).toBe(403)
    expect((await call('DELETE', `/api/platform/keys/${whole.body.id}`, narrow)).status).toBe(403)
    const equal = await call('POST', '/api/platform/keys', operator, { name: 'Equal', scopes: ['platform.manage'] })
    expect((await call('DELETE', `/api/platform/keys/${equal.body.id}`, narrow)).status).toBe(204)
    expect((await call('DELETE', `/api/platform/operators/${colleague.userId}`, 'owner')).status).toBe(204)
    expect((await call('GET', `/tenants/${other.tenantId}`, 'colleague')).status).toBe(404)
    expect((await call('DELETE', `/api/platform/operators/${owner.userId}`, operator)).status).toBe(409)
    await world.database.owner.query('DELETE FROM platform_operators')
    const { rows } = await world.database.owner.query('SELECT action FROM platform_audit_log ORDER BY id')
    expect(rows.map((row) => row.action)).toEqual(
      expect.arrayContaining(['platform_key.created', 'platform_key.revoked', 'operator.added', 'operator.removed']),
    )
  })
})

test('what is done to keys and operators of the platform is in the log, or is not done', async () => {
  const { owner: database } = world.database
  const keys = async () => (await database.query('SELECT id, revoked_at FROM platform_api_keys ORDER BY id')).rows
  const made = await call('POST', '/api/platform/keys', operator, { name: 'Kept' })
  const [before, { email }] = [await keys(), world.business.people.agent]
  await database.query('ALTER TABLE platform_audit_log ADD CONSTRAINT no_more CHECK (false) NOT VALID')
  try {
    await call('POST', '/api/platform/keys', operator, { name: 'Unseen' })
    await call('DELETE', `/api/platform/keys/${made.body.id}`, operator)
    await call('POST', '/api/platform/operators', operator, { email })
  } finally {
    await database.query('ALTER TABLE platform_audit_log DROP CONSTRAINT no_more')
  }
  expect(await keys()).toEqual(before)
  expect((await database.query('SELECT FROM platform_operators')).rowCount).toBe(0)
})

describe('a suspended business', () => {
  test('keeps what comes in, sends nothing, shuts its keys out and lets its people read, until it is resumed', async () => {
    const business = other
    const phone = `1650${digits(7)}`
    world.simulator.addCustomer({ phone, name: 'Customer' })
    const says = (text: string) => world.simulator.customerSends({ from: phone, to: business.phoneNumberId, text })
    says('hello')
    await world.settle()
    const { owner } = business.people
    const conversations = () => call('GET', '/api/conversations', owner)
    const conversation = (await conversations()).body.items[0]
    const send = (as: Caller) =>
      call('POST', `/api/conversations/${conversation.id}/messages`, as, { body: { type: 'text', text: 'yes' } })
    const sent = () => world.simulator.accepted.length
    const before = sent()

    expect((await call('PATCH', `/tenants/${business.tenantId}`, operator, { status: 'suspended' })).body.status).toBe(
      'suspended',
    )
    const key = await call('GET', '/api/conversations', { key: business.key })
    expect([key.status, key.body.error.code]).toEqual([403, 'tenant_suspended'])
    expect((await send(owner)).body.error.code).toBe('tenant_suspended')
    says('are you there?')
    await world.settle()
    expect((await conversations()).body.items[0].lastMessage?.text ?? JSON.stringify((await conversations()).body)).toContain(
      'are you there?',
    )
    expect((await call('GET', `/tenants/by-phone/${business.phoneNumberId}`, operator)).body.status).toBe('suspended')
    expect(sent()).toBe(before)

    await call('PATCH', `/tenants/${business.tenantId}`, operator, { status: 'active' })
    expect((await send(owner)).status).toBe(201)
    await world.settle()
    expect(sent()).toBe(before + 1)
  })
})

test('while a business is suspended every route that writes into it is refused; its people keep their own way in', async () => {
  const business = await world.addBusiness('Quiet for a while')
  const { owner } = business.people
  await call('PATCH', `/tenants/${business.tenantId}`, operator, { status: 'suspended' })
  const before = await fingerprint(world.database.owner, business.tenantId)
  const answered = async (method: string, url: string) => {
    const { token } = await signIn(world.app, { email: owner.email, password })
    const answer = await call(method, url.replace(/:\w+/g, newId()), { ...owner, cookie: `parley=${token}` })
    return answer.body?.error?.code === 'tenant_suspended'
  }
  const writing = world.app.routes
    .filter(({ config }) => config?.access && config.access !== 'public' && config.access !== 'operator')
    .flatMap(({ method, url }) => [method].flat().map((one) => [one, url] as const))
    .filter(([method]) => !['GET', 'HEAD', 'OPTIONS'].includes(method))
  expect(writing.length).toBeGreaterThan(40)
  const open: string[] = []
  for (const [method, url] of writing) if (!(await answered(method, url))) open.push(`${method} ${url}`)
  expect(open.sort()).toEqual([
    'DELETE /api/me/totp',
    'DELETE /api/session',
    'DELETE /api/sessions',
    'DELETE /api/sessions/:id',
    'PATCH /api/session',
    'POST /api/me/password',
    'POST /api/me/totp',
    'POST /api/me/totp/confirm',
  ])
  const after = await fingerprint(world.database.owner, business.tenantId)
  for (const goesOn of ['audit_log', 'user_sessions', 'search_progress']) after.set(goesOn, before.get(goesOn) as string)
  expect(after).toEqual(before)
})

describe('a deleted business', () => {
  test('is gone at once: look-ups, webhooks, people, keys; and is brought back whole', async () => {
    const business = await world.addBusiness('Soon gone')
    const { owner } = business.people
    const found = () => call('GET', `/tenants/by-phone/${business.phoneNumberId}`, operator)
    expect((await found()).status).toBe(200)
    expect((await call('DELETE', `/tenants/${business.tenantId}`, owner)).status).toBe(204)
    expect((await found()).status).toBe(404)
    expect((await call('GET', `/tenants/${business.tenantId}`, operator)).status).toBe(404)
    expect((await call('GET', '/api/conversations', { key: business.key })).status).toBe(401)
    expect((await call('GET', '/api/conversations', owner)).status).toBe(401)
    const phone = `1650${digits(7)}`
    world.simulator.addCustomer({ phone, name: 'Customer' })
    world.simulator.customerSends({ from: phone, to: business.phoneNumberId, text: 'too late' })
    await world.settle({ far: 150 })
    const { rows } = await world.database.owner.query('SELECT count(*)::int AS n FROM messages WHERE tenant_id = $1', [
      business.tenantId,
    ])
    expect(rows[0].n).toBe(0)
    expect((await call('GET', '/tenants?status=deleted', operator)).body.items[0].id).toBe(business.tenantId)

    expect((await call('POST', `/tenants/${business.tenantId}/restore`, owner)).status).toBe(401)
    expect((await call('POST', `/tenants/${business.tenantId}/restore`, operator)).body.phoneNumberId).toBe(
      business.phoneNumberId,
    )
    expect((await call('GET', '/api/conversations', { key: business.key })).status).toBe(200)
    expect((await found()).status).toBe(200)
  })
})

test('every change of a business is in its audit log, with who made it', async () => {
  const { id } = await make()
  await call('PATCH', `/tenants/${id}`, operator, { plan: 'gold' })
  await call('PUT', `/tenants/${id}/credentials/genesys`, operator, { values: { clientSecret: 'CANARY-secret' } })
  await call('PATCH', `/tenants/${id}/onboarding`, operator, { step: 3 })
  await call('DELETE', `/tenants/${id}`, operator)
  const { rows } = await world.database.owner.query(
    'SELECT actor, action, changes::text AS changes FROM audit_log WHERE tenant_id = $1 ORDER BY id',
    [id],
  )
  // The first two are written in the same millisecond.
  expect(rows.map((row) => row.action).sort()).toEqual([
    'api_key.created',
    'credentials.set',
    'onboarding.changed',
    'tenant.created',
    'tenant.deleted',
    'tenant.updated',
  ])
  for (const row of rows) {
    expect(row.actor).toMatch(/^platform_key:/)
    expect(row.changes).not.toContain('CANARY')
  }
})
