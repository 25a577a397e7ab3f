/** Everything that a business does about its contact centre over HTTP, once. */
import { expect } from 'vitest'
import { digits } from './arrange.ts'
import { conversationWith } from './reading.ts'
import type { World } from './world.ts'

/** `phone` has written before. */
export async function centresDay(world: World, phone: string): Promise<void> {
  const does = async <T = Record<string, string>>(method: string, path: string, body?: unknown) => {
    const answer = await world.api<T>(method, path, body, 'owner')
    const well = expect.toSatisfy((n: number) => n < 300)
    expect([method, path, answer.status, answer.body]).toEqual([method, path, well, answer.body])
    return answer.body
  }
  const { tenantId, accountId } = world.business
  const nowhere = 'http://127.0.0.1:1'
  await does('PUT', `/tenants/${tenantId}/credentials/genesys`, {
    values: {
      ...{ clientId: 'client', clientSecret: 'a client secret', integrationId: `integration-${digits(8)}` },
      ...{ webhookSecret: 'a secret that signs webhooks', apiUrl: nowhere, loginUrl: nowhere },
    },
  })
  await does('GET', '/contact-centre')
  await does('PATCH', '/contact-centre', { expireHours: 48 })
  await does('POST', '/contact-centre/check')
  await does('PUT', `/accounts/${accountId}/answerer`, { answerer: 'genesys' })
  await does('PUT', `/accounts/${accountId}/answerer`, { answerer: 'human' })

  await does('PATCH', `/conversations/${(await conversationWith(world, phone)).id}`, { status: 'open' })
  const { id } = await conversationWith(world, phone)
  await does('POST', `/conversations/${id}/hand-over`, { to: 'agent', reason: 'a question of theirs' })
  await does('PUT', `/conversations/${id}/context`, { order: { number: 4711 }, tier: 'gold' })
  await does('GET', `/conversations/${id}/context`)
  const { internalId } = await does('POST', '/mappings', { waId: phone, phoneNumberId: world.business.phoneNumberId })
  await does('POST', '/mappings', { waId: phone })
  await does('GET', `/mappings/by-customer/${phone}`)
  const { rows } = await world.database.owner.query<{ wamid: string }>(
    `SELECT wamid FROM message_tracking WHERE tenant_id = $1 AND conversation_id = $2 AND direction = 'INBOUND' LIMIT 1`,
    [tenantId, id],
  )
  const wamid = rows[0]?.wamid ?? ''
  await world.database.owner.query('UPDATE message_tracking SET mapping_id = $2 WHERE wamid = $1', [wamid, internalId])
  const correlation = { conversation_id: `over-there-${digits(8)}`, communication_id: 'c', whatsapp_message_id: wamid }
  await does('POST', '/mappings/correlations', correlation)
  await does('GET', `/mappings/by-conversation/${correlation.conversation_id}`)
  await does('POST', `/mappings/${internalId}/messages`, { genesys_message_id: digits(12), message_text: 'From an agent' })
  await does('GET', `/mappings/${internalId}/messages`)
  await does('PATCH', `/mappings/messages/${wamid}`, { status: 'processed', timestamp: new Date().toISOString() })
  await does('GET', '/mappings/stats')
  await does('POST', `/conversations/${id}/hand-over`, { to: 'human' })
}
