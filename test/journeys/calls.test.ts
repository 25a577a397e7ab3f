/** A missed call becomes a text, a conversation and a lead: over HTTP from the provider's webhooks to the caller's telephone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import type { CallView, callStory } from '../../src/calls/schema.ts'
import { digits } from '../world/arrange.ts'
import { startTelephones, type Telephones } from '../world/telephones.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

type Story = z.infer<typeof callStory>
let world: World
let phones: Telephones
const logged: string[] = []
const forwardTo = '+14155550001'
const text = 'Hi! Sorry we missed your call. How can we help?'

beforeAll(async () => {
  world = await createWorld({ proxy: true, log: (line) => void logged.push(line) })
  phones = await startTelephones(world)
  const { status } = await world.api('PATCH', '/business/calls', { forwardTo, ringSeconds: 5 }, 'owner')
  expect(status).toBe(200)
})
afterAll(async () => {
  await phones?.close()
  await world?.close()
})

const stranger = () => `+14156${digits(6)}`
const callOf = async (sid: string): Promise<CallView> =>
  await until('the call is stored', async () => {
    const { body } = await world.api<{ items: CallView[] }>('GET', '/calls?limit=100')
    return body.items.find((one) => one.callSid === sid)
  })
const storyOf = async (sid: string): Promise<Story> =>
  (await world.api<Story>('GET', `/calls/${(await callOf(sid)).id}/story`)).body
/** 0 is an answer too: whoever waits for rows asks `some`. */
const some = async (table: string, where?: string) => (await count(table, where)) > 0
const count = async (table: string, where = 'true') =>
  (await world.database.owner.query(`SELECT count(*)::int AS n FROM ${table} WHERE ${where}`)).rows[0].n as number
const texted = (phone: string, n = 1) =>
  until(`${phone} has ${n} texts`, () => phones.texts(phone).length >= n, { seen: () => phones.texts(phone) })

test('check 2: a missed call is one call, one conversation, one lead, one text with the words of the business; all flags are set', async () => {
  const ada = stranger()
  const call = phones.rings(ada, { kind: 'nobody', afterMs: 20 })
  await phones.over(call)
  await texted(ada)
  expect(phones.texts(ada)).toEqual([text])
  expect(call.heard).toEqual(['Sorry, we cannot take your call right now. We will text you in a moment.'])
  expect(call.dialled).toMatchObject([{ to: forwardTo, callerId: ada, timeout: 5 }])
  const story = await storyOf(call.sid)
  expect(story.call).toMatchObject({
    ...{ status: 'missed', outcome: 'no_answer', customerPhone: ada, businessPhone: phones.number },
    ...{ processed: true, smsTriggered: true, conversationCreated: true, leadCreated: true },
  })
  expect(story).toMatchObject({
    why: { rule: 'no_answer', version: 2, facts: { outcome: 'no_answer', optedOut: false } },
    conversation: { id: story.call.conversationId, status: 'open' },
    lead: { id: story.call.leadId, callId: story.call.id, origin: 'call', status: 'new', customerPhone: ada },
    text: { messageId: story.call.textMessageId, text },
  })
  const { body: thread } = await world.api<{ items: { direction: string; type: string; body: unknown }[] }>(
    'GET',
    `/conversations/${story.call.conversationId}/messages`,
  )
  expect(thread.items.map(({ direction, type }) => `${direction} ${type}`)).toEqual(['internal activity', 'outbound text'])
  // The caller answers: the same conversation, and the lead knows what it is about.
  phones.simulator.customerSends({ from: ada, to: phones.number, body: 'My boiler is cold' })
  const described = await until('the lead says what it is about', async () => {
    const { lead } = await storyOf(call.sid)
    return lead?.problemDescription ? lead : undefined
  })
  expect(described).toMatchObject({ id: story.call.leadId, problemDescription: 'My boiler is cold' })
  expect(await count('conversations', `id = '${story.call.conversationId}' AND last_inbound_at IS NOT NULL`)).toBe(1)
})

test('check 3: every webhook five times at once is still one text and one lead', async () => {
  const ada = stranger()
  const fault = phones.simulator.faults.add({ action: { kind: 'duplicateWebhook', copies: 4 } })
  const call = phones.rings(ada, { kind: 'busy' })
  await phones.over(call)
  await texted(ada)
  phones.simulator.faults.remove(fault)
  await world.settle()
  expect(phones.texts(ada)).toHaveLength(1)
  expect(await count('leads', `customer_phone = '${ada}'`)).toBe(1)
  expect(await count('calls', `customer_phone = '${ada}'`)).toBe(1)
})

