import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeAccount, makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { type MailSink, startMailSink } from '../../test/world/mail.ts'
import { type ScriptedChannel, scriptedChannel } from '../../test/world/scripted-channel.ts'
import { until } from '../../test/world/until.ts'
import { setAccountState } from '../conversations/accounts.ts'
import { keepConsent } from '../conversations/consents.ts'
import { contactByPhone } from '../conversations/contacts.ts'
import { handOver } from '../conversations/hand-over.ts'
import { ensureLead } from '../conversations/leads.ts'
import { type Notice, notify } from '../conversations/notify.ts'
import { newId } from '../kernel/ids.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import { createMailer, type Mailer } from '../platform/mail.ts'
import { createSecrets } from '../platform/secrets.ts'
import { browsersOf, pushKeys, subscribe, unsubscribe } from '../tenancy/push.ts'
import { rotateSecrets, sealedByKey } from '../tenancy/rotate-secrets.ts'
import { startDeliveries } from './deliver.ts'
import { countUnread, listOwn, listUnsent, markRead } from './store.ts'

let db: TestDatabase
let sink: MailSink
let mailer: Mailer
let channel: ScriptedChannel
let tenantId: string
let pushed: { url: string; headers: Record<string, string>; body: Buffer }[]
let pushAnswer: number | Error
const log = createLogger({ level: 'CRITICAL' })
const secrets = createSecrets(['a key for tests only, long enough to be'])

beforeAll(async () => {
  db = await createTestDatabase()
  sink = await startMailSink()
  mailer = createMailer({ url: sink.url, from: 'parley@test.example' })
})
afterAll(async () => {
  mailer?.close()
  await sink?.close()
  await db?.drop()
})
beforeEach(async () => {
  await db.owner.query('DELETE FROM notifications')
  tenantId = await makeTenant(db)
  channel = { ...scriptedChannel(), provider: 'twilio' }
  pushed = []
  pushAnswer = 201
  sink.mails.length = 0
})

interface Made {
  role?: string
  phone?: string | null
  prefers?: { email?: boolean; sms?: boolean; push?: boolean }
}
async function person({ role = 'owner', phone = '+16505550100', prefers = {} }: Made = {}) {
  const id = newId()
  const email = `${id}@test.example`
  await db.owner.query(`INSERT INTO users (id, email, password_hash) VALUES ($1, $2, 'x')`, [id, email])
  await db.owner.query('INSERT INTO user_profiles (tenant_id, user_id, role, phone_number) VALUES ($1, $2, $3, $4)', [
    ...[tenantId, id, role, phone],
  ])
  const { email: byEmail = true, sms = true, push = true } = prefers
  await db.owner.query(
    'INSERT INTO user_preferences (user_id, notification_email, notification_sms, notification_push) VALUES ($1, $2, $3, $4)',
    [id, byEmail, sms, push],
  )
  return { id, email }
}

/** A browser that can read what it is pushed (RFC 8291). */
function browser(endpoint = `https://push.test/${newId()}`) {
  const ecdh = createECDH('prime256v1')
  ecdh.generateKeys()
  const auth = randomBytes(16)
  const own = ecdh.getPublicKey()
  return {
    subscription: { endpoint, keys: { p256dh: own.toString('base64url'), auth: auth.toString('base64url') } },
    read(body: Buffer): Record<string, unknown> {
      const salt = body.subarray(0, 16)
      const idLength = body[20] as number
      const theirs = body.subarray(21, 21 + idLength)
      const sealed = body.subarray(21 + idLength)
      const info = Buffer.concat([Buffer.from('WebPush: info\0'), own, theirs])
      const input = Buffer.from(hkdfSync('sha256', ecdh.computeSecret(theirs), auth, info, 32))
      const derive = (label: string, length: number) =>
        Buffer.from(hkdfSync('sha256', input, salt, Buffer.from(`Content-Encoding: ${label}\0`), length))
      const opened = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12))
      opened.setAuthTag(sealed.subarray(-16))
      const padded = Buffer.concat([opened.update(sealed.subarray(0, -16)), opened.final()])
      return JSON.parse(padded.subarray(0, padded.lastIndexOf(2)).toString())
    },
  }
}
const register = (userId: string, one: ReturnType<typeof browser>) =>
  subscribe(db.pool, secrets, { userId, subscription: one.subscription, device: 'Firefox' })

