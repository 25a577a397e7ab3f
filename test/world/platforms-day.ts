/** Everything that whoever runs the server does about businesses, and a business about its number, once. */
import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { createPlatformKey } from '../../src/tenancy/operators.ts'
import type { Caller } from './api.ts'
import { digits } from './arrange.ts'
import type { World } from './world.ts'

/** The platform's own app at Meta, with which businesses sign up in a window. */
export const platformApp = {
  id: digits(15),
  secret: randomBytes(16).toString('hex'),
  verifyToken: randomBytes(12).toString('hex'),
}
export const signUpConfigId = digits(15)
export const withPlatformApp = (graphUrl: string): Record<string, string> => ({
  PARLEY_SIGN_UP: 'open',
  WHATSAPP_APP_ID: platformApp.id,
  WHATSAPP_APP_SECRET: platformApp.secret,
  WHATSAPP_VERIFY_TOKEN: platformApp.verifyToken,
  WHATSAPP_SIGNUP_CONFIG_ID: signUpConfigId,
  WHATSAPP_GRAPH_URL: graphUrl,
})

export async function platformsDay(world: World): Promise<void> {
  world.simulator.addApp({ ...platformApp, webhookUrl: `${world.app.localUrl()}/webhooks/whatsapp` })
  const operator = { key: (await createPlatformKey(world.app.db, { name: 'Day', createdBy: 'test' })).key }
  const does = async (method: string, path: string, body?: unknown, as: Caller = operator) => {
    const answer = await world.api<Record<string, string>>(method, path, body, as)
    const well = expect.toSatisfy((n: number) => n < 300)
    expect([method, path, answer.status, answer.body]).toEqual([method, path, well, answer.body])
    return answer.body
  }
  const number = () => ({ phoneNumberId: digits(15), wabaId: digits(15), accessToken: `EAAB${digits(20)}` })
  const atMeta = (given: ReturnType<typeof number>) =>
    world.simulator.addNumber({
      ...given,
      displayPhoneNumber: `+1555${digits(7)}`,
      verifiedName: 'Day',
      appId: platformApp.id,
      registered: false,
    })

  const subdomain = `day-${digits(6)}`
  const made = await does('POST', '/tenants', { name: 'Day Ltd', email: 'office@day.example', subdomain })
  const key = { key: made.apiKey as string }
  const at = `/tenants/${made.id}`
  await does('GET', '/tenants')
  await does('GET', at)
  await does('PATCH', at, { settings: { language: 'pt' } })
  await does('GET', `/tenants/by-subdomain/${subdomain}`)
  const { orgId } = { orgId: `org-${digits(8)}` }
  await does('POST', '/tenants/from-genesys', { orgId, name: 'From there' })
  await does('GET', `/tenants/by-genesys-org/${orgId}`)
  const integrationId = `integration-${digits(8)}`
  await does('PUT', `${at}/credentials/genesys`, { values: { clientId: 'c', clientSecret: 'a secret value', integrationId } })
  await does('GET', `${at}/credentials`)
  await does('GET', `/tenants/by-integration/${integrationId}`)
  await does('GET', `${at}/whatsapp`)

  const signedUp = number()
  atMeta(signedUp)
  const { state } = await does('POST', `${at}/whatsapp/sign-up`, {}, key)
  const code = world.simulator.completeSignUp({ appId: platformApp.id, wabaId: signedUp.wabaId })
  await does('POST', `${at}/whatsapp/sign-up/complete`, { state, code, wabaId: signedUp.wabaId }, key)
  await does('GET', `/tenants/by-phone/${signedUp.phoneNumberId}`)
  await does(
    'PUT',
    `${at}/whatsapp`,
    { accessToken: signedUp.accessToken, phoneNumberId: signedUp.phoneNumberId, wabaId: signedUp.wabaId },
    key,
  )
  await does('GET', `${at}/readiness`)
  await does('PATCH', `${at}/onboarding`, { step: 2 })

  const byHand = number()
  atMeta(byHand)
  const account = await does('POST', '/accounts', { provider: 'whatsapp-cloud', name: 'By hand', ...byHand }, key)
  await does('GET', `/accounts/${account.id}/setup`, undefined, key)
  await does('POST', `/accounts/${account.id}/test`, { to: `+1650${digits(7)}` }, key)
  await does('DELETE', at)
  await does('POST', `${at}/restore`, {})

  await does('GET', '/platform/upkeep')
  for (const name of ['delivery', 'statuses', 'volume', 'database']) await does('GET', `/platform/reports/${name}`)
  await does('POST', '/platform/keys', { name: 'Reader', scopes: ['tenants.read'] })
  await does('GET', '/platform/keys')
  await does('POST', '/platform/operators', { email: world.business.people.owner.email })
  await does('GET', '/platform/operators')
}
