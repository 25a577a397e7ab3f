/** Labels, filters and counts of the list of conversations, once. */
import { expect } from 'vitest'
import type { CountsView, LabelView } from '../../src/inbox/label-schema.ts'
import type { ConversationView } from '../../src/inbox/schema.ts'
import { conversationWith } from './reading.ts'
import type { World } from './world.ts'

/** Needs a customer who wrote from this number. */
export async function listsDay(world: World, phone: string): Promise<void> {
  await world.settle()
  const { id, contact, account } = await conversationWith(world, phone)
  const made = await world.api<LabelView>('POST', '/labels', { name: 'VIP', colour: 'red' }, 'owner')
  expect(made.status).toBe(201)
  const label = made.body
  expect(await world.api('PATCH', `/labels/${label.id}`, { name: 'Regular' }, 'owner')).toMatchObject({
    status: 200,
    body: { ...label, name: 'Regular' },
  })
  expect((await world.api<{ items: LabelView[] }>('GET', '/labels')).body.items).toEqual([{ ...label, name: 'Regular' }])
  const put = await world.api<ConversationView>('PUT', `/conversations/${id}/labels/${label.id}`, {})
  expect(put).toMatchObject({ status: 200, body: { labelIds: [label.id] } })
  await world.api('PATCH', `/conversations/${id}`, { status: 'open', assigneeId: world.business.people.agent.userId })
  const list = async (filter: string) => {
    const { status, body } = await world.api<{ items: ConversationView[] }>('GET', `/conversations?${filter}`)
    return { status, ids: body.items.map((one) => one.id) }
  }
  for (const filter of [
    'status=open',
    'status=all&assignee=me',
    `assignee=${world.business.people.agent.userId}`,
    'channel=whatsapp',
    `accountId=${account.id}`,
    `contactId=${contact.id}`,
    `labelId=${label.id}`,
    `labelId=${label.id}&assignee=me&channel=whatsapp&q=${phone.slice(-5)}`,
  ])
    expect([filter, await list(filter)]).toEqual([filter, { status: 200, ids: expect.arrayContaining([id]) }])
  for (const filter of ['status=archived', `assignee=none&contactId=${contact.id}`, 'channel=sms'])
    expect([filter, await list(filter)]).toEqual([filter, { status: 200, ids: [] }])
  const counts = await world.api<CountsView>('GET', '/conversations/counts')
  expect(counts).toMatchObject({
    status: 200,
    body: { mine: { n: 1, more: false }, labels: [{ id: label.id, n: 1, more: false }] },
  })
  const taken = await world.api<ConversationView>('DELETE', `/conversations/${id}/labels/${label.id}`)
  expect(taken).toMatchObject({ status: 200, body: { labelIds: [] } })
  expect((await world.api('DELETE', `/labels/${label.id}`, undefined, 'owner')).status).toBe(204)
}