const tell = (notice: Notice) => inTenant(db, tenantId, (tx) => notify(tx, notice))
const states = async () =>
  Object.fromEntries(
    (
      await db.owner.query('SELECT means, state, detail FROM notification_deliveries WHERE tenant_id = $1 ORDER BY means', [
        tenantId,
      ])
    ).rows.map((row) => [row.means, row.state]),
  )

/** All that is due at this time is brought. */
async function bring(given: { minutes?: number; mailer?: Mailer } = {}) {
  const worker = startDeliveries({
    ...{ db, log, secrets, mailer: given.mailer ?? mailer, channels: new Map([[channel.provider, channel]]) },
    ...{ publicUrl: () => 'https://parley.test', now: () => new Date(Date.now() + (given.minutes ?? 0) * 60_000) },
    fetch: (async (url: string, init: RequestInit) => {
      if (pushAnswer instanceof Error) throw pushAnswer
      pushed.push({ url, headers: init.headers as Record<string, string>, body: Buffer.from(init.body as Uint8Array) })
      return new Response(null, { status: pushAnswer })
    }) as typeof fetch,
  })
  await worker.idle()
  await worker.stop()
}
const textsFrom = () =>
  makeAccount(db, { tenantId }).then(({ accountId }) =>
    db.owner.query(`UPDATE channel_accounts SET channel = 'sms', provider = 'twilio', state = 'connected' WHERE id = $1`, [
      accountId,
    ]),
  )
const urgent: Notice = { kind: 'emergency', key: 'lead/1', data: { who: 'Ada', what: 'There is gas in\nthe kitchen' } }

test('an emergency is told by every way the person wants, once, however often it is raised', async () => {
  const { id, email } = await person()
  await textsFrom()
  const own = browser()
  await register(id, own)
  expect(await Promise.all([tell(urgent), tell(urgent), tell(urgent)])).toEqual(expect.arrayContaining([1, 0, 0]))
  await bring()
  expect(await states()).toEqual({ email: 'sent', push: 'sent', sms: 'sent' })
  expect(await sink.next(email)).toMatch(
    /Subject: Emergency: Ada[\s\S]*There is gas in the kitchen[\s\S]*https:\/\/parley\.test/,
  )
  expect(channel.sent.map(({ to, body }) => [to[0]?.value, body])).toEqual([
    ['+16505550100', { type: 'text', text: 'Ada needs help now. There is gas in the kitchen https://parley.test/' }],
  ])
  expect(pushed).toHaveLength(1)
  expect(pushed[0]?.url).toBe(own.subscription.endpoint)
  expect(own.read(pushed[0]?.body as Buffer)).toMatchObject({
    title: 'Emergency: Ada',
    url: 'https://parley.test/',
    urgent: true,
  })
  await bring({ minutes: 60 })
  expect(channel.sent).toHaveLength(1)
  expect(sink.mails).toEqual([])
})

test('the push service can see who pushes: a token signed with the key that browsers were given, for that service alone', async () => {
  const { id } = await person()
  await register(id, browser('https://push.test/one'))
  await tell(urgent)
  await bring()
  const { headers } = pushed[0] as (typeof pushed)[number]
  const [, token, key] = /^vapid t=([^,]+), k=(.+)$/.exec(headers.authorization ?? '') ?? []
  const keys = await pushKeys(db, secrets)
  expect(key).toBe(keys.publicKey)
  const [head, claims, signature] = (token ?? '').split('.') as [string, string, string]
  const point = Buffer.from(keys.publicKey, 'base64url')
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  }
  const signedWith = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const }
  expect(verify('sha256', Buffer.from(`${head}.${claims}`), signedWith, Buffer.from(signature, 'base64url'))).toBe(true)
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
    aud: 'https://push.test',
    sub: 'https://parley.test',
  })
  expect(headers).toMatchObject({ urgency: 'high', ttl: '86400' })
  // Two that need the keys first get the same.
  await db.owner.query('DELETE FROM push_keys')
  const both = await Promise.all([pushKeys(db, secrets), pushKeys(db, secrets)])
  expect(both[0]).toEqual(both[1])
})

