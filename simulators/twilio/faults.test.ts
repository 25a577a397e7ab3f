import { afterEach, beforeEach, expect, test } from 'vitest'
import { ada, type Scene, shop, startScene } from './test-kit.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene()
})
afterEach(() => scene.stop())

const send = () => scene.api('POST', scene.messagesPath, { To: ada, From: shop, Body: 'Hello' })

test.each([
  ['refuses', 400, 21211],
  ['rateLimits', 429, 20429],
  ['refusesCredentials', 401, 20003],
  ['suspended', 401, 20005],
] as const)('in the mood %s the answer is %d with code %d', async (mood, status, code) => {
  scene.simulator.setMood(mood)
  expect(await send()).toMatchObject({
    status,
    body: { code, status, more_info: `https://www.twilio.com/docs/errors/${code}` },
  })
  expect(scene.simulator.sent).toHaveLength(0)
})

test('an answer may be lost before and after the message was taken, or lack its sid', async () => {
  scene.simulator.setMood('losesRequests')
  await expect(send()).rejects.toThrow()
  expect(scene.simulator.sent).toHaveLength(0)
  scene.simulator.setMood('losesAnswers')
  await expect(send()).rejects.toThrow()
  expect(scene.simulator.sent).toHaveLength(1)
  scene.simulator.setMood('forgetsSids')
  expect((await send()).body).not.toHaveProperty('sid')
  expect(scene.simulator.sent).toHaveLength(2)
  scene.simulator.setMood('down')
  await expect(send()).rejects.toThrow(/JSON/)
})

test('everything can be played over HTTP too', async () => {
  await scene.control('POST', 'phones', { number: '+15550107002', name: 'Ben' })
  expect((await scene.control('POST', 'messages', { from: '+15550107002', to: shop, body: 'Hi' })).status).toBe(200)
  await scene.simulator.settle()
  expect(scene.receiver.received).toHaveLength(1)
  await scene.control('POST', 'faults', { times: 1, action: { kind: 'error', code: 20500, status: 500 } })
  expect((await send()).status).toBe(500)
  expect((await send()).status).toBe(201)
  expect((await scene.control('GET', 'sent')).body).toMatchObject({ total: 1 })
  const thread = await scene.control('GET', `threads/${encodeURIComponent('+15550107002')}/${encodeURIComponent(shop)}`)
  expect(thread.body.messages).toMatchObject([{ body: 'Hi' }])
  expect((await scene.control('POST', 'mood', { mood: 'merry' })).status).toBe(400)
  expect((await scene.control('GET', 'state')).body).toMatchObject({ sent: 1 })
  await scene.control('POST', 'reset')
  expect((await scene.control('GET', 'sent')).body).toMatchObject({ total: 0 })
})
