import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { moods } from './faults.ts'
import { ada, type Scene, startScene } from './test-kit.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene({ publishReceipts: false })
  await scene.api('GET', 'messages/nothing')
})
afterEach(() => scene.stop())

const taken = () => scene.simulator.taken.length
const failure = () => scene.write().catch((error: Error) => error)

describe('faults strike', () => {
  it.each<[string, number, string]>([
    ['refuses', 400, 'invalid.value'],
    ['rateLimited', 429, 'too.many.requests'],
    ['refusesToken', 401, 'bad.credentials'],
    ['lacksPermission', 403, 'missing.any.permissions'],
    ['down', 503, 'service.unavailable'],
    ['broken', 500, 'internal.server.error'],
  ])('%s: nothing is taken', async (mood, status, code) => {
    scene.simulator.setMood(mood)
    expect(await scene.write()).toMatchObject({ status, body: { code, contextId: expect.any(String) } })
    expect(taken()).toBe(0)
    scene.simulator.setMood('well')
    expect((await scene.write()).status).toBe(200)
  })
  it('a limit says when to come again, in every header it has', async () => {
    scene.simulator.faults.add({ times: 1, action: { kind: 'rateLimit', seconds: 12 } })
    const { headers, body } = await scene.write()
    const named = ['retry-after', 'inin-ratelimit-count', 'inin-ratelimit-allowed', 'inin-ratelimit-reset'].map((name) =>
      headers.get(name),
    )
    expect(named).toEqual(['12', '301', '300', '12'])
    expect(body).toMatchObject({ message: expect.stringContaining('[12] seconds'), limit: { value: 300 } })
  })
  it('requests get lost before, answers after', async () => {
    scene.simulator.setMood('losesRequests')
    expect(await failure()).toBeInstanceOf(TypeError)
    expect(taken()).toBe(0)
    scene.simulator.setMood('losesAnswers')
    expect(await failure()).toBeInstanceOf(TypeError)
    expect(taken()).toBe(1)
  })
  it('a proxy answers in its own words', async () => {
    scene.simulator.setMood('timesOut')
    expect(await scene.write()).toMatchObject({ status: 504, body: {} })
  })
  it('a slow one waits on the clock', async () => {
    scene.simulator.faults.add({ times: 1, action: { kind: 'delay', ms: 5_000 } })
    const answer = scene.write()
    await expect.poll(() => scene.simulator.faults.list()[0]?.used, { timeout: 4_000 }).toBe(1)
    expect(taken()).toBe(0)
    await scene.clock.advance(5_000)
    expect((await answer).status).toBe(200)
  })
  it('a revoked token is refused, the next one is good', async () => {
    scene.simulator.faults.add({ times: 1, action: { kind: 'revokeToken' } })
    expect((await scene.write()).status).toBe(401)
    const token = String((await scene.signIn()).body.access_token)
    expect((await scene.api('GET', 'messages/nothing', undefined, token)).status).toBe(404)
  })
  it('only what they match, only so often', async () => {
    scene.simulator.faults.add({ match: { operation: 'receipt' }, action: { kind: 'error', status: 500 } })
    scene.simulator.faults.add({ match: { customer: 'somebody else' }, action: { kind: 'error', status: 500 } })
    scene.simulator.faults.add({
      match: { operation: 'message', customer: ada.id },
      times: 1,
      action: { kind: 'error', status: 502 },
    })
    expect((await scene.write()).status).toBe(502)
    expect((await scene.write()).status).toBe(200)
  })
  it('the conversation may not be named', async () => {
    scene.simulator.faults.add({ times: 1, action: { kind: 'noConversationId' } })
    expect((await scene.write()).body).not.toHaveProperty('conversationId')
    expect((await scene.write()).body).toHaveProperty('conversationId')
  })
})

it('a token has three hundred calls a minute', async () => {
  await scene.stop()
  scene = await startScene({ callsPerMinute: 5 })
  const statuses = []
  for (let n = 0; n < 7; n++) statuses.push((await scene.write()).status)
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429])
  await scene.clock.advance(60_000)
  const { status, headers } = await scene.write()
  expect(status).toBe(200)
  expect(headers.get('inin-ratelimit-count')).toBe('1')
})

it('a mood that is none is told', () => {
  expect(() => scene.simulator.setMood('grumpy')).toThrow(Object.keys(moods).join(', '))
  expect(() => scene.simulator.setMood('constructor')).toThrow()
})