test('only by the ways the person prefers, and only to those whom it concerns', async () => {
  const chief = await person({ prefers: { email: false, push: false } })
  const agent = await person({ role: 'agent' })
  await person({ role: 'viewer' })
  await textsFrom()
  expect(await tell({ kind: 'caller_waits', key: 'call/1', data: { who: '+16505550101' } })).toBe(1)
  expect(await states()).toEqual({ sms: 'queued' })
  expect(await inTenant(db, tenantId, (tx) => countUnread(tx, chief.id))).toBe(1)
  // The team, without those who only look.
  expect(await tell({ kind: 'lead', key: 'lead/1' })).toBe(2)
  // To one alone, as long as they work here.
  expect(await tell({ kind: 'handed_over', key: 'c/1', userId: agent.id })).toBe(1)
  expect(await tell({ kind: 'handed_over', key: 'c/2', userId: newId() })).toBe(2)
  const others = await makeTenant(db)
  expect(await inTenant(db, others, (tx) => listOwn(tx, { userId: chief.id, limit: 10 }))).toEqual([])
})

test('a mail about something that can wait is not sent to those who saw it in the console', async () => {
  const reader = await person()
  const other = await person()
  await tell({ kind: 'lead', key: 'lead/1', data: { who: 'Ada' } })
  await bring()
  expect(sink.mails).toEqual([])
  await inTenant(db, tenantId, (tx) => markRead(tx, { userId: reader.id }))
  await bring({ minutes: 3 })
  expect(sink.mails.map((mail) => mail.to)).toEqual([other.email])
})

test('what does not go out is tried again, and in the end said to have failed', async () => {
  const { id, email } = await person({ phone: null })
  await register(id, browser())
  await tell({ kind: 'account_down', key: 'a/1', data: { who: '+15550783881' } })
  pushAnswer = 503
  const away = createMailer({ url: 'smtp://127.0.0.1:1', from: 'parley@test.example' })
  await bring({ mailer: away })
  expect(await states()).toEqual({ email: 'queued', push: 'queued' })
  pushAnswer = new Error('no way there')
  for (const minutes of [1, 5, 15, 30]) await bring({ minutes, mailer: away })
  expect(await states()).toEqual({ email: 'queued', push: 'queued' })
  pushAnswer = 201
  await bring({ minutes: 60 })
  expect(await states()).toEqual({ email: 'sent', push: 'sent' })
  expect(await sink.next(email)).toContain('is not connected')
  pushAnswer = 500
  await tell({ kind: 'account_down', key: 'a/2' })
  for (const minutes of [0, 2, 5, 15, 30, 60]) await bring({ minutes })
  expect(await states()).toMatchObject({ push: 'failed' })
})

test('a browser that is gone is forgotten; one that somebody else signed in with is theirs', async () => {
  const first = await person()
  const second = await person()
  const shared = browser()
  await register(first.id, shared)
  await register(second.id, shared)
  expect(await browsersOf(db, secrets, first.id)).toEqual([])
  await unsubscribe(db.pool, { userId: first.id, endpoint: shared.subscription.endpoint })
  expect(await browsersOf(db, secrets, second.id)).toHaveLength(1)
  pushAnswer = 410
  await tell({ ...urgent, userId: second.id })
  await bring()
  expect(await browsersOf(db, secrets, second.id)).toEqual([])
  expect(await states()).toMatchObject({ push: 'failed' })
})

test('a text whose sender stopped is not sent again, a mail is', async () => {
  const { email } = await person()
  await textsFrom()
  await tell(urgent)
  await db.owner.query(
    `UPDATE notification_deliveries SET state = 'sending', attempts = 1, due_at = now() - interval '1 minute' WHERE tenant_id = $1`,
    [tenantId],
  )
  await bring()
  expect(await states()).toEqual({ email: 'sent', sms: 'unknown' })
  expect(channel.sent).toEqual([])
  expect(await sink.next(email)).toContain('Emergency')
})

test('push services that hang keep nobody else waiting, neither other ways nor other businesses', async () => {
  const hangs = await person({ phone: null, prefers: { email: false } })
  for (let n = 0; n < 3; n++) await register(hangs.id, browser(`https://hangs.test/${newId()}`))
  for (let n = 0; n < 20; n++) await tell({ ...urgent, key: `hangs/${n}` })
  const first = tenantId
  tenantId = await makeTenant(db)
  const other = await person()
  await textsFrom()
  await register(other.id, browser())
  await tell(urgent)
  const [hung, goes]: [number[], (() => void)[]] = [[], []]
  const worker = startDeliveries(
    {
      ...{ db, log, secrets, mailer, channels: new Map([[channel.provider, channel]]), publicUrl: () => 'https://parley.test' },
      fetch: ((url: string) =>
        url.startsWith('https://hangs.test')
          ? new Promise((resolve) => {
              hung.push(1)
              goes.push(() => resolve(new Response(null, { status: 410 })))
            })
          : Promise.resolve(new Response(null, { status: 201 }))) as typeof fetch,
    },
    { pollMs: 100 },
  )
  await until('the others are told', async () => Object.values(await states()).every((state) => state === 'sent'))
  expect(await states()).toEqual({ email: 'sent', push: 'sent', sms: 'sent' })
  // All browsers of a person at once: what is claimed is recorded before its lease ends. No more than four of a business.
  await until('its own are on their way', async () => hung.length === 12)
  await db.owner.query('DELETE FROM notifications WHERE tenant_id = $1', [first])
  for (const go of goes) go()
  await worker.stop()
})

