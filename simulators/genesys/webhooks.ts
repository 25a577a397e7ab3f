import { createHmac } from 'node:crypto'
import type { Conversation, Delivery, Integration, Json } from './types.ts'
import { keepNewest, type World } from './world.ts'

/** Base64, not hex as Meta's of the same name. */
export const signBody = (secret: string, body: string | Buffer): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('base64')}`

export type Notice = {
  integration: Integration
  conversation?: Conversation
  /** `Text`, `Structured`, `Receipt`, `Event`. */
  kind: string
  body: Json
  onAcknowledged?: () => void
  /** The receiver will not have it. */
  onFailed?: () => void
}

/** Tells the integration's address, after the webhook latency, with retries. */
export function notify(world: World, notice: Notice): Delivery {
  const { integration, conversation, kind } = notice
  const subject = {
    operation: 'webhook',
    integrationId: integration.id,
    customer: conversation?.customer.id,
    type: kind,
  } as const
  const lostTries = world.faults.take(['webhookLost'], subject)?.tries ?? 0
  const after =
    world.random.latency.between(world.settings.latency.webhook) + (world.faults.take(['webhookDelay'], subject)?.ms ?? 0)
  const copies = world.faults.take(['duplicateWebhook'], subject)?.copies ?? 0
  const delivery = record(world, notice)
  world.agenda.in(after, () => attempt(world, delivery, notice, lostTries))
  for (let copy = 1; copy <= copies; copy++) {
    const again = record(world, { ...notice, onAcknowledged: undefined, onFailed: undefined }, delivery)
    world.agenda.in(after + copy * copyGapMs, () => attempt(world, again, notice, 0))
  }
  return delivery
}

/** The same at once; resolves when the first try is over, whatever its outcome. */
export async function notifyNow(world: World, notice: Notice): Promise<Delivery> {
  const delivery = record(world, notice)
  await attempt(world, delivery, notice, 0)
  return delivery
}

// Close enough to overlap in a slow receiver.
const copyGapMs = 50

function record(world: World, notice: Notice, original?: Delivery): Delivery {
  const body = original?.body ?? JSON.stringify(notice.body)
  const delivery: Delivery = {
    id: `delivery-${++world.counters.delivery}`,
    integrationId: notice.integration.id,
    conversationId: notice.conversation?.id,
    url: notice.integration.webhookUrl,
    kind: notice.kind,
    body,
    signature: signBody(notice.integration.secret, body),
    tries: 0,
    statuses: [],
    createdAt: world.clock.now(),
    duplicateOf: original?.id,
  }
  world.deliveries.push(delivery)
  keepNewest(world.deliveries, world.settings.keepDeliveries)
  return delivery
}

async function attempt(world: World, delivery: Delivery, notice: Notice, lostTries: number): Promise<void> {
  const epoch = world.epoch
  delivery.tries++
  const status = delivery.tries <= lostTries ? 'lost' : await post(world, delivery, notice.integration)
  delivery.statuses.push(status)
  if (epoch !== world.epoch) return
  if (typeof status === 'number' && status >= 200 && status < 300) {
    delivery.acknowledgedAt ??= world.clock.now()
    return notice.onAcknowledged?.()
  }
  const isFinal = typeof status === 'number' && status >= 300 && status < 500 && status !== 429
  const { times, everyMs } = world.settings.retries
  if (isFinal || delivery.tries > times) return giveUp(world, delivery, notice, isFinal)
  world.agenda.in(everyMs, () => attempt(world, delivery, notice, lostTries))
}

/** Any other 4xx fails the message at once and, as is reported, ends delivery for the whole conversation. */
function giveUp(world: World, delivery: Delivery, { conversation, onFailed }: Notice, isFinal: boolean): void {
  delivery.gaveUpAt = world.clock.now()
  if (isFinal && world.settings.stopAfter4xx && conversation) conversation.undeliverable = true
  onFailed?.()
}

async function post(world: World, delivery: Delivery, integration: Integration): Promise<number | string> {
  try {
    const response = await world.settings.fetch(delivery.url, {
      method: 'POST',
      body: delivery.body,
      redirect: 'manual',
      signal: AbortSignal.timeout(world.settings.webhookTimeoutMs),
      headers: {
        ...integration.webhookHeaders,
        'content-type': 'application/json; charset=utf-8',
        'x-hub-signature-256': signBody(integration.secret, delivery.body),
      },
    })
    await response.arrayBuffer()
    return response.status
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'no connection'
  }
}
