import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MessageView, TemplateView } from '../../src/inbox/schema.ts'
import { conversationWith, lastLineWith, messageNow } from '../world/reading.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
let templateId = ''
beforeAll(async () => {
  world = await createWorld()
  const { simulator, business } = world
  templateId = simulator.addTemplate(business.wabaId, {
    name: 'visit_reminder',
    language: 'en',
    category: 'UTILITY',
    components: [
      { type: 'HEADER', format: 'TEXT', text: 'Visit on {{1}}', example: { header_text: ['Monday'] } },
      { type: 'BODY', text: 'Hello {{1}}, we come at {{2}}.', example: { body_text: [['Ana', 'nine']] } },
      { type: 'BUTTONS', buttons: [{ type: 'QUICK_REPLY', text: 'Fine' }] },
    ],
  }).id
})
afterAll(() => world?.close())

const sync = () => world.api<{ count: number }>('POST', '/templates/sync', { accountId: world.business.accountId })
const templates = async () => (await world.api<{ items: TemplateView[] }>('GET', '/templates')).body.items
const filled = { body: { '1': 'Ada', '2': 'ten' }, headerText: { '1': 'Tuesday' } }
const start = (parameters: object, phone = '15550107001', extra: object = {}) =>
  world.api<MessageView>('POST', '/messages', {
    accountId: world.business.accountId,
    to: { phone: `+${phone}` },
    body: { type: 'template', name: 'visit_reminder', language: 'en', parameters, ...extra },
  })

test('templates are read from WhatsApp with what has to be filled in', async () => {
  expect((await sync()).body).toEqual({ count: 1 })
  const [template] = await templates()
  expect(template).toMatchObject({ name: 'visit_reminder', status: 'approved', buttons: ['Fine'] })
  expect(template?.places.map((place) => [place.slot, place.name, place.example])).toEqual([
    ['header', '1', 'Monday'],
    ['body', '1', 'Ana'],
    ['body', '2', 'nine'],
  ])
})

describe('writing to somebody who never wrote', () => {
  test('takes a template; free text is refused with the reason', async () => {
    world.simulator.addCustomer({ phone: '15550107001', name: 'Ada' })
    const refused = await world.api<{ error: { code: string; message: string } }>('POST', '/messages', {
      accountId: world.business.accountId,
      to: { phone: '+15550107001' },
      body: { type: 'text', text: 'Hi' },
    })
    expect(refused).toMatchObject({ status: 422, body: { error: { code: 'window_closed' } } })
    expect(refused.body.error.message).toContain('has not written yet')
    const sent = await start(filled)
    expect(sent.status).toBe(201)
    await world.settle()
    expect(await messageNow(world, sent.body.id)).toMatchObject({
      status: 'delivered',
      text: 'Visit on Tuesday\nHello Ada, we come at ten.',
    })
    expect(world.simulator.accepted.at(-1)?.body).toMatchObject({ type: 'template', template: { name: 'visit_reminder' } })
  })

  test('a place left empty is named, and nothing is stored or sent', async () => {
    const before = world.simulator.accepted.length
    const refused = await start({ body: { '1': 'Ada' }, headerText: { '1': 'Tuesday' } })
    expect(refused).toMatchObject({ status: 422, body: { error: { code: 'template_parameters' } } })
    expect(JSON.stringify(refused.body)).toContain('2')
    const many = await start({ body: { '1': 'Ada', '2': 'ten', '3': 'x' } })
    expect(many.status).toBe(422)
    expect(JSON.stringify(many.body)).toContain('header')
    await world.settle()
    expect(world.simulator.accepted).toHaveLength(before)
    expect((await conversationWith(world, '15550107001')).messageCount).toBe(1)
  })

  test('a template that is not there and what is no number are refused in words', async () => {
    expect(await start(filled, '15550107001', { name: 'nothing' })).toMatchObject({
      body: { error: { code: 'template_unknown' } },
    })
    expect(await start(filled, '15550107001', { language: 'pt_BR' })).toMatchObject({ status: 422 })
    expect(await start(filled, '12')).toMatchObject({ status: 400, body: { error: { code: 'invalid_request' } } })
  })

  test('the customer taps the quick reply, and the window is open', async () => {
    const { accepted } = world.simulator
    world.simulator.customerTaps({ messageId: accepted.at(-1)?.wamid ?? '', id: 'Fine' })
    await world.settle()
    const line = await lastLineWith(world, '15550107001')
    expect(line).toMatchObject({ type: 'button', text: 'Fine', direction: 'inbound' })
    const text = { body: { type: 'text', text: 'See you' } }
    expect((await world.api('POST', `/conversations/${line.conversationId}/messages`, text)).status).toBe(201)
    await world.settle()
  })
})

