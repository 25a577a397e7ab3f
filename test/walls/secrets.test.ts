/** Secrets are planted in every place that takes one; then everything that leaves the server or is kept by it is searched. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inTenant } from '../../src/platform/db/tx.ts'
import { storeCredentials } from '../../src/tenancy/credentials.ts'
import { createPlatformKey } from '../../src/tenancy/operators.ts'
import { password } from '../world/business.ts'
import { type MailSink, startMailSink } from '../world/mail.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'
import { everybody, type Neighbour, settleIn } from './neighbours.ts'
import { targets } from './walk.ts'

let world: World
let mail: MailSink
const logged: string[] = []
/** What was planted, by what it is. */
const planted = new Map<string, string>()
/** What was answered, but for the answers that are there to show a secret once. */
const answers: { what: string; text: string }[] = []
let own: Neighbour

const plant = (what: string, secret: string): string => {
  planted.set(what, secret)
  return secret
}
async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${world.url}${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
  return { status: response.status, text, json, cookies: response.headers.getSetCookie() }
}
async function kept(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await call(method, path, body, headers)
  answers.push({ what: `${method} ${path}`, text: answer.text })
  return answer
}
/** An answer that shows this secret, and shows it this once. */
async function once(what: string, field: string, ...request: Parameters<typeof call>): Promise<string> {
  const { json, status } = await call(...request)
  const value = json[field]
  expect(typeof value, `${request[0]} ${request[1]} → ${status}`).toBe('string')
  const secret = String(value).split('#').at(-1) as string
  return plant(what, secret)
}

beforeAll(async () => {
  mail = await startMailSink()
  world = await createWorld({
    log: (line) => logged.push(line),
    settings: { SMTP_URL: mail.url, MAIL_FROM: 'Parley <parley@host.example>' },
  })
})
afterAll(async () => {
  await world?.close()
  await mail?.close()
})

