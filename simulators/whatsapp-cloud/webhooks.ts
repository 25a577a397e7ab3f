import { attempt, recordDelivery } from './delivery.ts'
import type { FaultMatch } from './faults.ts'
import { metaJson } from './meta-json.ts'
import type { App, BusinessNumber, Delivery, Json, Override } from './types.ts'
import type { World } from './world.ts'

/** One change to be told. `number` is absent for account-level fields. */
export type Change = {
  wabaId: string
  number?: BusinessNumber
  field: string
  value: Json
  /** What faults may match beside the field. */
  about?: Pick<FaultMatch, 'recipient' | 'type' | 'status'>
  /** Called when the receiver answered 200. */
  onAcknowledged?: () => void
}

// Only these follow a number's or an account's override; all other fields go to the app's own address.
const overridable = new Set([
  'messages',
  'message_echoes',
  'calls',
  'consumer_profile',
  'messaging_handovers',
  'group_lifecycle_update',
  'group_participants_update',
  'group_settings_update',
  'group_status_update',
  'smb_message_echoes',
  'smb_app_state_sync',
  'history',
  'account_settings_update',
])

type Target = { app: App; url: string }

function targetsOf(world: World, change: Change): Target[] {
  const subscriptions = world.wabas.get(change.wabaId)?.subscriptions ?? new Map<string, Override | undefined>()
  const targets: Target[] = []
  for (const [appId, wabaOverride] of subscriptions) {
    const app = world.apps.get(appId)
    if (!app) continue
    const numberOverride = change.number?.appId === appId ? change.number.override : undefined
    const override = overridable.has(change.field) ? (numberOverride ?? wabaOverride) : undefined
    const url = override?.url ?? app.webhookUrl
    if (url) targets.push({ app, url })
  }
  return targets
}

// `time` exists only on fields other than messages.
function envelope(world: World, changes: Change[]): Json {
  const entries = new Map<string, { id: string; time?: number; changes: Json[] }>()
  for (const { wabaId, field, value } of changes) {
    const timed = field !== 'messages' && field !== 'smb_message_echoes'
    const key = `${wabaId}:${timed}`
    const entry = entries.get(key) ?? {
      id: wabaId,
      ...(timed ? { time: Math.floor(world.clock.now() / 1000) } : {}),
      changes: [],
    }
    entry.changes.push({ value, field })
    entries.set(key, entry)
  }
  return { object: 'whatsapp_business_account', entry: [...entries.values()] }
}

type Faults = { delayMs: number; copies: number; lostTries: number }

function drawFaults(world: World, change: Change): Faults {
  const subject: FaultMatch = { ...change.about, phoneNumberId: change.number?.phoneNumberId, path: change.field }
  const match = { ...subject, type: change.about?.type ?? change.field }
  return {
    delayMs: world.faults.take(['webhookDelay'], match)?.ms ?? 0,
    copies: world.faults.take(['duplicateWebhook'], match)?.copies ?? 0,
    lostTries: world.faults.take(['webhookLost'], match)?.tries ?? 0,
  }
}

function build(world: World, target: Target, changes: Change[]): Delivery {
  return recordDelivery(world, {
    app: target.app,
    url: target.url,
    field: changes[0]?.field ?? '',
    body: metaJson(envelope(world, changes)),
  })
}

const acknowledge = (changes: Change[]) => () => {
  for (const change of changes) change.onAcknowledged?.()
}

// Copies follow 50 ms apart: close enough to overlap in a slow receiver.
const copyGapMs = 50

function dispatch(world: World, target: Target, changes: Change[], faults: Faults): void {
  const delivery = build(world, target, changes)
  const after = world.random.latency.between(world.settings.latency.webhook) + faults.delayMs
  world.agenda.in(after, () => attempt(world, delivery, { lostTries: faults.lostTries, onAcknowledged: acknowledge(changes) }))
  for (let copy = 1; copy <= faults.copies; copy++) {
    const { app, url } = target
    const again = recordDelivery(world, { app, url, field: delivery.field, body: delivery.body, duplicateOf: delivery.id })
    world.agenda.in(after + copy * copyGapMs, () => attempt(world, again))
  }
}

function addToBatch(world: World, target: Target, change: Change, batch: { maxChanges: number; windowMs: number }): void {
  const key = `${target.app.id} ${target.url}`
  const open = world.batches.get(key)
  if (open) {
    open.changes.push(change)
    if (open.changes.length >= batch.maxChanges) open.flush()
    return
  }
  const changes: Change[] = [change]
  const none: Faults = { delayMs: 0, copies: 0, lostTries: 0 }
  let cancel = () => {}
  const flush = () => {
    world.batches.delete(key)
    cancel()
    dispatch(world, target, changes, none)
  }
  world.batches.set(key, { changes, flush })
  cancel = world.agenda.in(batch.windowMs, flush)
}

/** Tells every subscribed app about a change, after the webhook latency, with retries. */
export function emitChange(world: World, change: Change): void {
  for (const target of targetsOf(world, change)) {
    const faults = drawFaults(world, change)
    const calm = faults.delayMs + faults.copies + faults.lostTries === 0
    if (world.settings.batch && calm) addToBatch(world, target, change, world.settings.batch)
    else dispatch(world, target, [change], faults)
  }
}

/** The same at once; resolves when the first try is over, whatever its outcome. */
export async function emitChangeNow(world: World, change: Change): Promise<void> {
  const tries = targetsOf(world, change).map((target) =>
    attempt(world, build(world, target, [change]), { onAcknowledged: change.onAcknowledged }),
  )
  await Promise.all(tries)
}

/** Sends any JSON, signed, to the app's address: for bodies the simulator would not make by itself. */
export function postRaw(world: World, appId: string, payload: unknown): Delivery {
  const app = world.apps.get(appId)
  if (!app?.webhookUrl) throw new Error(`App ${appId} is unknown or has no webhook address.`)
  const body = metaJson(payload)
  const delivery = recordDelivery(world, { app, url: app.webhookUrl, field: 'raw', body })
  world.agenda.in(world.random.latency.between(world.settings.latency.webhook), () => attempt(world, delivery))
  return delivery
}
