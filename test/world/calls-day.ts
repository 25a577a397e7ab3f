/** What is asked about calls, once. */
import { expect } from 'vitest'
import type { CallView } from '../../src/calls/schema.ts'
import { startTelephones } from './telephones.ts'
import { until } from './until.ts'
import type { World } from './world.ts'

export async function callsDay(world: World): Promise<void> {
  const phones = await startTelephones(world)
  try {
    expect((await world.api('PATCH', '/business/calls', { forwardTo: '+1 415 555 0001' }, 'owner')).status).toBe(200)
    expect((await world.api('GET', '/business/calls')).status).toBe(200)
    await phones.over(phones.rings('+14155560142', { kind: 'busy' }))
    const call = await until(
      'the call is there',
      async () => (await world.api<{ items: CallView[] }>('GET', '/calls')).body.items[0],
    )
    for (const path of [`/calls/${call.id}`, `/calls/${call.id}/story`])
      expect([path, (await world.api('GET', path)).status]).toEqual([path, 200])
    expect((await world.api('POST', '/calls/preview', { from: '+14155560142' })).status).toBe(200)
    expect((await world.api('POST', '/business/calls/measure', { text: 'Hi from [BUSINESS]' })).status).toBe(200)
    for (const path of ['/calls/rules', '/business/calls/standards'])
      expect([path, (await world.api('GET', path)).status]).toEqual([path, 200])
  } finally {
    await phones.close()
  }
}
