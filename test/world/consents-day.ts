/** What a customer agreed to, written down and read, once; and where a number stands with the carriers. */
import { expect } from 'vitest'
import type { Consents } from '../../src/inbox/consent-schema.ts'
import type { AccountView, ContactView } from '../../src/inbox/schema.ts'
import { conversationWith } from './reading.ts'
import type { World } from './world.ts'

/** Needs a customer who wrote from this number. */
export async function consentsDay(world: World, phone: string): Promise<void> {
  await world.settle()
  const { id, contact, account } = await conversationWith(world, phone)
  const path = `/contacts/${contact.id}/consents`
  const said = { channel: 'whatsapp', source: 'on the telephone', wording: 'Please leave me alone' }
  expect((await world.api<Consents>('POST', path, { ...said, state: 'opted_out' }, 'viewer')).status).toBe(403)
  const out = await world.api<Consents>('POST', path, { ...said, state: 'opted_out' })
  expect(out).toMatchObject({ status: 201, body: { standing: [{ channel: 'whatsapp', state: 'opted_out' }] } })
  const send = () => world.api('POST', `/conversations/${id}/messages`, { body: { type: 'text', text: 'Hello again' } })
  expect(await send()).toMatchObject({ status: 422, body: { error: { code: 'opted_out' } } })
  expect((await world.api<ContactView>('GET', `/contacts/${contact.id}`)).body.consents).toEqual(out.body.standing)
  expect((await world.api('POST', path, { ...said, channel: 'pigeon', state: 'opted_in' })).status).toBe(400)
  await world.api('POST', path, { ...said, wording: 'I changed my mind', state: 'opted_in' })
  expect((await world.api<Consents>('GET', path)).body.history.map((one) => one.wording)).toEqual([
    'I changed my mind',
    'Please leave me alone',
  ])
  const register = (registration: string) => world.api('PATCH', `/accounts/${account.id}`, { registration }, 'admin')
  expect((await register('rejected')).status).toBe(200)
  const refused = await send()
  expect(refused).toMatchObject({ status: 403, body: { error: { code: 'registration_required' } } })
  const { messageId } = (refused.body as { error: { details: { messageId: string } } }).error.details
  expect((await world.api('GET', `/messages/${messageId}`)).body).toMatchObject({
    status: 'failed',
    error: { code: 'registration_required' },
  })
  expect((await world.api<{ items: AccountView[] }>('GET', '/accounts')).body.items).toContainEqual(
    expect.objectContaining({ id: account.id, registration: { state: 'rejected', text: null } }),
  )
  await register('not_needed')
}
