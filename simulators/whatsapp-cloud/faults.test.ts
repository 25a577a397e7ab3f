import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FaultAction, FaultInput } from './faults.ts'
import { ada, errorOf, messagesOf, phoneNumberId, type Scene, startScene, statusesOf, token, wamidOf } from './test-kit.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene()
  await scene.openWindow()
})
afterEach(() => scene.stop())

const once = (action: FaultAction, rest: Partial<FaultInput> = {}) => scene.simulator.faults.add({ times: 1, action, ...rest })
const seen = () => statusesOf(scene.receiver.received).map((status) => status.status)

describe('what happens to the answer', () => {
  it('accepts and then breaks the connection, so that the sender cannot know', async () => {
    once({ kind: 'dropAfterAccept' })
    await expect(scene.send({ biz_opaque_callback_data: 'lost-answer' })).rejects.toThrow()
    expect(scene.simulator.accepted.map(({ bizOpaque }) => bizOpaque)).toEqual(['lost-answer'])
    await scene.clock.advance(5000)
    expect(statusesOf(scene.receiver.received)[0]?.biz_opaque_callback_data).toBe('lost-answer')
  })

  it('breaks the connection before anything happened', async () => {
    once({ kind: 'dropBeforeAccept' })
    await expect(scene.send()).rejects.toThrow()
    expect(scene.simulator.accepted).toHaveLength(0)
    expect((await scene.send()).status).toBe(200)
  })

  it('answers with the error, status and headers asked for, as often as asked', async () => {
    const action: FaultAction = {
      kind: 'error',
      code: 131000,
      httpStatus: 429,
      details: 'later',
      headers: { 'retry-after': '7' },
    }
    scene.simulator.faults.add({ times: 2, action })
    for (let i = 0; i < 2; i++) {
      const answer = await scene.send()
      expect(answer.status).toBe(429)
      expect(answer.headers.get('retry-after')).toBe('7')
      expect(errorOf(answer)).toMatchObject({ code: 131000, error_data: { messaging_product: 'whatsapp', details: 'later' } })
    }
    expect((await scene.send()).status).toBe(200)
    expect(scene.simulator.accepted).toHaveLength(1)
  })

  it('adds the usage header to a forced limit', async () => {
    once({ kind: 'error', code: 80007 })
    expect((await scene.send()).headers.get('x-business-use-case-usage')).toContain('estimated_time_to_regain_access')
  })

  it('answers with a page that is not JSON', async () => {
    once({ kind: 'http5xxGarbage' })
    await expect(scene.send()).rejects.toThrow(SyntaxError)
    expect(scene.simulator.accepted).toHaveLength(0)
  })

  it('accepts without naming the message', async () => {
    once({ kind: 'okWithoutId' })
    expect((await scene.send()).body.messages).toEqual([])
    expect(scene.simulator.accepted).toHaveLength(1)
  })

  it('holds a request back until the clock has moved', async () => {
    once({ kind: 'delay', ms: 30_000 })
    let answered = false
    const pending = scene.send().then((answer) => {
      answered = true
      return answer
    })
    await expect.poll(() => scene.simulator.faults.list()[0]?.used).toBe(1)
    await scene.clock.advance(29_000)
    expect(answered).toBe(false)
    expect(scene.simulator.accepted).toHaveLength(0)
    await scene.clock.advance(1000)
    expect((await pending).status).toBe(200)
  })

  it('sends the headers at once and the body later', async () => {
    once({ kind: 'slowBody', ms: 20_000 })
    const response = await fetch(`${scene.graphUrl}/v25.0/${phoneNumberId}`, { headers: { authorization: `Bearer ${token}` } })
    expect(response.status).toBe(200)
    const body = response.json()
    await scene.clock.advance(20_000)
    expect(await body).toMatchObject({ id: phoneNumberId })
  })

  it('lets the token expire and keeps it expired', async () => {
    once({ kind: 'expireToken' })
    for (let i = 0; i < 2; i++) expect(errorOf(await scene.send())).toMatchObject({ code: 190, error_subcode: 463 })
  })
})

