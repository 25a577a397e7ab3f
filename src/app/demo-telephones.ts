/** The demo's number at a simulated Twilio: it rings the business, and a caller whom nobody answers has a text. */
import { randomBytes } from 'node:crypto'
import type { TwilioSimulator } from '../../simulators/twilio/index.ts'
import { addTwilioAccount, loadConnection } from '../conversations/accounts.ts'
import { type Database, inTenant } from '../platform/db/tx.ts'
import type { Secrets } from '../platform/secrets.ts'
import { addChannelApp } from '../tenancy/apps.ts'
import type { App } from './build.ts'

export const demoNumber = '+14155550143'
/** The telephone that rings; it is at the simulator, as everybody's is. */
export const demoForwardTo = '+14155550100'
export const demoCallers = [
  { number: '+14155550171', name: 'Elena Ruiz' },
  { number: '+14155550172', name: 'Tom Becker' },
]
/** For sale at the simulator, so that buying one can be tried. */
const forSale = [
  ['+14155550144', 'San Francisco'],
  ['+14155550160', 'San Francisco'],
  ['+15105550119', 'Oakland'],
  ['+16505550137', 'Palo Alto'],
] as const
export const telephonesPath = '/telephones'
const slug = 'demo-telephones'
/** Where nobody answers in time, the assistant does. Seconds. */
export const demoPatience = 20

/** Seeds a number where the business has none yet, also in a demo that was made before there were telephones. */
async function ensureNumber(db: Database, secrets: Secrets, tenantId: string): Promise<string> {
  return await inTenant(db, tenantId, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `SELECT id FROM channel_accounts WHERE tenant_id = $1 AND provider = 'twilio' AND external_id = $2 AND removed_at IS NULL`,
      [tenantId, demoNumber],
    )
    if (rows[0]) return rows[0].id
    const authToken = randomBytes(16).toString('hex')
    await addChannelApp(tx, secrets, {
      ...{ provider: 'twilio', slug, name: 'Simulated Twilio account', secret: authToken },
      verifyToken: randomBytes(12).toString('hex'),
    })
    const id = await addTwilioAccount(tx, secrets, {
      ...{ channel: 'sms', number: demoNumber, accountSid: `AC${randomBytes(16).toString('hex')}`, authToken },
      ...{ name: 'Harbour Plumbing, telephone', appSlug: slug, proven: true },
    })
    await tx.query(`UPDATE channel_accounts SET answerer = 'assistant' WHERE tenant_id = $1 AND id = $2`, [tenantId, id])
    await tx.query(`UPDATE tenants SET trade_type = coalesce(trade_type, 'plumbing') WHERE id = $1`, [tenantId])
    await tx.query(
      'UPDATE business_settings SET forward_to = $2, ring_seconds = 10, ai_takeover_delay = $3 WHERE tenant_id = $1',
      [tenantId, demoForwardTo, demoPatience],
    )
    return id
  })
}

/** The simulator lives in memory and the port may have changed: each start tells both where the other is. */
export async function connectTelephones(app: App, simulator: TwilioSimulator, tenantId: string): Promise<void> {
  const local = app.localUrl()
  const accountId = await ensureNumber(app.db, app.secrets, tenantId)
  const { connection, callers } = await inTenant(app.db, tenantId, async (tx) => {
    await tx.query('UPDATE tenant_twilio_config SET api_url = $3 WHERE tenant_id = $1 AND channel_account_id = $2', [
      ...[tenantId, accountId, local + telephonesPath],
    ])
    const { rows } = await tx.query<{ phone: string; name: string | null }>(
      `SELECT DISTINCT k.phone, k.name FROM contacts k JOIN calls c ON c.tenant_id = k.tenant_id AND c.contact_id = k.id
        WHERE k.tenant_id = $1 AND k.phone IS NOT NULL LIMIT 200`,
      [tenantId],
    )
    return { connection: await loadConnection(tx, app.secrets, accountId), callers: rows }
  })
  const { accountSid = '' } = connection.config
  simulator.addAccount({ sid: accountSid, authToken: connection.credentials.authToken ?? '', friendlyName: 'Harbour Plumbing' })
  const voice = `${local}/hooks/twilio/${slug}/voice`
  simulator.addNumber({
    ...{ accountSid, phoneNumber: demoNumber, friendlyName: 'Harbour Plumbing' },
    settings: {
      SmsUrl: `${local}/webhooks/twilio/${slug}`,
      ...{ VoiceUrl: `${voice}#rc=5&rp=all`, StatusCallback: `${voice}/status#rc=5&rp=all` },
    },
  })
  for (const [phoneNumber, locality] of forSale)
    simulator.addAvailable({
      ...{ phoneNumber, locality, kind: 'Local', country: 'US', region: 'CA' },
      capabilities: { voice: true, sms: true, mms: true },
    })
  for (const { number, name } of demoCallers) simulator.setPhone({ number, name })
  for (const { phone, name } of callers)
    if (!demoCallers.some(({ number }) => number === phone)) simulator.setPhone({ number: phone, ...(name ? { name } : {}) })
}
