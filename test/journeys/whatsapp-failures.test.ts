import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { FaultAction } from '../../simulators/whatsapp-cloud/index.ts'
import type { AccountView, MessageView } from '../../src/inbox/schema.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { storeCredentials } from '../../src/tenancy/credentials.ts'
import { conversationWith, historyOf, messageNow } from '../world/reading.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
let next = 15550109000
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world?.close())
afterEach(() => world.simulator.faults.clear())

/** A customer of their own for each case, so that none meets another's limits. */
async function withConversation(): Promise<{ phone: string; conversationId: string }> {
  const phone = String(next++)
  world.customer(phone).says('hello')
  await world.settle()
  return { phone, conversationId: (await conversationWith(world, phone)).id }
}

const send = (conversationId: string, text = 'a reply') =>
  world.api<MessageView>('POST', `/conversations/${conversationId}/messages`, { body: { type: 'text', text } })
const retry = (id: string, body?: object) => world.api<MessageView>('POST', `/messages/${id}/retry`, body)
const acceptedFor = (messageId: string) => world.simulator.accepted.filter((sent) => sent.bizOpaque === messageId)
const account = async () => {
  const { body } = await world.api<{ items: AccountView[] }>('GET', '/accounts')
  return body.items[0] as AccountView
}
const check = () => world.api<AccountView>('POST', `/accounts/${world.business.accountId}/check`, undefined, 'owner')

/** The send meets this once; what the message is once all is quiet. */
async function sendMeeting(action: FaultAction): Promise<MessageView> {
  const { phone, conversationId } = await withConversation()
  world.simulator.faults.add({ action, times: 1, match: { path: '/messages', recipient: phone } })
  const { body } = await send(conversationId)
  await world.settle()
  return await messageNow(world, body.id)
}
const error = (code: number, extra: Partial<Extract<FaultAction, { kind: 'error' }>> = {}): FaultAction => ({
  kind: 'error',
  code,
  ...extra,
})

describe('a refusal for good', () => {
  test.each([
    [131026, 'not on WhatsApp'],
    [131049, 'holds back marketing'],
    [131051, 'does not support'],
    [100, 'does not accept a part'],
  ])('code %i ends as failed with words a shopkeeper understands', async (code, words) => {
    const failed = await sendMeeting(error(code))
    expect(failed).toMatchObject({ status: 'failed', outcome: null, error: { code: String(code), retryable: true } })
    expect(failed.error?.text).toContain(words)
    expect(acceptedFor(failed.id)).toHaveLength(0)
    expect((await account()).state).toBe('connected')
  })

  test('the 24 hours that WhatsApp says are over lead to a template', async () => {
    expect((await sendMeeting(error(131047))).error).toMatchObject({ code: '131047', hint: 'template' })
  })

  test('a failure that WhatsApp tells later ends the same, and can be tried again', async () => {
    const { phone, conversationId } = await withConversation()
    world.simulator.faults.add({ action: { kind: 'statusFailed', code: 131026 }, times: 1, match: { recipient: phone } })
    const { body } = await send(conversationId)
    await world.settle()
    const failed = await messageNow(world, body.id)
    expect(failed).toMatchObject({ status: 'failed', error: { code: '131026' } })
    expect(Date.parse(failed.failedAt ?? '')).toBeGreaterThan(0)
    expect((await retry(failed.id)).status).toBe(200)
    await world.settle()
    expect(await messageNow(world, failed.id)).toMatchObject({ status: 'delivered', error: null, failedAt: null })
    expect((await historyOf(world, failed.id)).attempts.map((attempt) => attempt.outcome)).toEqual(['accepted', 'accepted'])
  })

  test('what has been delivered cannot be tried again', async () => {
    const { conversationId } = await withConversation()
    const { body } = await send(conversationId)
    await world.settle()
    expect(await retry(body.id)).toMatchObject({ status: 409, body: { error: { code: 'not_retryable' } } })
  })
})

