/** A business's number at the simulated Twilio, for journeys: it takes calls and texts, and customers have telephones. */
import { randomBytes } from 'node:crypto'
import type { Answering, Call, CustomerCall } from '../../simulators/twilio/index.ts'
import { type RunningSimulator, type StartOptions, startTwilioSimulator } from '../../simulators/twilio/server.ts'
import { addTwilioAccount } from '../../src/conversations/accounts.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { addChannelApp } from '../../src/tenancy/apps.ts'
import { digits } from './arrange.ts'
import { until } from './until.ts'
import type { World } from './world.ts'

export interface Telephones extends Omit<RunningSimulator, 'url'> {
  apiUrl: string
  number: string
  accountId: string
  accountSid: string
  authToken: string
  slug: string
  /** Where the number's calls are announced. */
  voiceUrl: string
  rings(from: string, answering?: Answering, more?: Partial<CustomerCall>): Call
  /** Resolves when the call is over and all that was told of it is taken in. */
  over(call: Call): Promise<void>
  /** What came to a telephone, oldest first. */
  texts(phone: string): string[]
}

/** As the number is set up at the provider: asked again where there was no connection or no good answer. */
const tries = '#rc=5&rp=all'

type Host = Pick<World, 'app' | 'url'> & { business: { tenantId: string } }

export async function startTelephones(world: Host, options: StartOptions = {}): Promise<Telephones> {
  const accountSid = `AC${randomBytes(16).toString('hex')}`
  const authToken = randomBytes(16).toString('hex')
  const running = await startTwilioSimulator({
    ...{ accounts: [{ sid: accountSid, authToken }], fetchMedia: false },
    latency: { webhook: [1, 3], sent: [2, 4], delivered: [4, 8], read: [2, 4] },
    ...options,
  })
  const { url: apiUrl, ...rest } = running
  const slug = `calls-${digits(8)}`
  const number = `+14155${digits(6)}`
  const { app, business } = world
  const accountId = await inTenant(app.db, business.tenantId, async (tx) => {
    await addChannelApp(tx, app.secrets, { provider: 'twilio', slug, name: 'Twilio', secret: authToken, verifyToken: 'unused' })
    const id = await addTwilioAccount(tx, app.secrets, {
      ...{ channel: 'sms', number, accountSid, authToken, apiUrl, name: 'Calls', appSlug: slug, proven: true },
    })
    // A test rings more often than carriers let texts through.
    await tx.query(`UPDATE channel_accounts SET settings = '{"pacePerSecond": 1000}' WHERE tenant_id = $1 AND id = $2`, [
      tx.tenantId,
      id,
    ])
    return id
  })
  const voiceUrl = `${world.url}/hooks/twilio/${slug}/voice`
  const { simulator } = running
  simulator.addNumber({
    ...{ accountSid, phoneNumber: number },
    settings: {
      VoiceUrl: `${voiceUrl}${tries}`,
      StatusCallback: `${voiceUrl}/status${tries}`,
      SmsUrl: `${world.url}/webhooks/twilio/${slug}`,
    },
  })
  return {
    ...{ ...rest, apiUrl, number, accountId, accountSid, authToken, slug, voiceUrl },
    rings: (from, answering, more = {}) =>
      simulator.customerCalls({ from, to: number, ...(answering ? { answering } : {}), ...more }),
    async over(call) {
      await until('the call is over', () => call.endedAt !== null)
      await until(
        'all that was told of it is taken in',
        () => simulator.deliveries.every((one) => one.acknowledgedAt !== undefined || one.gaveUpAt !== undefined),
        { seen: () => simulator.deliveries.filter((one) => one.acknowledgedAt === undefined && one.gaveUpAt === undefined) },
      )
    },
    texts: (phone) =>
      simulator
        .thread(phone, number)
        .filter(({ direction }) => direction !== 'inbound')
        .map(({ body }) => body),
  }
}
