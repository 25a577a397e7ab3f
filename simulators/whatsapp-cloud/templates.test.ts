import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ada, errorOf, phoneNumberId, type Scene, startScene, statusesOf, valuesOf, wabaId } from './test-kit.ts'
import type { Json } from './types.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene()
})
afterEach(() => scene.stop())

const reminder = {
  name: 'reminder',
  language: 'en_US',
  category: 'UTILITY',
  components: [
    { type: 'BODY', text: 'Hello {{1}}, see you at {{2}}.', example: { body_text: [['Ada', 'ten']] } },
    {
      type: 'BUTTONS',
      buttons: [
        { type: 'QUICK_REPLY', text: 'Confirm' },
        { type: 'URL', text: 'Map', url: 'https://a.test/{{1}}', example: ['x'] },
      ],
    },
  ],
}
const words = (...texts: string[]) => ({ type: 'body', parameters: texts.map((text) => ({ type: 'text', text })) })
const urlButton = { type: 'button', sub_type: 'url', index: '1', parameters: [{ type: 'text', text: 'x' }] }
const template = (components: Json[], extra: Json = {}) => ({
  type: 'template',
  template: { name: 'reminder', language: { code: 'en_US' }, components, ...extra },
})
const good = template([words('Ada', 'ten'), urlButton])
const add = (status: 'APPROVED' | 'PAUSED' | 'DISABLED' | 'PENDING' = 'APPROVED') =>
  scene.simulator.addTemplate(wabaId, { ...reminder, status })

describe('sending a template', () => {
  it('is accepted outside the window with its status and price', async () => {
    add()
    const answer = await scene.send(good)
    expect((answer.body.messages as Json[])[0]).toMatchObject({ message_status: 'accepted' })
    await scene.clock.advance(5000)
    expect(statusesOf(scene.receiver.received)[0]).toMatchObject({
      status: 'sent',
      pricing: { billable: true, type: 'regular', category: 'utility' },
    })
  })

  it.each([
    ['is missing', undefined, 132001, 404],
    ['is not approved yet', 'PENDING', 132001, 404],
    ['is paused', 'PAUSED', 132015, 400],
    ['is disabled', 'DISABLED', 132016, 400],
  ] as const)('is refused when it %s', async (_name, status, code, httpStatus) => {
    if (status) add(status)
    const answer = await scene.send(good)
    expect([errorOf(answer).code, answer.status]).toEqual([code, httpStatus])
  })

  it.each([
    ['too few parameters', [words('Ada'), urlButton], 132000],
    ['too many parameters', [words('Ada', 'ten', 'more'), urlButton], 132000],
    ['a parameter of several lines', [words('Ada', 'a\nb'), urlButton], 132018],
    ['a parameter that makes the text too long', [words('Ada', 'x'.repeat(1100)), urlButton], 132005],
    ['a missing button parameter', [words('Ada', 'ten')], 131008],
    [
      'a header it does not have',
      [{ type: 'header', parameters: [{ type: 'text', text: 'x' }] }, words('Ada', 'ten'), urlButton],
      132000,
    ],
  ])('is refused with %s', async (_name, components, code) => {
    add()
    expect(errorOf(await scene.send(template(components))).code).toBe(code)
    expect(scene.simulator.accepted).toHaveLength(0)
  })

  it('is refused in a language it does not have', async () => {
    add()
    expect(errorOf(await scene.send(template([words('a', 'b'), urlButton], { language: { code: 'de' } }))).code).toBe(132001)
  })

  it('fails later with 131050 for a customer who stopped marketing, until resumed', async () => {
    const offer = { name: 'offer', language: 'en', category: 'MARKETING', components: [{ type: 'BODY', text: 'Buy' }] }
    scene.simulator.addTemplate(wabaId, offer)
    scene.simulator.setMarketingPreference(ada, phoneNumberId, 'stop')
    await scene.clock.advance(1000)
    expect(valuesOf(scene.receiver.received)[0]).toMatchObject({
      user_preferences: [{ wa_id: ada, value: 'stop', category: 'marketing_messages' }],
    })
    const send = () => scene.send({ type: 'template', template: { name: 'offer', language: { code: 'en' } } })
    await send()
    await scene.clock.advance(5000)
    expect(statusesOf(scene.receiver.received).at(-1)).toMatchObject({ status: 'failed', errors: [{ code: 131050 }] })
    scene.simulator.setMarketingPreference(ada, phoneNumberId, 'resume')
    await send()
    await scene.clock.advance(5000)
    expect(statusesOf(scene.receiver.received).at(-1)).toMatchObject({ status: 'delivered' })
  })

  it('reaches no more different users in 24 hours than the tier allows', async () => {
    add()
    scene.simulator.updateQuality(phoneNumberId, { event: 'DOWNGRADE', currentLimit: 'TIER_50' })
    for (let i = 0; i < 51; i++) {
      scene.simulator.addCustomer({ phone: `1555020${1000 + i}` })
      await scene.send({ ...good, to: `1555020${1000 + i}` })
    }
    await scene.clock.advance(10_000)
    const failed = statusesOf(scene.receiver.received).filter((status) => status.status === 'failed')
    expect(failed).toMatchObject([{ recipient_id: '15550201050', errors: [{ code: 131048 }] }])
  })

  it('cannot carry an authentication code to a business-scoped user id', async () => {
    const buttons = [{ type: 'OTP', otp_type: 'COPY_CODE', text: 'Copy' }]
    const code = {
      name: 'code',
      language: 'en',
      category: 'AUTHENTICATION',
      components: [{ type: 'BODY' }, { type: 'BUTTONS', buttons }],
    }
    scene.simulator.addTemplate(wabaId, code)
    const components = [{ type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: '1234' }] }]
    const body = { type: 'template', template: { name: 'code', language: { code: 'en' }, components } }
    expect((await scene.send(body)).status).toBe(200)
    expect(errorOf(await scene.send({ ...body, to: undefined, recipient: 'US.1' })).code).toBe(131062)
  })
})

