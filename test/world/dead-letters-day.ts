/** Dead letters looked at, mended, taken in again and discarded, once. */
import { expect } from 'vitest'
import { strayReceipt } from '../walls/neighbours.ts'
import type { World } from './world.ts'

export async function deadLettersDay(world: World): Promise<void> {
  const { rows } = await world.database.owner.query<{ id: string }>(
    `INSERT INTO dead_letters (tenant_id, source, reason, error_message, original_payload)
     SELECT $1, 'webhook:whatsapp-cloud', 'invalid_payload', 'made for this day', $2::jsonb FROM generate_series(1, 3) RETURNING id`,
    [world.business.tenantId, JSON.stringify(strayReceipt)],
  )
  const [first, second] = rows.map(({ id }) => `/dead-letters/${id}`) as [string, string, string]
  const calls: [string, string, object?][] = [
    ['GET', '/dead-letters'],
    ['GET', '/dead-letters/counts'],
    ['GET', first],
    ['PATCH', first, { payload: strayReceipt }],
    ['POST', `${first}/replay`, {}],
    ['POST', `${second}/discard`, {}],
    ['POST', '/dead-letters/replay', { reason: 'invalid_payload' }],
    ['POST', '/dead-letters/discard', { reason: 'invalid_payload' }],
  ]
  for (const [method, path, body] of calls)
    expect([method, path, (await world.api(method, path, body, 'owner')).status]).toEqual([method, path, 200])
}
