/** Leads: looked at, moved on, joined and taken out as a file, once. */
import { expect } from 'vitest'
import { openConversation } from '../../src/conversations/contacts.ts'
import { ensureLead } from '../../src/conversations/leads.ts'
import type { LeadSums, LeadView } from '../../src/leads/schema.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { conversationWith } from './reading.ts'
import type { World } from './world.ts'

/** Needs a customer who wrote from this number. */
export async function leadsDay(world: World, phone: string): Promise<void> {
  await world.settle()
  const { contact, account } = await conversationWith(world, phone)
  const make = async () =>
    (
      await inTenant(world.app.db, world.business.tenantId, async (tx) => {
        const conversationId = await openConversation(tx, account.id, contact.id)
        return await ensureLead(tx, { contactId: contact.id, conversationId, origin: 'sms', phone: `+${phone}`, actor: 'test' })
      })
    ).id
  const id = await make()
  const patch = (of: string, body: object, as: 'agent' | 'viewer' = 'agent') =>
    world.api<LeadView>('PATCH', `/leads/${of}`, body, as)
  expect((await patch(id, { notes: 'x' }, 'viewer')).status).toBe(403)
  expect((await patch(id, { status: 'nonsense' })).status).toBe(400)
  expect((await patch(id, { status: 'lost' })).status).toBe(400)
  const place = { latitude: 38.7, longitude: -9.1 }
  expect(await patch(id, { status: 'qualified', estimatedValue: 120.5, place, problem: '=1+1' })).toMatchObject({
    status: 200,
    body: { status: 'qualified', estimatedValue: 120.5, place },
  })
  await patch(id, { status: 'lost', lostReason: 'too far' })
  const second = await make()
  expect(await world.api('POST', `/leads/${second}/join`, { leadId: id })).toMatchObject({
    status: 200,
    body: { joined: [id] },
  })
  expect((await world.api<LeadView>('POST', `/leads/${id}/separate`, {})).body.joinedInto).toBeNull()
  expect((await world.api<LeadView>('GET', `/leads/${id}`)).body.id).toBe(id)
  const list = await world.api<{ items: LeadView[] }>('GET', '/leads?status=lost')
  expect(list.body.items.map((one) => one.id)).toEqual([id])
  const sums = await world.api<LeadSums>('GET', '/leads/sums')
  expect(sums.body.byStatus.map((one) => one.count)).toEqual([1, 0, 0, 0, 1])
  const file = await fetch(`${world.url}/api/leads/export?status=lost`, {
    headers: { cookie: world.business.people.agent.cookie },
  })
  expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  expect(await file.text()).toContain("'=1+1")
}
