/** Everything that people do about themselves, their colleagues and their business, once. */
import { expect } from 'vitest'
import { password } from './business.ts'
import type { World } from './world.ts'

const tokenIn = (url: string): string => url.split('#')[1] ?? ''

export async function peoplesDay(world: World): Promise<void> {
  const { agent } = world.business.people
  const does = async (method: string, path: string, body?: unknown, as: Parameters<World['api']>[3] = 'owner') => {
    const answer = await world.api<Record<string, string>>(method, path, body, as)
    expect([method, path, answer.status, answer.body]).toEqual([
      method,
      path,
      expect.toSatisfy((n: number) => n < 300),
      answer.body,
    ])
    return answer.body
  }
  const invited = await does('POST', '/invitations', { email: 'day@people.example', role: 'agent' })
  const renewed = await does('POST', `/invitations/${invited.id}/renew`, {})
  await does('GET', '/invitations')
  const token = tokenIn(renewed.url ?? '')
  await does('POST', '/invitations/look', { token }, null)
  await does('POST', '/invitations/accept', { token, firstName: 'Day', password }, null)
  await does('PATCH', `/members/${agent.userId}`, { lastName: 'Agent' })
  await does('POST', `/members/${agent.userId}/password-reset`, {})
  await does('PATCH', '/session', { tenantId: world.business.tenantId }, 'agent')
  await does('POST', '/session', { email: agent.email, password }, null)
  await does('GET', '/setup', undefined, null)
  const newcomer = { firstName: 'Ina', email: 'ina@people.example', password }
  await does('POST', '/sign-up', { business: { name: 'Newcomers' }, ...newcomer }, null)
  await does('POST', '/password-resets', { email: agent.email }, null)
  for (const path of ['/sessions', '/me', '/members', '/business', '/audit']) await does('GET', path)
  await does('PATCH', '/me', { lastName: 'Day' }, 'agent')
  await does('PATCH', '/me/preferences', { aiTakeoverDelay: 30 }, 'agent')
  await does('PUT', '/me/presence', { status: 'away' }, 'agent')
  await does('GET', '/me/notifications')
  for (const path of ['/me/notifications/unsent', '/notifications/unsent']) await does('GET', path)
  await does('POST', '/me/notifications/read', {})
  const { publicKey } = await does('GET', '/me/push/key')
  await does('PUT', '/me/push', {
    endpoint: 'https://push.example/day',
    keys: { p256dh: publicKey ?? '', auth: 'a'.repeat(22) },
  })
  await does('POST', '/me/push/end', { endpoint: 'https://push.example/day' })
  await does('PATCH', '/business', { language: 'pt' })
  await does('PATCH', '/business', { retention: { contentMonths: 12 } })
  const hold = await does('POST', '/holds', { reason: 'An open case' })
  await does('GET', '/holds')
  await does('DELETE', `/holds/${hold.id}`)
  for (const name of ['active-conversations', 'newest-messages', 'delivery', 'statuses', 'volume', 'campaigns', 'automations'])
    await does('GET', `/reports/${name}`)
  await does('GET', '/reports/funnel')
  await world.api('GET', '/reports/funnel/export', undefined, 'owner')
  const { secret } = await does('POST', '/me/totp', { password }, 'colleague')
  const { generate } = await import('otplib')
  await does('POST', '/me/totp/confirm', { code: await generate({ secret: secret ?? '' }) }, 'colleague')
}
