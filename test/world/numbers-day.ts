/** A number that is bought, suspended, resumed and given back, once. */
import { expect } from 'vitest'
import { startTwilioSimulator } from '../../simulators/twilio/server.ts'
import type { NumberView } from '../../src/numbers/schema.ts'
import { until } from './until.ts'
import type { World } from './world.ts'

const accountSid = `AC${'4'.repeat(32)}`
const authToken = 'the-token-of-numbers'
const number = '+14155550199'

/** Where Twilio is has to be known before the world begins: `settings` for it. */
export async function startNumbersDay() {
  const running = await startTwilioSimulator({ accounts: [{ sid: accountSid, authToken }] })
  running.simulator.addAvailable({
    ...{ phoneNumber: number, kind: 'Local', country: 'US', region: 'CA' },
    capabilities: { voice: true, sms: true, mms: true },
  })
  const settings = { TWILIO_API_URL: running.url }
  async function day(world: World): Promise<void> {
    const api = <T = object>(method: string, path: string, body?: object) => world.api<T>(method, path, body, 'owner')
    expect((await api('PUT', '/numbers/provider', { accountSid, authToken })).status).toBe(200)
    expect((await api('GET', '/numbers/provider')).body).toMatchObject({ configured: true })
    expect((await api('GET', '/numbers/available?areaCode=415')).body).toMatchObject({ items: [{ number }] })
    const { body } = await api<NumberView>('POST', '/numbers', { number })
    const is = (status: string) =>
      until(`it is ${status}`, async () => (await api<NumberView>('GET', `/numbers/${body.id}`)).body.status === status)
    await is('active')
    expect((await api('GET', '/numbers')).body).toMatchObject({ items: [{ number }], limit: 1 })
    expect((await api('POST', `/numbers/${body.id}/check`, {})).body).toMatchObject({ state: 'right' })
    for (const verb of ['suspend', 'resume', 'retry', 'set-again', 'release'])
      expect((await api('POST', `/numbers/${body.id}/${verb}`, {})).status).toBe(200)
    await is('released')
    expect((await api('DELETE', '/numbers/provider')).status).toBe(204)
  }
  return { settings, day, close: running.close }
}