describe('check 4', () => {
  const form = () => ({
    ...{ CallSid: `CA${digits(32)}`, AccountSid: phones.accountSid, From: stranger(), To: phones.number },
    ...{ CallStatus: 'in-progress', Direction: 'inbound', DialCallStatus: 'no-answer' },
  })
  const post = (path: string, params: Record<string, string>, signature = 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=') =>
    fetch(`${phones.voiceUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature },
      body: new URLSearchParams(params).toString(),
    })
  test('a wrong signature is refused on every address, and nothing changes', async () => {
    const before = [await count('calls'), await count('events'), await count('contacts')]
    for (const path of ['', '/dial-action', '/status', '/leg', '/whisper', '/key'])
      expect([path, (await post(path, form())).status]).toEqual([path, 401])
    expect([await count('calls'), await count('events'), await count('contacts')]).toEqual(before)
  })
  test('a number that nobody has is answered politely, touches no business, and is warned of', async () => {
    const before = [await count('calls'), await count('events')]
    const { answer } = await phones.simulator.postRaw(phones.accountSid, phones.voiceUrl, { ...form(), To: '+14155559999' })
    expect(answer).toMatchObject({ status: 200, contentType: expect.stringContaining('text/xml') })
    expect(answer?.body).toContain('<Say language="en-US">This number is not in service.</Say><Hangup/>')
    expect([await count('calls'), await count('events')]).toEqual(before)
    expect(logged.some((line) => line.includes('A call came for a number that nobody here has'))).toBe(true)
  })
})

test.each([
  [{ kind: 'person', talkMs: 30 }, 'answered', false],
  [{ kind: 'busy' }, 'busy', true],
  [{ kind: 'failed' }, 'failed', true],
] as const)(
  'check 5: where the telephone answers with %o the call is %s, and a text goes: %s',
  async (answering, outcome, goes) => {
    const ada = stranger()
    const call = phones.rings(ada, answering)
    await phones.over(call)
    const stored = await until('it is decided', async () => {
      const found = await callOf(call.sid)
      return found.processed ? found : undefined
    })
    expect(stored).toMatchObject({ outcome, smsTriggered: goes, leadCreated: goes })
    if (goes) await texted(ada)
    await world.settle()
    expect(phones.texts(ada)).toHaveLength(goes ? 1 : 0)
  },
)

test('check 6: three missed calls in a minute are three calls, one conversation and one text; the rule is told', async () => {
  const ada = stranger()
  const calls = [1, 2, 3].map(() => phones.rings(ada, { kind: 'nobody', afterMs: 20 }))
  for (const call of calls) await phones.over(call)
  await texted(ada)
  await world.settle()
  expect(phones.texts(ada)).toHaveLength(1)
  const stories = await Promise.all(calls.map(({ sid }) => storyOf(sid)))
  expect(new Set(stories.map(({ call }) => call.conversationId)).size).toBe(1)
  expect(stories.map(({ why }) => why?.rule).sort()).toEqual(['no_answer', 'repeated', 'repeated'])
  expect(stories[0]?.otherCalls).toHaveLength(2)
})

describe('check 7: a first contact by text, without a call', () => {
  const leadOf = async (phone: string) =>
    (await world.database.owner.query('SELECT * FROM leads WHERE customer_phone = $1', [phone])).rows[0]
  test('is a conversation and a lead; who calls later has the same', async () => {
    const bo = stranger()
    phones.simulator.customerSends({ from: bo, to: phones.number, body: 'Do you fix taps?' })
    const lead = await until('there is a lead', () => leadOf(bo))
    expect(lead).toMatchObject({ origin: 'sms', call_id: null, problem_description: 'Do you fix taps?' })
    const call = phones.rings(bo, { kind: 'nobody', afterMs: 20 })
    await phones.over(call)
    await texted(bo)
    const story = await storyOf(call.sid)
    expect(story.call).toMatchObject({
      leadId: lead.id,
      leadCreated: false,
      conversationId: lead.conversation_id,
      conversationCreated: false,
    })
  })
  test('is no lead where the business does not want that, and STOP never is', async () => {
    const [cy, di] = [stranger(), stranger()]
    phones.simulator.customerSends({ from: cy, to: phones.number, body: 'STOP' })
    await world.api('PATCH', '/business/calls', { leadsFromTexts: false }, 'owner')
    phones.simulator.customerSends({ from: di, to: phones.number, body: 'Hello?' })
    await until('both are stored', async () => (await count('contacts', `phone IN ('${cy}', '${di}')`)) === 2)
    await world.api('PATCH', '/business/calls', { leadsFromTexts: true }, 'owner')
    expect([await leadOf(cy), await leadOf(di)]).toEqual([undefined, undefined])
  })
})

describe('check 8', () => {
  test.each(['+266696687', 'anonymous', 'client:anna'])(
    'a caller who shows no number (%s) is a lead that somebody is told of, and nobody is texted',
    async (from) => {
      const sent = phones.simulator.sent.length
      const call = phones.rings(from, { kind: 'nobody', afterMs: 20 })
      await phones.over(call)
      const story = await storyOf(call.sid)
      expect(story.call).toMatchObject({ customerPhone: null, smsTriggered: false, leadCreated: true, processed: true })
      expect(call.heard).toEqual(['Sorry, we cannot take your call right now. We will get back to you as soon as we can.'])
      expect(call.dialled).toMatchObject([{ callerId: phones.number }])
      expect(await count('events', `type = 'call.alert' AND data ->> 'callId' = '${story.call.id}'`)).toBe(1)
      await world.settle()
      expect(phones.simulator.sent.length).toBe(sent)
    },
  )
  test('a landline is a lead that somebody is told of; it is not tried again', async () => {
    const ada = stranger()
    phones.simulator.setPhone({ number: ada, landline: true })
    const call = phones.rings(ada, { kind: 'nobody', afterMs: 20 })
    await phones.over(call)
    const { call: stored } = await storyOf(call.sid)
    await until('the text has failed', () => some('message_tracking', `id = '${stored.textMessageId}' AND status = 'failed'`))
    await world.database.owner.query('UPDATE calls SET due_at = now() WHERE id = $1', [stored.id])
    await until('somebody was told', () => some('events', `type = 'call.alert' AND data ->> 'reason' = 'landline'`))
    const again = phones.rings(ada, { kind: 'nobody', afterMs: 20 })
    await phones.over(again)
    expect((await storyOf(again.sid)).why?.rule).toBe('landline')
    expect(phones.simulator.sent.filter(({ to }) => to === ada)).toHaveLength(1)
  })
})

test('check 12: who wrote STOP and calls is a lead and gets no text; START brings texts back', async () => {
  const ada = stranger()
  const says = (body: string) => phones.simulator.customerSends({ from: ada, to: phones.number, body })
  const stands = (state: string) =>
    until(`it stands as ${state}`, () =>
      some('consents', `state = '${state}' AND contact_id = (SELECT id FROM contacts WHERE phone = '${ada}')`),
    )
  says('STOP')
  await stands('opted_out')
  await world.settle()
  const before = phones.texts(ada).length
  const call = phones.rings(ada, { kind: 'busy' })
  await phones.over(call)
  expect((await storyOf(call.sid)).why?.rule).toBe('opted_out')
  await world.settle()
  expect(phones.texts(ada)).toHaveLength(before)
  says('START')
  await stands('opted_in')
  await world.settle()
  const after = phones.texts(ada).length
  const again = phones.rings(ada, { kind: 'busy' })
  await phones.over(again)
  await texted(ada, after + 1)
})

test('check 13: before the carriers approve the business the attempt is kept as not sent, and is shown', async () => {
  const register = (state: string) =>
    world.database.owner.query('UPDATE channel_accounts SET registration = $2 WHERE id = $1', [phones.accountId, state])
  await register('pending')
  const ada = stranger()
  const call = phones.rings(ada, { kind: 'busy' })
  await phones.over(call)
  const story = await storyOf(call.sid)
  await register('not_needed')
  expect(story).toMatchObject({
    why: { rule: 'not_registered' },
    call: { smsTriggered: false, leadCreated: true },
    text: { status: 'failed', errorText: expect.stringContaining('carriers') },
  })
  expect(phones.texts(ada)).toEqual([])
})

test('whoever picks up presses a key where that is wanted: voicemail is missed, a person is not', async () => {
  await world.api('PATCH', '/business/calls', { answerByKey: true }, 'owner')
  const [ada, bo] = [stranger(), stranger()]
  const machine = phones.rings(ada, { kind: 'voicemail', talkMs: 30 })
  const person = phones.rings(bo, { kind: 'person', talkMs: 30 })
  await phones.over(machine)
  await phones.over(person)
  await world.api('PATCH', '/business/calls', { answerByKey: false }, 'owner')
  expect((await storyOf(machine.sid)).call.outcome).toBe('voicemail')
  expect((await storyOf(person.sid)).call.outcome).toBe('answered')
  await texted(ada)
  expect(phones.texts(bo)).toEqual([])
})

test('while the database is away a caller is rung through and heard, and what was told is taken in afterwards', async () => {
  const ada = stranger()
  // The server knows the number from earlier calls.
  world.proxy?.mode('cut')
  const call = phones.rings(ada, { kind: 'nobody', afterMs: 20 })
  await phones.over(call)
  expect(call.dialled).toMatchObject([{ to: forwardTo }])
  expect(call.heard).toHaveLength(1)
  expect(phones.texts(ada)).toEqual([])
  world.proxy?.mode('pass')
  await texted(ada)
  expect((await storyOf(call.sid)).call).toMatchObject({ outcome: 'no_answer', smsTriggered: true })
  expect(phones.texts(ada)).toHaveLength(1)
}, 60_000)

test('what would happen is told before it does, and changes nothing', async () => {
  const before = [await count('calls'), await count('contacts'), await count('events')]
  const preview = async (body: object) => (await world.api<Record<string, unknown>>('POST', '/calls/preview', body)).body
  expect(await preview({ from: '+14155560142' })).toMatchObject({
    rule: 'no_answer',
    texting: 'now',
    text,
    lead: true,
    alert: false,
  })
  for (const local of ['0000-01-01T00:00', '1000-01-01T00:00', '9999-12-31T23:59'])
    expect((await world.api('POST', '/calls/preview', { from: '+14155560142', local })).status, local).toBe(400)
  expect(await preview({ from: null })).toMatchObject({ rule: 'withheld', texting: 'none', text: null, alert: true })
  expect(await preview({ from: phones.number })).toMatchObject({ rule: 'own_number', lead: false })
  expect(await preview({ from: '+14155560142', outcome: 'answered' })).toMatchObject({ rule: 'answered', lead: false })
  await world.api(
    'PATCH',
    '/business/calls',
    { quietHours: { from: '22:00', to: '07:00' }, afterHoursText: 'Closed.' },
    'owner',
  )
  expect(await preview({ from: '+14155560142', at: '2026-11-26T23:00:00Z' })).toMatchObject({
    ...{ rule: 'quiet_hours', texting: 'later', textAt: '2026-11-27T07:00:00.000Z' },
  })
  expect(await preview({ from: '+14155560142', at: '2026-11-26T20:00:00Z' })).toMatchObject({
    rule: 'after_hours',
    text: 'Closed.',
  })
  await world.api('PATCH', '/business/calls', { quietHours: null, afterHoursText: null }, 'owner')
  const after = [await count('calls'), await count('contacts'), await count('events', `type NOT LIKE 'business%'`)]
  expect(after.slice(0, 2)).toEqual(before.slice(0, 2))
})

test('the list goes page by page and by outcome, is a business’s own, and shows what a viewer may see', async () => {
  const first = (await world.api<{ items: CallView[]; next: string | null }>('GET', '/calls?limit=2', undefined, 'viewer')).body
  expect(first.items).toHaveLength(2)
  const second = (await world.api<{ items: CallView[] }>('GET', `/calls?limit=2&cursor=${first.next}`)).body
  expect(new Set([...first.items, ...second.items].map(({ id }) => id)).size).toBe(4)
  const busy = (await world.api<{ items: CallView[] }>('GET', '/calls?outcome=busy&limit=100')).body.items
  expect(busy.length).toBeGreaterThan(0)
  expect(new Set(busy.map(({ outcome }) => outcome))).toEqual(new Set(['busy']))
  expect((await world.api('GET', '/calls?cursor=nonsense')).status).toBe(400)
  const other = await world.addBusiness('Another')
  expect((await world.api<{ items: CallView[] }>('GET', '/calls', undefined, { key: other.key })).body.items).toEqual([])
  expect((await world.api('GET', `/calls/${busy[0]?.id}/story`, undefined, { key: other.key })).status).toBe(404)
  expect((await world.api('PATCH', '/business/calls', { ringSeconds: 10 }, 'agent')).status).toBe(403)
})

test('check 21: counters are those of the rows, and times of change move', async () => {
  const { rows } = await world.database.owner.query(
    `SELECT count(*)::int AS wrong FROM conversations c WHERE c.message_count <> (SELECT count(*) FROM messages m
       WHERE m.tenant_id = c.tenant_id AND m.conversation_id = c.id AND m.direction <> 'internal')`,
  )
  expect(rows[0].wrong).toBe(0)
  expect(await count('calls', 'updated_at > created_at')).toBeGreaterThan(0)
  const { rows: funnel } = await world.database.owner.query(
    `SELECT (SELECT count(*) FROM calls WHERE status = 'missed')::int AS missed, (SELECT count(*) FROM events WHERE type = 'call.missed')::int AS told,
            (SELECT count(*) FROM calls WHERE lead_created)::int AS leads, (SELECT count(*) FROM leads WHERE origin = 'call')::int AS kept,
            (SELECT count(*) FROM calls WHERE sms_triggered)::int AS texts,
            (SELECT count(*) FROM message_tracking WHERE metadata -> 'allowedBy' ->> 'rule' LIKE 'missed_call.%' AND error_code IS DISTINCT FROM 'registration_required')::int AS queued`,
  )
  const [{ missed, told, leads, kept, texts, queued }] = funnel
  expect([missed, leads, texts]).toEqual([told, kept, queued])
})