describe('nothing secret leaves the place it belongs to', () => {
  test('secrets are planted wherever one is taken, shown or made', async () => {
    const { business } = world
    own = await settleIn(world, business, 'ourselves')
    const owner = { cookie: business.people.owner.cookie }
    plant('access token', business.accessToken)
    plant('app secret', business.appSecret)
    plant('verify token', business.verifyToken)
    plant('password', password)
    plant('API key', business.key)
    plant('master key', 'a key that only tests have, 32 long')
    for (const [name, person] of Object.entries(business.people))
      plant(`session of ${name}`, person.cookie.replace('parley=', ''))
    const platform = await createPlatformKey(world.app.db, { name: 'Scripts', createdBy: 'cli' })
    const operator = { authorization: `Bearer ${plant('platform key', platform.key)}` }

    await once('new API key', 'key', 'POST', '/api/api-keys', { name: 'Planted', role: 'agent' }, owner)
    await once('invitation', 'url', 'POST', '/api/invitations', { email: 'new@walls.example', role: 'agent' }, owner)
    await once('reset link', 'url', 'POST', `/api/members/${business.people.agent.userId}/password-reset`, {}, owner)
    await once('second factor', 'secret', 'POST', '/api/me/totp', { password }, owner)
    await once('key of a new business', 'apiKey', 'POST', '/tenants', { name: 'Another', email: 'a@walls.example' }, operator)
    await once('another platform key', 'key', 'POST', '/api/platform/keys', { name: 'Second' }, operator)
    const genesys = {
      clientId: 'client',
      clientSecret: plant('genesys secret', 'CANARY-genesys-client-secret'),
      integrationId: 'i-1',
    }
    await kept('PUT', `/tenants/${business.tenantId}/credentials/genesys`, { values: genesys }, owner)
    await inTenant(world.app.db, business.tenantId, (tx) =>
      storeCredentials(tx, world.app.secrets, {
        type: 'other',
        subject: '',
        values: { token: plant('other credential', 'CANARY-other-credential') },
      }),
    )
    const signedIn = await call('POST', '/api/session', { email: business.people.viewer.email, password })
    plant('fresh session', /parley=([^;]+)/.exec(signedIn.cookies.join())?.[1] ?? '')
    answers.push({ what: 'POST /api/session', text: signedIn.text })
    expect([...planted.values()].every((secret) => secret.length > 8)).toBe(true)
  })

  test('everybody reads everything that can be read', async () => {
    const askers = await everybody(world, own)
    for (const target of targets(world).filter(({ method, url }) => method === 'GET' && !url.endsWith('/stream')))
      for (const { headers } of askers)
        await kept(
          'GET',
          target.url.replace('/tenants/:id', `/tenants/${world.business.tenantId}`).replace(/:\w+/g, 'x'),
          undefined,
          headers,
        )
    for (const path of ['/health', '/api/openapi.json', '/metrics']) await kept('GET', path)
    expect(answers.length).toBeGreaterThan(200)
  })

  test('requests go wrong in every way, with secrets in them', async () => {
    const { business } = world
    const owner = { cookie: business.people.owner.cookie }
    const secret = planted.get('access token') as string
    await kept('POST', '/api/session', { email: business.people.agent.email, password: `${password}x` })
    await kept('POST', '/api/session', `{"email":"x","password":"${password}"`)
    await kept('POST', '/api/session', { email: password, password: secret, more: password })
    await kept('POST', '/api/me/password', { current: secret, next: password }, owner)
    await kept('POST', '/api/password-resets/confirm', { token: planted.get('reset link'), password: 'short' })
    await kept('POST', '/api/invitations/look', { token: `${planted.get('invitation')}x` })
    await kept('GET', '/api/conversations', undefined, { authorization: `Bearer ${planted.get('API key')}x` })
    await kept('GET', '/api/conversations', undefined, { cookie: `parley=${planted.get('session of agent')}x` })
    await kept(
      'PUT',
      `/tenants/${business.tenantId}/credentials/genesys`,
      { values: { clientSecret: secret, '': secret } },
      owner,
    )
    await kept(
      'PUT',
      `/tenants/${business.tenantId}/whatsapp`,
      { accessToken: `${secret} with a space`, phoneNumberId: '1' },
      owner,
    )
    await kept(
      'POST',
      '/api/accounts',
      { provider: 'whatsapp-cloud', accessToken: secret, phoneNumberId: 'not digits', wabaId: 'x', name: 'x' },
      owner,
    )
    await kept('POST', `/webhooks/whatsapp/${business.slug}`, '{}', { 'x-hub-signature-256': `sha256=${business.appSecret}` })
    await kept(
      'GET',
      `/webhooks/whatsapp/${business.slug}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=${business.verifyToken}x`,
    )
    // The provider quotes the token when it refuses it.
    const customer = world.customer('15550107700')
    customer.says('hello')
    await world.settle()
    world.simulator.expireToken(business.phoneNumberId)
    const { rows } = await world.database.owner.query('SELECT id FROM conversations LIMIT 1')
    await kept('POST', `/api/conversations/${rows[0].id}/messages`, { body: { type: 'text', text: 'hi' } }, owner)
    await world.settle()
    await kept('POST', `/api/accounts/${business.accountId}/check`, {}, owner)
    await kept('GET', '/api/accounts', undefined, owner)
    await until('the invitation is mailed', () => mail.mails.length > 0)
  })

  test('no answer holds one, but the one that shows it once', () => {
    for (const [what, secret] of planted)
      for (const answer of answers)
        expect(answer.text.includes(secret), `${what} in ${answer.what}: ${answer.text.slice(0, 300)}`).toBe(false)
  })

  test('no log line holds one', () => {
    expect(logged.length).toBeGreaterThan(0)
    for (const [what, secret] of planted)
      expect(
        logged.filter((line) => line.includes(secret)),
        what,
      ).toEqual([])
  })

  test('no row of any table holds one', async () => {
    const { rows: tables } = await world.database.owner.query<{ name: string }>(
      `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('parley', 'pgboss') AND c.relkind = 'r'`,
    )
    let seen = 0
    for (const { name } of tables) {
      const { rows } = await world.database.owner.query<{ line: string }>(`SELECT t::text AS line FROM ${name} t`)
      seen += rows.length
      for (const [what, secret] of planted)
        expect(rows.filter(({ line }) => line.includes(secret)).length, `${what} in ${name}`).toBe(0)
    }
    expect(seen).toBeGreaterThan(60)
  })
})