describe('what happens to webhooks', () => {
  it('delivers the same body several times', async () => {
    once({ kind: 'duplicateWebhook', copies: 2 }, { match: { status: 'delivered' } })
    await scene.send()
    await scene.clock.advance(10_000)
    expect(seen()).toEqual(['sent', 'delivered', 'delivered', 'delivered'])
    const bodies = scene.receiver.received.slice(1).map(({ raw }) => raw.toString())
    expect(new Set(bodies).size).toBe(1)
  })

  it('delivers receipts backwards with their true times', async () => {
    once({ kind: 'reorderWebhooks', order: 'reversed' })
    scene.simulator.updateCustomer(ada, { autoRead: true })
    await scene.send()
    await scene.clock.advance(60_000)
    expect(seen()).toEqual(['read', 'delivered', 'sent'])
    const times = statusesOf(scene.receiver.received).map((status) => Number(status.timestamp))
    expect(times).toEqual([...times].sort((a, b) => b - a))
  })

  it('loses no receipt when it shuffles', async () => {
    once({ kind: 'reorderWebhooks', order: 'shuffled' })
    scene.simulator.updateCustomer(ada, { autoRead: true })
    await scene.send()
    await scene.clock.advance(60_000)
    expect(seen().sort()).toEqual(['delivered', 'read', 'sent'])
  })

  it('delivers the first receipt before the send is answered', async () => {
    once({ kind: 'reorderWebhooks', order: 'before_response' })
    const answer = await scene.send()
    expect(statusesOf(scene.receiver.received)).toMatchObject([{ status: 'sent', id: wamidOf(answer) }])
    await scene.clock.advance(5000)
    expect(seen()).toEqual(['sent', 'delivered'])
  })

  it('delivers late', async () => {
    once({ kind: 'webhookDelay', ms: 3_600_000 })
    scene.simulator.customerSends({ from: ada, to: phoneNumberId, text: 'late' })
    await scene.clock.advance(3_599_000)
    expect(scene.receiver.received).toHaveLength(0)
    await scene.clock.advance(2000)
    expect(messagesOf(scene.receiver.received)[0]?.text).toEqual({ body: 'late' })
  })

  it('loses the first tries and arrives by retry', async () => {
    once({ kind: 'webhookLost', tries: 2 })
    scene.simulator.customerSends({ from: ada, to: phoneNumberId, text: 'x' })
    await scene.clock.advance(2000)
    expect(scene.receiver.received).toHaveLength(0)
    await scene.clock.advance(20_000)
    expect(scene.receiver.received).toHaveLength(1)
    expect(scene.simulator.deliveries.at(-1)?.statuses).toEqual(['lost', 'lost', 200])
  })

  it('fails a send later with the code asked for', async () => {
    once({ kind: 'statusFailed', code: 131049 })
    expect((await scene.send()).status).toBe(200)
    await scene.clock.advance(60_000)
    expect(statusesOf(scene.receiver.received)).toMatchObject([
      { status: 'failed', errors: [{ code: 131049, error_data: {} }] },
    ])
  })
})

describe('what a fault strikes', () => {
  it('strikes only the recipient, type, path and number it names', async () => {
    scene.simulator.faults.add({ match: { recipient: '15550107009' }, action: { kind: 'error', code: 131000 } })
    scene.simulator.faults.add({ match: { type: 'image' }, action: { kind: 'error', code: 131000 } })
    scene.simulator.faults.add({ match: { path: '/media' }, action: { kind: 'error', code: 131000 } })
    scene.simulator.faults.add({ match: { phoneNumberId: '1' }, action: { kind: 'error', code: 131000 } })
    expect((await scene.send()).status).toBe(200)
    expect(errorOf(await scene.send({ to: '+15550107009' })).code).toBe(131000)
    expect(errorOf(await scene.send({ type: 'image', image: { link: 'https://a.test/a.png' } })).code).toBe(131000)
  })

  it('strikes with the probability given and stops when removed', async () => {
    const id = scene.simulator.faults.add({ probability: 0.5, action: { kind: 'error', code: 2 } })
    const codes: unknown[] = []
    for (let i = 0; i < 30; i++) codes.push(errorOf(await scene.send()).code)
    const struck = codes.filter((code) => code === 2).length
    expect(struck).toBeGreaterThan(5)
    expect(struck).toBeLessThan(25)
    expect(scene.simulator.faults.remove(id)).toBe(true)
    expect((await scene.send()).status).toBe(200)
  })
})
