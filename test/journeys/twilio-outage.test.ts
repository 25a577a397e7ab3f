/** What gets lost between Twilio and us, on either side, and how it comes right again. */
import twilio from 'twilio'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ada, authToken, createTwilioWorld, shop, type TwilioWorld } from '../world/twilio.ts'
import { until } from '../world/until.ts'

let world: TwilioWorld
let ahead = 0
beforeAll(async () => {
  world = await createTwilioWorld({
    proxy: true,
    now: () => new Date(Date.now() + ahead),
    settings: { DATABASE_POOL_SIZE: '4' },
  })
  says('Hello')
  await world.settle()
})
afterAll(() => world?.close())
beforeEach(async () => {
  ahead = 0
  // What was asked of a time that has not come yet.
  await world.database.owner.query('UPDATE channel_accounts SET asked_until = NULL, ask_at = NULL')
})
afterEach(() => world.twilio.faults.clear())

const says = (body: string) => world.twilio.customerSends({ from: ada, to: shop, body })
const texts = async () => (await world.thread()).map(({ text }) => text)
const last = async () => (await world.thread()).at(-1)
const sentWith = (text: string) => world.twilio.sent.filter(({ body }) => body === text)
async function reply(text: string): Promise<void> {
  const { body } = await world.api<{ items: { id: string }[] }>('GET', '/conversations')
  await world.api('POST', `/conversations/${body.items[0]?.id}/messages`, { body: { type: 'text', text } })
}
const minutes = (n: number) => {
  ahead = n * 60_000
}

describe('a send whose answer was lost', () => {
  test('and whose receipts are lost too is found in Twilio’s list, and never sent twice', async () => {
    world.twilio.faults.add({ match: { kind: 'status' }, action: { kind: 'webhookLost' } })
    world.twilio.faults.add({ times: 2, match: { method: 'POST' }, action: { kind: 'dropAfter' } })
    // Two with the same words: each has to find its own.
    await reply('Twice the same')
    await reply('Twice the same')
    await until(
      'both are unknown',
      async () => (await world.thread()).filter(({ outcome }) => outcome === 'unknown').length === 2,
    )
    // A look too early asks nobody.
    await world.app.settling.look()
    expect((await last())?.outcome).toBe('unknown')
    minutes(1)
    await world.app.settling.look()
    expect((await world.thread()).slice(-2)).toMatchObject([
      { text: 'Twice the same', status: 'sent', outcome: null },
      { text: 'Twice the same', status: 'sent', outcome: null },
    ])
    expect(sentWith('Twice the same')).toHaveLength(2)
  })

  test('because it never arrived is sent again, but only when that is sure', async () => {
    world.twilio.faults.add({ times: 1, match: { method: 'POST' }, action: { kind: 'dropBefore' } })
    await reply('Lost on the way')
    await until('it is unknown', async () => (await last())?.outcome === 'unknown')
    minutes(1)
    await world.app.settling.look()
    expect(await last()).toMatchObject({ outcome: 'unknown' })
    minutes(3)
    await world.app.settling.look()
    await until('it is delivered', async () => (await last())?.status === 'delivered')
    expect(sentWith('Lost on the way')).toHaveLength(1)
  })

  test('stays open while Twilio cannot be asked', async () => {
    world.twilio.faults.add({ times: 1, match: { method: 'POST' }, action: { kind: 'dropBefore' } })
    await reply('Nobody answers')
    await until('it is unknown', async () => (await last())?.outcome === 'unknown')
    world.twilio.faults.add({ action: { kind: 'garbage', status: 503 } })
    minutes(5)
    await world.app.settling.look()
    expect(await last()).toMatchObject({ outcome: 'unknown' })
    expect(sentWith('Nobody answers')).toHaveLength(0)
    world.twilio.faults.clear()
    await world.app.settling.look()
    await until('it is delivered', async () => (await last())?.status === 'delivered')
  })
})

