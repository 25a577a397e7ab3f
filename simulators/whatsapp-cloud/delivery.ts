import { signBody, signBodySha1 } from './meta-json.ts'
import type { App, Delivery } from './types.ts'
import { dayMs, keepNewest, type World } from './world.ts'

export type AttemptOptions = { lostTries?: number; onAcknowledged?: () => void }

const givesUpAfterMs = 7 * dayMs

export function recordDelivery(
  world: World,
  { app, url, field, body, duplicateOf }: { app: App; url: string; field: string; body: string; duplicateOf?: string },
): Delivery {
  const delivery: Delivery = {
    id: `delivery-${++world.counters.delivery}`,
    appId: app.id,
    url,
    field,
    body,
    signature: signBody(app.secret, body),
    tries: 0,
    statuses: [],
    createdAt: world.clock.now(),
    duplicateOf,
  }
  world.deliveries.push(delivery)
  keepNewest(world.deliveries, world.settings.keepDeliveries)
  return delivery
}

async function post(world: World, delivery: Delivery): Promise<number | string> {
  const secret = world.apps.get(delivery.appId)?.secret ?? ''
  try {
    const response = await world.settings.fetch(delivery.url, {
      method: 'POST',
      body: delivery.body,
      // Meta does not follow redirects: anything but 200 is a failure.
      redirect: 'manual',
      signal: AbortSignal.timeout(world.settings.webhookTimeoutMs),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'facebookexternalua',
        'x-hub-signature': signBodySha1(secret, delivery.body),
        'x-hub-signature-256': delivery.signature,
      },
    })
    await response.arrayBuffer()
    return response.status
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'no connection'
  }
}

function planRetry(world: World, delivery: Delivery, options: AttemptOptions): void {
  const delays = world.settings.retryDelaysMs
  const delay = delays[Math.min(delivery.tries - 1, delays.length - 1)] ?? 0
  const now = world.clock.now()
  if (now + delay > delivery.createdAt + givesUpAfterMs) {
    delivery.gaveUpAt = now
    return
  }
  world.agenda.in(delay, () => attempt(world, delivery, options))
}

/** One try; anything but 200 plans the next. Resolves when this try is over. */
export async function attempt(world: World, delivery: Delivery, options: AttemptOptions = {}): Promise<void> {
  const epoch = world.epoch
  delivery.tries++
  const lost = delivery.tries <= (options.lostTries ?? 0)
  const status = lost ? 'lost' : await post(world, delivery)
  delivery.statuses.push(status)
  if (epoch !== world.epoch) return
  if (status !== 200) return planRetry(world, delivery, options)
  delivery.acknowledgedAt ??= world.clock.now()
  options.onAcknowledged?.()
}

/** The handshake of the app dashboard: GET with `hub.*`; true when the challenge came back with 200. */
export async function verifyCallback(world: World, url: string, verifyToken: string): Promise<boolean> {
  const challenge = world.random.ids.digits(10)
  const target = new URL(url)
  target.searchParams.set('hub.mode', 'subscribe')
  target.searchParams.set('hub.challenge', challenge)
  target.searchParams.set('hub.verify_token', verifyToken)
  try {
    const signal = AbortSignal.timeout(world.settings.webhookTimeoutMs)
    const response = await world.settings.fetch(target, { redirect: 'manual', signal })
    return response.status === 200 && (await response.text()) === challenge
  } catch {
    return false
  }
}
