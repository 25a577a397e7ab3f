/** Everything that can be looked for, once. */
import { expect } from 'vitest'
import type { SearchPage } from '../../src/inbox/search-schema.ts'
import { conversationWith } from './reading.ts'
import type { World } from './world.ts'

/** Needs a customer who wrote "hello" from this number. */
export async function searchDay(world: World, phone: string): Promise<void> {
  await world.settle()
  const { id, contact, account } = await conversationWith(world, phone)
  const now = new Date().toISOString()
  for (const filter of [
    '',
    `&contactId=${contact.id}`,
    `&conversationId=${id}`,
    `&accountId=${account.id}`,
    '&channel=whatsapp',
    `&to=${now}`,
  ]) {
    const answer = await world.api<SearchPage>('GET', `/search?q=hel${filter}`)
    expect([filter, answer.status, answer.body.items.map((item) => item.message.conversationId)]).toEqual([filter, 200, [id]])
  }
  for (const filter of ['&channel=sms', `&from=${now}`]) {
    const { body } = await world.api<SearchPage>('GET', `/search?q=hel${filter}`)
    expect([filter, body.items]).toEqual([filter, []])
  }
}