test('25 hours after the last line of the customer only a template goes out', async () => {
  world.clock.shift(-25 * 3_600_000)
  world.customer('15550107002', 'Bo').says('long ago')
  await world.settle()
  world.clock.shift(25 * 3_600_000)
  const { id, windowExpiresAt } = await conversationWith(world, '15550107002')
  expect(Date.parse(windowExpiresAt ?? '')).toBeLessThan(Date.now())
  const free = await world.api('POST', `/conversations/${id}/messages`, { body: { type: 'text', text: 'Hi' } })
  expect(free).toMatchObject({ status: 422, body: { error: { code: 'window_closed', details: { hint: 'template' } } } })
  const body = { type: 'template', name: 'visit_reminder', language: 'en', parameters: filled }
  const sent = await world.api<MessageView>('POST', `/conversations/${id}/messages`, { body })
  await world.settle()
  expect((await messageNow(world, sent.body.id)).status).toBe('delivered')
})

test('what was queued while the window was open and comes to its turn after it ended is not sent', async () => {
  world.customer('15550107003', 'Cy').says('soon over')
  await world.settle()
  const { id } = await conversationWith(world, '15550107003')
  world.simulator.faults.add({
    action: { kind: 'error', code: 131000, httpStatus: 500 },
    times: 1,
    match: { path: '/messages', recipient: '15550107003' },
  })
  const queued = await world.api<MessageView>('POST', `/conversations/${id}/messages`, { body: { type: 'text', text: 'late' } })
  await world.database.owner.query(`UPDATE conversations SET window_expires_at = now() + interval '200 ms' WHERE id = $1`, [id])
  await world.settle({ far: 50 })
  await until('it is refused', async () => (await messageNow(world, queued.body.id)).status === 'failed')
  expect((await messageNow(world, queued.body.id)).error).toMatchObject({ code: 'window_closed', hint: 'template' })
  expect(world.simulator.accepted.some((accept) => accept.bizOpaque === queued.body.id)).toBe(false)
})

describe('what WhatsApp tells about a template', () => {
  test('a pause stops it at once, with the reason; a reinstatement lets it go again', async () => {
    world.simulator.setTemplateStatus(templateId, { status: 'PAUSED', reason: 'LOW_QUALITY' })
    await world.settle()
    expect((await templates())[0]?.status).toBe('paused')
    expect(await start(filled)).toMatchObject({ status: 422, body: { error: { code: 'template_not_approved' } } })
    world.simulator.setTemplateStatus(templateId, { status: 'APPROVED', event: 'REINSTATED' })
    await world.settle()
    expect((await start(filled)).status).toBe(201)
    await world.settle()
  })

  test('its quality is shown', async () => {
    world.simulator.setTemplateQuality(templateId, 'RED')
    await world.settle()
    expect((await templates())[0]?.quality?.toLowerCase()).toBe('red')
  })

  test('a template that is gone at WhatsApp is marked deleted by the next synchronisation', async () => {
    world.simulator.world.templates.delete(templateId)
    expect((await sync()).body).toEqual({ count: 0 })
    expect((await templates()).map((template) => template.status)).toEqual(['deleted'])
    expect((await start(filled)).status).toBe(422)
  })
})
