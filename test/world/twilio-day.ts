/** A number at Twilio, connected, changed and counted for, once. Twilio itself does not answer. */
import { expect } from 'vitest'
import type { World } from './world.ts'

export async function twilioDay(world: World): Promise<void> {
  const given = { provider: 'twilio', number: '+15550100031', name: 'SMS', accountSid: `AC${'3'.repeat(32)}` }
  const made = await world.api<{ id: string }>('POST', '/accounts', { ...given, authToken: 'the-first-token' }, 'owner')
  expect([made.status, made.body]).toMatchObject([201, { channel: 'sms', provider: 'twilio', address: '+15550100031' }])
  const { id } = made.body
  expect(
    (await world.api('PUT', `/accounts/${id}`, { authToken: 'the-second-token', name: 'Texts' }, 'owner')).body,
  ).toMatchObject({
    name: 'Texts',
  })
  expect((await world.api('POST', `/accounts/${id}/segments`, { text: 'Hello' })).body).toMatchObject({ segments: 1 })
  expect((await world.api('DELETE', `/accounts/${id}`, undefined, 'owner')).status).toBe(204)
}