describe('the life of a template', () => {
  const path = `${wabaId}/message_templates`

  it('is created pending, told when approved with its id as a number, and can then be sent', async () => {
    const { body } = await scene.graph('POST', path, reminder)
    expect(body).toMatchObject({ status: 'PENDING', category: 'UTILITY' })
    expect(BigInt(String(body.id))).toBeGreaterThan(2n ** 53n)
    scene.simulator.setTemplateStatus(String(body.id), { status: 'APPROVED' })
    await scene.clock.advance(1000)
    const raw = scene.receiver.received[0]?.raw.toString() ?? ''
    expect(raw).toContain(`"message_template_id":${body.id},`)
    expect(valuesOf(scene.receiver.received)[0]).toMatchObject({
      event: 'APPROVED',
      message_template_name: 'reminder',
      reason: 'NONE',
    })
    expect((await scene.send(good)).status).toBe(200)
  })

  it('is approved by itself when reviews are automatic', async () => {
    await scene.stop()
    scene = await startScene({ templateReview: 'approve' })
    const { body } = await scene.graph('POST', path, reminder)
    await scene.clock.advance(6000)
    expect((await scene.graph('GET', String(body.id))).body.status).toBe('APPROVED')
  })

  it('is refused with a bad name, without examples, with gaps and when it exists', async () => {
    const bodyOnly = (text: string, example?: Json) => ({
      ...reminder,
      name: 'other',
      components: [{ type: 'BODY', text, ...(example ? { example } : {}) }],
    })
    const refused = [
      { ...reminder, name: 'Not Allowed' },
      bodyOnly('Hi {{1}}'),
      bodyOnly('Hi {{1}} {{3}}', { body_text: [['a', 'b']] }),
    ]
    for (const body of refused) expect(errorOf(await scene.graph('POST', path, body)).code).toBe(100)
    await scene.graph('POST', path, reminder)
    expect(errorOf(await scene.graph('POST', path, reminder))).toMatchObject({ code: 100, error_subcode: 2388024 })
  })

  it('is listed page by page by cursor, with only the fields asked for', async () => {
    for (let i = 0; i < 5; i++) scene.simulator.addTemplate(wabaId, { ...reminder, name: `t${i}` })
    const names: unknown[] = []
    let next: string | undefined = `${scene.graphUrl}/v25.0/${path}?limit=2&fields=name`
    let pages = 0
    while (next) {
      const response = await fetch(next, { headers: { authorization: 'Bearer EAAB-token' } })
      const answer = (await response.json()) as { data: Json[]; paging: { next?: string; cursors: { after: string } } }
      names.push(...answer.data.map((item) => item.name))
      expect(Object.keys(answer.data[0] ?? {}).sort()).toEqual(['id', 'name'])
      next = answer.paging.next
      pages++
    }
    expect([names, pages]).toEqual([['t0', 't1', 't2', 't3', 't4'], 3])
  })

  it('can be edited once a day while approved, keeping its category, and goes back into review', async () => {
    const { id } = add()
    const components = [{ type: 'BODY', text: 'New words' }]
    expect(errorOf(await scene.graph('POST', id, { category: 'MARKETING' })).code).toBe(100)
    expect((await scene.graph('POST', id, { components })).body).toEqual({ success: true })
    expect(errorOf(await scene.graph('POST', id, { components })).code).toBe(100)
    scene.simulator.setTemplateStatus(id, { status: 'APPROVED' })
    expect(errorOf(await scene.graph('POST', id, { components }))).toMatchObject({ error_subcode: 2388025 })
    await scene.clock.advance(86_400_000)
    expect((await scene.graph('POST', id, { components })).status).toBe(200)
  })

  it('is deleted in all languages by name, and an approved name stays blocked for 30 days', async () => {
    add()
    scene.simulator.addTemplate(wabaId, { ...reminder, language: 'de' })
    expect((await scene.graph('DELETE', `${path}?name=reminder`)).body).toEqual({ success: true })
    expect((await scene.graph('GET', path)).body.data).toEqual([])
    expect(errorOf(await scene.graph('POST', path, reminder))).toMatchObject({ error_subcode: 2388023 })
    await scene.clock.advance(30 * 86_400_000)
    expect((await scene.graph('POST', path, reminder)).status).toBe(200)
  })

  it('comes back from a pause when asked to', async () => {
    const { id } = add('PAUSED')
    expect((await scene.graph('POST', `${id}/unpause`)).body).toEqual({ success: true })
    await scene.clock.advance(1000)
    expect(valuesOf(scene.receiver.received)[0]).toMatchObject({ event: 'REINSTATED' })
    expect((await scene.send(good)).status).toBe(200)
  })

  it('tells of a falling quality', async () => {
    const { id } = add()
    scene.simulator.setTemplateQuality(id, 'YELLOW')
    await scene.clock.advance(1000)
    expect(valuesOf(scene.receiver.received)[0]).toMatchObject({
      previous_quality_score: 'UNKNOWN',
      new_quality_score: 'YELLOW',
    })
  })
})
