/** The world with Twilio's side as one more HTTP server, and a number of the first business there. */
import { type RunningSimulator, type StartOptions, startTwilioSimulator } from '../../simulators/twilio/server.ts'
import { callApi } from './api.ts'
import { until } from './until.ts'
import { createWorld, type World, type WorldOptions } from './world.ts'

export const accountSid = `AC${'1'.repeat(32)}`
export const authToken = 'the-auth-token-of-this-account'
export const shop = '+15550100009'
export const ada = '+15550107001'

export interface ConnectedAccount {
  id: string
  state: string
  webhook: { url: string }
}

export interface TwilioWorld extends World {
  twilio: RunningSimulator['simulator']
  twilioUrl: string
  /** The first business's number, connected over the API. */
  number: ConnectedAccount
  /** Connects one more over the API, and has Twilio deliver to it. */
  connect(provider: 'twilio' | 'twilio-whatsapp', number: string): Promise<ConnectedAccount>
  /** What the newest conversation says, oldest first. */
  thread(): Promise<Line[]>
}

export interface Line {
  id: string
  direction: string
  type: string
  text: string | null
  status: string | null
  outcome: string | null
  occurredAt: string
  error: { code: string; text: string; hint: string | null; retryable: boolean } | null
  media: { id: string; state: string; url: string | null }[]
  segments: { encoding: string; count: number } | null
}

const latency: StartOptions['latency'] = { webhook: [1, 3], sent: [3, 6], delivered: [8, 12], read: [3, 6] }

/** `rewrite`: where a webhook to a public address really goes. */
export async function createTwilioWorld(
  options: WorldOptions & { simulator?: never; rewrite?: (url: string, world: () => World) => string } = {},
): Promise<TwilioWorld> {
  let world: World | undefined
  const there = () => world as World
  const through: typeof fetch = (input, init) => {
    const url = String(input)
    return fetch(options.rewrite && world ? options.rewrite(url, there) : url, init)
  }
  const running = await startTwilioSimulator({
    ...{ latency, fetch: through, webhookTimeoutMs: 2000 },
    accounts: [{ sid: accountSid, authToken, friendlyName: 'Baker Street Plumbing' }],
  })
  const { simulator: twilio } = running
  const settings = typeof options.settings === 'function' ? {} : options.settings
  world = await createWorld({ ...options, settings: { TWILIO_API_URL: running.url, ...settings } })
  // Behind a proxy this machine reaches the server elsewhere than everybody else.
  const { app, business, exchanges } = world
  const made: World = {
    ...world,
    api: (method, path, body, as = 'agent') =>
      callApi({ url: app.localUrl(), business, exchanges }, { method, path, body, as }),
  }
  twilio.setPhone({ number: ada, name: 'Ada' })

  async function connect(provider: 'twilio' | 'twilio-whatsapp', number: string): Promise<ConnectedAccount> {
    const address = provider === 'twilio' ? number : `whatsapp:${number}`
    if (provider === 'twilio') twilio.addNumber({ accountSid, phoneNumber: number })
    const { status, body } = await made.api<ConnectedAccount>(
      'POST',
      '/accounts',
      { provider, number, accountSid, authToken, name: 'Front desk' },
      'owner',
    )
    if (status !== 201) throw new Error(`Not connected: ${JSON.stringify(body)}`)
    if (provider === 'twilio')
      for (const one of twilio.world.numbers.values()) {
        if (one.phoneNumber === number) one.settings.SmsUrl = body.webhook.url
      }
    else twilio.addSender({ address, accountSid, inboundUrl: body.webhook.url })
    // One a second, which a long code has, would be waited for.
    await made.database.owner.query(`UPDATE channel_accounts SET settings = '{"pacePerSecond": 200}' WHERE id = $1`, [body.id])
    return body
  }

  const number = await connect('twilio', shop)
  return {
    ...made,
    ...{ twilio, twilioUrl: running.url, number, connect },
    async settle(given) {
      let before = -1
      await until('Twilio has nothing under way', async () => {
        await twilio.settle(given?.far ?? 2000)
        await made.settle(given)
        const same = before === twilio.deliveries.length
        before = twilio.deliveries.length
        return same
      })
    },
    async thread() {
      const { body } = await made.api<{ items: { id: string }[] }>('GET', '/conversations')
      const [first] = body.items
      if (!first) return []
      const { body: lines } = await made.api<{ items: Line[] }>('GET', `/conversations/${first.id}/messages`)
      return lines.items
    },
    async close() {
      await running.close()
      await made.close()
    },
  }
}