describe('a disturbance that passes', () => {
  test.each([
    ['the provider has a disturbance', error(131000, { httpStatus: 500 }), '131000'],
    ['too many messages of the number', error(130429, { headers: { 'X-Business-Use-Case-Usage': '{}' } }), '130429'],
    ['a code nobody knows, marked as passing by its status', error(2, { httpStatus: 503 }), '2'],
  ])('%s: it waits, then goes out once', async (_name, action, code) => {
    // The wait is about a second: on a busy machine it may be over before anybody looks.
    const { id } = await sendMeeting(action)
    await until('it is delivered', async () => (await messageNow(world, id)).status === 'delivered')
    expect(acceptedFor(id)).toHaveLength(1)
    const { attempts } = await historyOf(world, id)
    expect(attempts).toMatchObject([{ outcome: 'retry', code }, { outcome: 'accepted' }])
    const [first, second] = attempts
    expect(Date.parse(second?.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(first?.nextAt ?? ''))
    expect(Date.parse(first?.nextAt ?? '')).toBeGreaterThan(Date.parse(first?.finishedAt ?? ''))
  })

  test('a customer who got too much at once holds up nobody else', async () => {
    const waiting = await sendMeeting(error(131056))
    expect(waiting).toMatchObject({ status: 'queued', error: { code: '131056' } })
    const wait = Date.parse(waiting.nextAttemptAt ?? '') - Date.now()
    expect(wait).toBeGreaterThan(4000)
    expect(wait).toBeLessThan(8000)
    const { conversationId } = await withConversation()
    const { body } = await send(conversationId)
    await world.settle()
    expect((await messageNow(world, body.id)).status).toBe('delivered')
    expect((await messageNow(world, waiting.id)).status).toBe('queued')
  })

  test('while WhatsApp moves the number to a higher speed everybody waits a minute', async () => {
    const waiting = await sendMeeting(error(131057))
    const { conversationId } = await withConversation()
    const { body } = await send(conversationId)
    await world.settle()
    expect(await messageNow(world, waiting.id)).toMatchObject({ status: 'queued', error: { code: '131057' } })
    expect(Date.parse((await messageNow(world, waiting.id)).nextAttemptAt ?? '') - Date.now()).toBeGreaterThan(50_000)
    expect((await messageNow(world, body.id)).status).toBe('queued')
    // The minute is up.
    await world.database.owner.query('UPDATE channel_accounts SET paused_until = NULL')
    await world.database.owner.query('UPDATE conversation_lanes SET ready_at = now() WHERE ready_at > now()')
    await until('both are delivered', async () => (await messageNow(world, body.id)).status === 'delivered')
    await until('both are delivered', async () => (await messageNow(world, waiting.id)).status === 'delivered')
  })

  test('a connection that ends before anything was said is unknown, not tried again blindly', async () => {
    const message = await sendMeeting({ kind: 'dropBeforeAccept' })
    expect(message).toMatchObject({ status: 'sending', outcome: 'unknown' })
    expect(acceptedFor(message.id)).toHaveLength(0)
  })
})

describe('an outcome nobody knows', () => {
  test.each([
    ['the answer got lost', { kind: 'dropAfterAccept' }],
    ['the answer names no message', { kind: 'okWithoutId' }],
  ] as [string, FaultAction][])('%s: the receipt settles it, and nothing is sent twice', async (_name, action) => {
    const settled = await sendMeeting(action)
    expect(settled).toMatchObject({ status: 'delivered', outcome: null, error: null })
    expect(acceptedFor(settled.id)).toHaveLength(1)
    expect((await historyOf(world, settled.id)).attempts).toMatchObject([{ outcome: 'accepted' }])
  })

  test('without a receipt it stays unknown, and only somebody who accepts a second copy sends it again', async () => {
    const unknown = await sendMeeting({ kind: 'http5xxGarbage' })
    expect(unknown).toMatchObject({ status: 'sending', outcome: 'unknown' })
    expect(await retry(unknown.id)).toMatchObject({ status: 409, body: { error: { code: 'duplicate_risk' } } })
    expect(acceptedFor(unknown.id)).toHaveLength(0)
    expect((await retry(unknown.id, { acceptDuplicate: true })).status).toBe(200)
    await world.settle()
    expect(await messageNow(world, unknown.id)).toMatchObject({ status: 'delivered', outcome: null })
    expect(acceptedFor(unknown.id)).toHaveLength(1)
  })

  test('what comes after it in the same conversation still goes out', async () => {
    const unknown = await sendMeeting({ kind: 'dropBeforeAccept' })
    const { body } = await send(unknown.conversationId, 'the next line')
    await world.settle()
    expect((await messageNow(world, body.id)).status).toBe('delivered')
    expect((await messageNow(world, unknown.id)).outcome).toBe('unknown')
  })
})

describe('receipts in any order', () => {
  test.each(['reversed', 'shuffled', 'before_response'] as const)('%s: the furthest point counts', async (order) => {
    const { phone, conversationId } = await withConversation()
    world.simulator.updateCustomer(phone, { autoRead: true })
    world.simulator.faults.add({ action: { kind: 'reorderWebhooks', order }, times: 1, match: { recipient: phone } })
    const { body } = await send(conversationId)
    await world.settle()
    const read = await messageNow(world, body.id)
    expect(read).toMatchObject({ status: 'read', outcome: null })
    expect([read.sentAt, read.deliveredAt, read.readAt].every((at) => at !== null)).toBe(true)
  })

  test('receipts that come twice change nothing', async () => {
    const { phone, conversationId } = await withConversation()
    world.simulator.faults.add({ action: { kind: 'duplicateWebhook', copies: 2 }, match: { recipient: phone } })
    const { body } = await send(conversationId)
    await world.settle()
    // Copies are on their way at the same time: which kind is there first is chance.
    expect((await historyOf(world, body.id)).receipts.map((receipt) => receipt.status).sort()).toEqual(['delivered', 'sent'])
    expect(await messageNow(world, body.id)).toMatchObject({ status: 'delivered', outcome: null })
  })
})

describe('a number that WhatsApp stopped', () => {
  test('an expired token signs the number out and keeps the queue until the token is mended', async () => {
    const { conversationId } = await withConversation()
    world.simulator.expireToken(world.business.phoneNumberId)
    const first = await send(conversationId, 'first')
    const second = await send(conversationId, 'second')
    await world.settle()
    expect(await account()).toMatchObject({ state: 'logged_out' })
    expect((await account()).stateText).toContain('no longer valid')
    for (const { body } of [first, second]) expect((await messageNow(world, body.id)).status).toBe('queued')
    expect((await check()).body.state).toBe('logged_out')
    await mendToken()
    expect((await check()).body).toMatchObject({ state: 'connected', stateText: null })
    await world.settle()
    for (const { body } of [first, second])
      expect(await messageNow(world, body.id)).toMatchObject({ status: 'delivered', error: null })
    const order = [first.body.id, second.body.id].map((id) => acceptedFor(id)[0]?.at ?? 0)
    expect(order[0]).toBeLessThanOrEqual(order[1] ?? 0)
  })

  test.each([131031, 131042, 368])('code %i holds the number; what comes in is still taken', async (code) => {
    const waiting = await sendMeeting(error(code))
    expect(waiting).toMatchObject({ status: 'queued', error: { code: String(code) } })
    expect((await account()).state).toBe('held')
    await withConversation()
    expect((await check()).body.state).toBe('connected')
    await world.settle()
    expect((await messageNow(world, waiting.id)).status).toBe('delivered')
  })
})

async function mendToken(): Promise<void> {
  const accessToken = 'EAABmended0000000000'
  const { app, business, simulator } = world
  simulator.setAccessToken(business.phoneNumberId, accessToken)
  await inTenant(app.db, business.tenantId, async (tx) => {
    await storeCredentials(tx, app.secrets, { type: 'channel_account', subject: business.accountId, values: { accessToken } })
  })
}
