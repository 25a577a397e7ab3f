/** What a crash run sends: webhooks as Meta delivers them, and replies as a careful client asks for them. */
import type { Business } from './business.ts'
import type { History } from './history.ts'
import { type Seeded, seeded } from './seeded.ts'
import { until } from './until.ts'
import { postWebhook, textsBody } from './webhooks.ts'

const senders = 8
const repliers = 4

export interface LoadPlan {
  seed: number
  messages: number
  customers: number
  replies: number
  /** Messages a second, at most. */
  perSecond?: number
  /** What is acknowledged may wait in a queue: who answers before it is stored is told to wait for the customer, and asks again. */
  queued?: boolean
}

export interface Scene {
  plan: LoadPlan
  random: Seeded
  history: History
  business: Business
  url: string
  /** Where webhooks are delivered. */
  webhookUrl: string
  acked: () => number
  done: boolean
}

export const phonesOf = (plan: LoadPlan) => Array.from({ length: plan.customers }, (_, i) => String(15_550_200_000 + i))
export const progress = (scene: Scene) => scene.acked() / scene.plan.messages

/** Messages in bodies of one to five, each customer's in order by one sender; a tenth of the bodies are delivered again later. */
export async function sendAll(scene: Scene): Promise<void> {
  const { plan, random } = scene
  const phones = phonesOf(plan)
  const lanes: { id: string; from: string; text: string }[][] = Array.from({ length: senders }, () => [])
  for (let i = 0; i < plan.messages; i++) {
    // Everybody writes once before anybody is drawn by lot.
    const customer = i < phones.length ? i : random.between(0, phones.length - 1)
    lanes[customer % senders]?.push({ id: `wamid.crash.${i}`, from: phones[customer] as string, text: `line ${i}` })
  }
  const everyMs = (1000 * senders) / (plan.perSecond ?? 250)
  await Promise.all(
    lanes.map(async (lane, n) => {
      const own = seeded(plan.seed + n + 1)
      const again: (typeof lane)[] = []
      const start = performance.now()
      for (let sent = 0; sent < lane.length; ) {
        // Most webhooks have one line, which goes a shorter way in than several.
        const batch = lane.slice(sent, sent + (own.chance(0.6) ? 1 : own.between(2, 5)))
        await deliver(scene, batch)
        sent += batch.length
        if (own.next() < 0.1) again.push(batch)
        if (again.length > 3) await deliver(scene, again.shift() as typeof lane)
        await pause(start + sent * everyMs - performance.now())
      }
      for (const batch of again) await deliver(scene, batch)
    }),
  )
}

/** As Meta does: the same body until it is answered 200. */
async function deliver(scene: Scene, batch: { id: string; from: string; text: string }[]): Promise<void> {
  const body = textsBody(scene.business, batch)
  for (;;) {
    for (const { id, from } of batch) scene.history.attempted(id, from)
    const status = await postWebhook(scene.business, body, { url: scene.webhookUrl }).catch(() => 0)
    if (status === 200) break
    if (status >= 400 && status < 500) throw new Error(`A webhook was refused with ${status}.`)
    await pause(30)
  }
  for (const { id } of batch) scene.history.acked(id)
}

/** Replies to customers who have written, each with a key, repeated until answered and sometimes afterwards. */
export async function replyAll(scene: Scene): Promise<void> {
  const { plan, history } = scene
  let next = 0
  await Promise.all(
    Array.from({ length: repliers }, async (_, n) => {
      const own = seeded(plan.seed + 1000 + n)
      for (;;) {
        const i = next++
        if (i >= plan.replies) return
        await until('the load has come so far', () => progress(scene) >= i / plan.replies || scene.done, {
          timeoutMs: 3_600_000,
        })
        const written = await until('somebody has written', () => {
          const found = [...new Set([...history.messages.values()].filter((m) => m.ackedAt).map((m) => m.customer))]
          return found.length > 0 && found
        })
        const [replyKey, phone] = [`reply-${plan.seed}-${i}`, own.pick(written)]
        await replyOnce(scene, replyKey, phone)
        if (own.next() < 0.1) await replyOnce(scene, replyKey, phone)
      }
    }),
  )
}

interface ReplyAnswer {
  id?: string
  error?: { code: string }
}

async function replyOnce(scene: Scene, idempotencyKey: string, phone: string): Promise<void> {
  scene.history.answered(idempotencyKey, null)
  for (;;) {
    const answer = await fetch(`${scene.url}/api/messages`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${scene.business.key}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
      body: JSON.stringify({
        accountId: scene.business.accountId,
        to: { phone: `+${phone}` },
        body: { type: 'text', text: `answer ${idempotencyKey}` },
      }),
      signal: AbortSignal.timeout(10_000),
    })
      .then(async (response) => ({ status: response.status, body: (await response.json()) as ReplyAnswer }))
      .catch(() => ({ status: 0, body: {} as ReplyAnswer }))
    if (answer.status === 200 || answer.status === 201) {
      scene.history.answered(idempotencyKey, answer.body.id ?? '')
      return
    }
    const early = scene.plan.queued && answer.body.error?.code === 'window_closed'
    if (answer.status >= 400 && answer.status < 500 && !early)
      throw new Error(`A reply was refused with ${answer.status}: ${JSON.stringify(answer.body)}`)
    await pause(50)
  }
}

const pause = (ms: number) => (ms > 0 ? new Promise<void>((resolve) => setTimeout(resolve, ms)) : Promise.resolve())