test('a text that may have gone out when its sender failed is not sent again', async () => {
  await person({ prefers: { email: false, push: false } })
  await textsFrom()
  const sends = channel.send
  let asked = 0
  channel.send = async () => {
    asked += 1
    throw new Error('broke off')
  }
  await tell(urgent)
  await bring()
  channel.send = sends
  await bring({ minutes: 60 })
  expect([asked, channel.sent.length, await states()]).toEqual([1, 0, { sms: 'unknown' }])
})

test('the team is texted by the rules of any text: not before carriers allow it, and nobody who wrote STOP', async () => {
  await person({ prefers: { email: false, push: false } })
  await textsFrom()
  await db.owner.query(`UPDATE channel_accounts SET registration = 'pending' WHERE tenant_id = $1`, [tenantId])
  await tell(urgent)
  await bring()
  expect([channel.sent.length, await states()]).toEqual([0, { sms: 'failed' }])
  await db.owner.query(`UPDATE channel_accounts SET registration = 'approved' WHERE tenant_id = $1`, [tenantId])
  const contact = await inTenant(db, tenantId, (tx) => contactByPhone(tx, '+16505550100'))
  const says = (state: 'opted_in' | 'opted_out') =>
    inTenant(db, tenantId, (tx) =>
      keepConsent(tx, {
        ...{ contactId: contact, channel: 'sms', topic: 'all', state, source: 'telephone', wording: 'x', actor: 'test' },
        now: new Date(),
      }),
    )
  await says('opted_out')
  await tell({ ...urgent, key: 'lead/2' })
  await bring()
  expect(channel.sent).toEqual([])
  await says('opted_in')
  await tell({ ...urgent, key: 'lead/3' })
  await bring()
  expect(channel.sent).toHaveLength(1)
})

test('nothing is brought of a suspended business, nor to who has left', async () => {
  const { id } = await person()
  await tell(urgent)
  await db.owner.query(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [tenantId])
  await bring()
  expect(await states()).toMatchObject({ email: 'unneeded' })
  await db.owner.query('DELETE FROM user_profiles WHERE tenant_id = $1 AND user_id = $2', [tenantId, id])
  expect(await states()).toEqual({})
})

test('a key that is replaced seals browsers and the pair for them anew', async () => {
  const { id } = await person()
  const own = browser()
  await register(id, own)
  const { publicKey } = await pushKeys(db, secrets)
  const newer = createSecrets(['a newer key for tests, long enough to be', 'a key for tests only, long enough to be'])
  await rotateSecrets({ db, secrets: newer })
  expect([...(await sealedByKey(db)).keys()]).toEqual([newer.currentKeyId()])
  const alone = createSecrets(['a newer key for tests, long enough to be'])
  expect((await browsersOf(db, alone, id)).map((one) => one.subscription)).toEqual([own.subscription])
  expect((await pushKeys(db, alone)).publicKey).toBe(publicKey)
  await rotateSecrets({
    db,
    secrets: createSecrets(['a key for tests only, long enough to be', 'a newer key for tests, long enough to be']),
  })
})

