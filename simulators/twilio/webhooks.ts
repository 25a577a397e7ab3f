import type { FaultMatch } from './faults.ts'
import { sign } from './signature.ts'
import type { Account, Delivery } from './types.ts'
import { keepNewest, type World } from './world.ts'
import { type Element, parseXml } from './xml.ts'

export type Webhook = {
  account: Account
  /** With connection overrides in its fragment, as Twilio takes them: `#rc=3&rp=all&rt=2000`. */
  url: string
  method?: 'GET' | 'POST'
  params: Record<string, string>
  kind: string
  /** Called where the first address did not answer well, with ErrorCode and ErrorUrl added. */
  fallbackUrl?: string
  /** Whether the answer is read as TwiML. A status callback's is not looked at. */
  wantsTwiml?: boolean
}

type Overrides = { readMs: number; retries: number; policy: Set<string> }

/** By default one retry, and only where no connection came about. */
function overridesOf(world: World, url: string): Overrides {
  const given = new URLSearchParams(url.split('#')[1] ?? '')
  return {
    readMs: Math.min(Number(given.get('rt') ?? 15_000), world.settings.webhookTimeoutMs),
    retries: Math.min(Number(given.get('rc') ?? 1), 5),
    policy: new Set((given.get('rp') ?? 'ct').split(',')),
  }
}

/** Plans a webhook after the usual latency, with what faults do to it. Resolves with its delivery when the last try is over. */
export function notify(world: World, webhook: Webhook): Promise<Delivery> {
  const subject: FaultMatch = {
    kind: webhook.kind,
    to: webhook.params.To,
    from: webhook.params.From,
    status: webhook.params.MessageStatus,
  }
  const copies = world.faults.take(['duplicateWebhook'], subject)?.copies ?? 0
  const late = world.faults.take(['webhookDelay'], subject)?.ms ?? 0
  const lost = world.faults.take(['webhookLost'], subject) !== undefined
  const after = world.random.latency.between(world.settings.latency.webhook) + late
  const delivery = record(world, webhook)
  if (lost) {
    delivery.statuses.push('lost')
    delivery.gaveUpAt = world.clock.now()
    return Promise.resolve(delivery)
  }
  for (let copy = 1; copy <= copies; copy++) {
    const again = record(world, webhook, delivery)
    // All at once: what is repeated must meet itself.
    world.agenda.in(after, () => attempt(world, again, webhook))
  }
  return new Promise((resolve) => {
    world.agenda.in(after, async () => {
      await attempt(world, delivery, webhook)
      resolve(delivery)
    })
  })
}

/** The same at once. */
export async function notifyNow(world: World, webhook: Webhook): Promise<Delivery> {
  const delivery = record(world, webhook)
  await attempt(world, delivery, webhook)
  return delivery
}

function record(world: World, webhook: Webhook, original?: Delivery): Delivery {
  const delivery = deliveryOf(world, webhook, original)
  world.deliveries.push(delivery)
  keepNewest(world.deliveries, world.settings.keepDeliveries)
  return delivery
}

function deliveryOf(world: World, { account, url, method = 'POST', params, kind }: Webhook, original?: Delivery): Delivery {
  const called = calledUrl(url, method, params)
  return {
    id: `delivery-${++world.counters.delivery}`,
    kind,
    accountSid: account.sid,
    method,
    url: called,
    params,
    signature: sign(account.authToken, called, method === 'POST' ? params : {}),
    idempotencyToken: original?.idempotencyToken ?? world.random.ids.hex(32),
    statuses: [],
    createdAt: world.clock.now(),
    ...(original ? { duplicateOf: original.id } : {}),
  }
}

function calledUrl(url: string, method: string, params: Record<string, string>): string {
  const [address = ''] = url.split('#')
  if (method === 'POST') return address
  return `${address}${address.includes('?') ? '&' : '?'}${new URLSearchParams(params)}`
}

async function attempt(world: World, delivery: Delivery, webhook: Webhook): Promise<void> {
  const { readMs, retries, policy } = overridesOf(world, webhook.url)
  const epoch = world.epoch
  for (let tried = 0; ; tried++) {
    const outcome = await post(world, delivery, readMs)
    if (epoch !== world.epoch) return
    const good = typeof outcome === 'number' && outcome < 400
    if (good) {
      delivery.acknowledgedAt = world.clock.now()
      break
    }
    const kind = outcome === 'no connection' ? 'ct' : outcome === 'timeout' ? 'rt' : `${String(outcome)[0]}xx`
    if (tried >= retries || !(policy.has('all') || policy.has(kind))) {
      delivery.gaveUpAt = world.clock.now()
      alert(world, delivery, outcome === 'timeout' ? 11205 : 11200)
      return await fallBack(world, delivery, webhook)
    }
  }
  if (webhook.wantsTwiml) check(world, delivery)
}

async function fallBack(world: World, delivery: Delivery, { fallbackUrl, ...webhook }: Webhook): Promise<void> {
  if (!fallbackUrl) return
  const params = { ...webhook.params, ErrorCode: '11200', ErrorUrl: delivery.url }
  const again = await notifyNow(world, { ...webhook, url: fallbackUrl, params })
  if (again.answer) delivery.answer = again.answer
}

function alert(world: World, { url }: Delivery, code: number): void {
  world.alerts.push({ code, url, at: world.clock.now() })
}

/** What is wrong with an answer that came: another content type, XML that cannot be read, too much of it. */
function check(world: World, delivery: Delivery): void {
  const { contentType = '', body = '' } = delivery.answer ?? {}
  if (body === '') return
  if (!/^(text|application)\/xml\b/.test(contentType)) alert(world, delivery, 12300)
  else if (body.length > 64 * 1024) alert(world, delivery, 11750)
  else if (parseXml(body)?.name !== 'Response') alert(world, delivery, 12100)
}

/** The verbs of an answer; none where there is nothing usable. */
export function verbsOf(delivery: Delivery): Element[] {
  const { contentType = '', body = '' } = delivery.answer ?? {}
  if (!/^(text|application)\/xml\b/.test(contentType)) return []
  const root = parseXml(body)
  return root?.name === 'Response' ? root.children : []
}

async function post(world: World, delivery: Delivery, readMs: number): Promise<number | string> {
  const { method, url, params, signature, idempotencyToken } = delivery
  let outcome: number | string
  try {
    const response = await world.settings.fetch(url, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(readMs),
      headers: {
        'user-agent': 'TwilioProxy/1.1',
        'i-twilio-idempotency-token': idempotencyToken,
        'x-home-region': 'us1',
        'x-twilio-signature': signature,
        ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' } : {}),
      },
      ...(method === 'POST' ? { body: new URLSearchParams(params).toString() } : {}),
    })
    const body = await response.text()
    outcome = response.status
    if (outcome < 400) delivery.answer = { status: outcome, contentType: response.headers.get('content-type') ?? '', body }
  } catch (error) {
    outcome = error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'no connection'
  }
  delivery.statuses.push(outcome)
  return outcome
}