test('a message that no webhook brought is taken in from the list, once, at the time it was written', async () => {
  world.twilio.faults.add({ times: 1, match: { kind: 'message' }, action: { kind: 'webhookLost' } })
  const { sid } = says('The webhook is lost')
  await world.settle()
  expect(await texts()).not.toContain('The webhook is lost')
  minutes(60)
  await world.app.missing.look()
  await world.settle()
  const { rows } = await world.database.owner.query('SELECT id FROM message_tracking WHERE wamid = $1', [sid])
  expect(rows).toHaveLength(1)
  expect(await texts()).toContain('The webhook is lost')
  const raw = async () =>
    (await world.database.owner.query(`SELECT count(*)::int AS n FROM webhook_events WHERE event_type = 'missed'`)).rows
  expect(await raw()).toEqual([{ n: 1 }])
  minutes(120)
  await world.app.missing.look()
  await world.settle()
  expect(await raw()).toEqual([{ n: 1 }])
})

test('while the database is away webhooks wait on the disk: Twilio is answered well, and all come in, in order', async () => {
  const before = (await texts()).length
  const deliveries = world.twilio.deliveries.length
  world.proxy?.mode('cut')
  for (const text of ['While it is away 1', 'While it is away 2', 'While it is away 3']) {
    says(text)
    // One after the other, as from one customer.
    await until(
      `${text} is answered`,
      () => world.twilio.deliveries.slice(deliveries).every(({ acknowledgedAt }) => acknowledgedAt),
      {
        timeoutMs: 20_000,
      },
    )
  }
  expect(world.app.centres.spool?.waiting('webhook').files).toBe(3)
  const back = Date.now()
  expect(world.twilio.deliveries.slice(deliveries).map(({ statuses }) => statuses)).toEqual([[200], [200], [200]])
  world.proxy?.mode('pass')
  await until('all are in', async () => (await texts()).length === before + 3, { timeoutMs: 20_000 })
  expect((await texts()).slice(before)).toEqual(['While it is away 1', 'While it is away 2', 'While it is away 3'])
  // Each has the time at which it came, not that at which the database was back.
  for (const { occurredAt } of (await world.thread()).slice(before)) expect(Date.parse(occurredAt)).toBeLessThan(back)
  expect(world.twilio.alerts).toEqual([])
  // One that says nothing at all is not waited for twice: Twilio gives up after 15 seconds.
  world.proxy?.mode('blackhole')
  const began = performance.now()
  const params = { MessageSid: `SM${'e'.repeat(32)}`, From: ada, To: shop, Body: 'Into the dark', NumMedia: '0' }
  const signature = twilio.getExpectedTwilioSignature(authToken, world.number.webhook.url, params)
  const answer = await fetch(world.number.webhook.url, {
    method: 'POST',
    headers: { 'x-twilio-signature': signature },
    body: new URLSearchParams(params),
  })
  expect([answer.status, performance.now() - began < 14_000]).toEqual([200, true])
  world.proxy?.mode('cut')
  world.proxy?.mode('pass')
  await until('it is in too', async () => (await texts()).at(-1) === 'Into the dark', { timeoutMs: 20_000 })
  // What is not signed is refused then too.
  world.proxy?.mode('cut')
  const forged = await fetch(world.number.webhook.url, { method: 'POST', body: 'Body=x' })
  expect(forged.status).toBe(401)
  world.proxy?.mode('pass')
})

test('a STOP that no webhook brought counts all the same', async () => {
  const from = '+15550107044'
  world.twilio.customerSends({ from, to: shop, body: 'Hello' })
  await world.settle()
  world.twilio.faults.add({ times: 1, match: { kind: 'message' }, action: { kind: 'webhookLost' } })
  world.twilio.customerSends({ from, to: shop, body: 'STOP' })
  await world.settle()
  minutes(180)
  await world.app.missing.look()
  await world.settle()
  expect(await texts()).toContain('STOP')
  const { body } = await world.api<{ items: { id: string }[] }>('GET', '/conversations')
  const refused = await world.api('POST', `/conversations/${body.items[0]?.id}/messages`, {
    body: { type: 'text', text: 'Why?' },
  })
  expect(refused).toMatchObject({ status: 422, body: { error: { code: 'opted_out' } } })
})