test('leads and numbers tell of themselves, wherever it was written', async () => {
  const { id } = await person()
  const { accountId } = await makeAccount(db, { tenantId })
  const [contact, conversation] = [newId(), newId()]
  await db.owner.query(`INSERT INTO contacts (tenant_id, id, name, phone) VALUES ($1, $2, 'Ada', '+16505550101')`, [
    tenantId,
    contact,
  ])
  await db.owner.query(
    `INSERT INTO conversations (tenant_id, id, channel_account_id, contact_id, control) VALUES ($1, $2, $3, $4, 'ai')`,
    [tenantId, conversation, accountId, contact],
  )
  const lead = { contactId: contact, conversationId: conversation, origin: 'sms', phone: '+16505550101', actor: 'system' }
  const seen = () => inTenant(db, tenantId, (tx) => listOwn(tx, { userId: id, limit: 20 }))
  const made = await inTenant(db, tenantId, (tx) => ensureLead(tx, lead))
  await inTenant(db, tenantId, (tx) => ensureLead(tx, lead))
  for (const urgency of ['high', 'emergency', 'emergency', 'low', 'emergency'])
    await inTenant(db, tenantId, (tx) =>
      tx.query('UPDATE leads SET urgency_level = $3 WHERE tenant_id = $1 AND id = $2', [tenantId, made.id, urgency]),
    )
  const over = { conversationId: conversation, to: 'human' as const, reason: 'Asked for a person.' }
  await inTenant(db, tenantId, (tx) => handOver(tx, { ...over, actor: 'answerer:assistant' }))
  await inTenant(db, tenantId, (tx) =>
    handOver(tx, { conversationId: conversation, to: 'ai', reason: 'x', actor: `user:${id}` }),
  )
  // Whoever takes it needs not be told.
  await inTenant(db, tenantId, (tx) => handOver(tx, { ...over, actor: `user:${id}` }))
  for (const state of ['logged_out', 'held', 'connected', 'held'] as const)
    await inTenant(db, tenantId, (tx) => setAccountState(tx, accountId, state, `It is ${state}.`))
  expect((await seen()).map(({ kind, who, urgent, conversation_id: at }) => [kind, who, urgent, at !== null])).toEqual([
    ['account_down', 'Main number', true, false],
    ['account_down', 'Main number', true, false],
    ['handed_over', 'Ada', false, true],
    ['emergency', 'Ada', true, true],
    ['lead', 'Ada', false, true],
  ])
  const { rows } = await db.owner.query(
    `SELECT count(*)::int AS n FROM events WHERE tenant_id = $1 AND type = 'notification.raised'`,
    [tenantId],
  )
  expect(rows).toEqual([{ n: 5 }])
})

test('what could not be brought is told to whoever it was for, and all of it to those who manage the team', async () => {
  const [ada, bob] = [await person(), await person({ role: 'agent' })]
  await tell({ kind: 'emergency', key: 'a', data: {} })
  await tell({ kind: 'emergency', key: 'b', data: {} })
  await tell({ kind: 'emergency', key: 'old', data: {} })
  const fail = (userId: string, means: string, key: string, detail: string | null, state = 'failed') =>
    db.owner.query(
      `UPDATE notification_deliveries d SET state = $5, detail = $4 FROM notifications n
        WHERE n.tenant_id = d.tenant_id AND n.id = d.notification_id AND n.user_id = $1 AND d.means = $2 AND n.key = $3`,
      [userId, means, key, detail, state],
    )
  await fail(ada.id, 'sms', 'a', 'The number does not exist.')
  await fail(ada.id, 'sms', 'b', 'Its mailbox is full.')
  await fail(bob.id, 'email', 'a', null)
  const list = (userId?: string) => inTenant(db, tenantId, (tx) => listUnsent(tx, { days: 30, ...(userId ? { userId } : {}) }))
  expect(await list(ada.id)).toMatchObject([{ means: 'sms', count: 2, why: 'Its mailbox is full.' }])
  await fail(ada.id, 'sms', 'old', 'The sender stopped before the answer was recorded.', 'unknown')
  expect(await list(ada.id)).toMatchObject([
    { means: 'sms', outcome: 'unknown', count: 1, why: 'The sender stopped before the answer was recorded.' },
    { means: 'sms', outcome: 'failed', count: 2, why: 'Its mailbox is full.' },
  ])
  await db.owner.query(`UPDATE notification_deliveries SET state = 'sent' WHERE state = 'unknown'`)
  expect(await list(bob.id)).toMatchObject([{ means: 'email', count: 1, why: null, name: bob.email }])
  expect((await list()).map(({ user_id, means }) => [user_id, means]).sort()).toEqual(
    [
      [ada.id, 'sms'],
      [bob.id, 'email'],
    ].sort(),
  )
  const other = tenantId
  tenantId = await makeTenant(db)
  expect(await list()).toEqual([])
  tenantId = other
  await db.owner.query('ALTER TABLE notification_deliveries DISABLE TRIGGER USER')
  await db.owner.query(`UPDATE notification_deliveries SET updated_at = now() - interval '31 days'`)
  await db.owner.query('ALTER TABLE notification_deliveries ENABLE TRIGGER USER')
  expect(await list()).toEqual([])
})
