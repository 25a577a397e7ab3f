import { type Clock, isVirtual } from '../clock.ts'
import { type AnyEvent, emitAny, type QualityUpdate, updateAccount, updateQuality } from './account-events.ts'
import { addCustomer, type CustomerChange, customerOf, setBlocked } from './customers.ts'
import { verifyCallback } from './delivery.ts'
import type { FaultBook } from './faults.ts'
import {
  adoptUsername,
  businessAppSends,
  changeNumber,
  type Echo,
  setMarketingPreference,
  shareNumber,
} from './identity-events.ts'
import { type CustomerSend, customerSends } from './inbound.ts'
import { addApp, addNumber, expireToken, setAccessToken } from './numbers.ts'
import { completeSignUp } from './sign-ups.ts'
import { customerPlays, customerReads, deliverWaiting } from './statuses.ts'
import { customerTaps } from './taps.ts'
import { addTemplate, setTemplateQuality, setTemplateStatus, type TemplateStatusChange } from './templates.ts'
import { threadOf } from './threads.ts'
import type {
  AcceptedSend,
  App,
  BusinessNumber,
  Customer,
  CustomerInput,
  Delivery,
  Json,
  NumberInput,
  SignUp,
  SimulatorOptions,
  Template,
  Thread,
  ThreadMessage,
} from './types.ts'
import { postRaw } from './webhooks.ts'
import { createWorld, type World } from './world.ts'

export type { Clock, VirtualClock } from '../clock.ts'
export { realClock, virtualClock } from '../clock.ts'
export type { FaultAction, FaultBook, FaultInput, FaultMatch } from './faults.ts'
export type { CustomerSend, MediaSend } from './inbound.ts'
export type * from './types.ts'

/** Meta's side of WhatsApp, without HTTP: what it knows, what customers do, what goes wrong. */
export type WhatsAppSimulator = {
  /** Internals for the HTTP plugin; tests have the members below. */
  readonly world: World
  readonly clock: Clock
  readonly faults: FaultBook
  /** Ground truth: every accepted send, oldest first. */
  readonly accepted: readonly AcceptedSend[]
  readonly deliveries: readonly Delivery[]

  addApp(app: App): App
  addNumber(input: NumberInput): BusinessNumber
  addCustomer(input: CustomerInput): Customer
  addTemplate(wabaId: string, template: Parameters<typeof addTemplate>[2]): Template
  updateCustomer(customer: string, change: CustomerChange): Customer
  /** The customer blocks (or unblocks) a number: its messages stay at `sent`. */
  setBlocked(customer: string, phoneNumberId: string, blocked: boolean): void

  customerSends(send: CustomerSend): string
  customerTaps(tap: { messageId: string; id: string }): string
  customerReads(customer: string, phoneNumberId: string): number
  customerPlays(messageId: string): boolean
  /** Puts a chat on the customer's screen (undefined: closes it). Opening reads what is there, if receipts are on. */
  openChat(customer: string, phoneNumberId: string | undefined): void
  changeNumber(customer: string, newPhone: string): Customer
  adoptUsername(customer: string, username: string): Customer
  shareNumber(customer: string): Customer
  setMarketingPreference(customer: string, phoneNumberId: string, value: 'stop' | 'resume'): void
  businessAppSends(echo: Echo): string

  setTemplateStatus(templateId: string, change: TemplateStatusChange): Template
  setTemplateQuality(templateId: string, score: 'GREEN' | 'YELLOW' | 'RED' | 'UNKNOWN'): Template
  updateQuality(phoneNumberId: string, update: QualityUpdate): void
  updateAccount(wabaId: string, value: Json & { event: string }): void
  emit(event: AnyEvent): void
  /** Signs and sends any JSON to the app's address. */
  postRaw(appId: string, payload: unknown): Delivery

  /** A person finished the sign-up window for an app. Returns the code it gives. */
  completeSignUp(signUp: SignUp): string

  expireToken(phoneNumberId: string): void
  setAccessToken(phoneNumberId: string, accessToken: string): void
  /** Puts changes into batches from now on (undefined: one change per POST). */
  batchWebhooks(batch: SimulatorOptions['batch']): void
  /** The dashboard's handshake with the app's address. */
  verifyWebhook(appId: string): Promise<boolean>

  thread(phoneNumberId: string, customer: string): Thread
  /** All messages of a number, oldest first. */
  messagesOf(phoneNumberId: string): ThreadMessage[]

  /** Moves the virtual clock; throws on a real one. */
  advance(ms: number): Promise<void>
  /** Resolves when nothing is due within `horizonMs` (default 10 s). Moves a virtual clock by that much; waits on a real one. */
  settle(horizonMs?: number): Promise<void>
  /** Back to the state of the options. Planned work is forgotten. */
  reset(): void
  /** Stops all planned work. */
  close(): void
}

type Self = { world: World; options: SimulatorOptions }

function populate({ world, options }: Self): void {
  for (const app of options.apps ?? []) addApp(world, app)
  for (const number of options.numbers ?? []) addNumber(world, number)
}

function reset({ world, options }: Self): void {
  world.agenda.clear()
  const { epoch, mountUrl, agenda } = world
  Object.assign(world, createWorld({ ...options, clock: world.clock }), { epoch: epoch + 1, mountUrl, agenda })
  populate({ world, options })
}

function updateCustomer(world: World, key: string, change: CustomerChange): Customer {
  const customer = customerOf(world, key)
  const cameOnline = change.online === true && !customer.online
  Object.assign(customer, change)
  if (cameOnline) deliverWaiting(world, customer)
  return customer
}

function openChat(world: World, key: string, phoneNumberId: string | undefined): void {
  customerOf(world, key).openChat = phoneNumberId
  if (phoneNumberId !== undefined) customerReads(world, key, phoneNumberId)
}

function advance(world: World, ms: number): Promise<void> {
  if (!isVirtual(world.clock)) throw new Error('Only a virtual clock can be advanced.')
  return world.clock.advance(ms)
}

function verifyWebhook(world: World, appId: string): Promise<boolean> {
  const app = world.apps.get(appId)
  if (!app?.webhookUrl) throw new Error(`App ${appId} is unknown or has no webhook address.`)
  return verifyCallback(world, app.webhookUrl, app.verifyToken)
}

/** Makes a simulated WhatsApp provider. Same seed, same calls, same virtual times: same ids and order. */
export function createWhatsAppSimulator(options: SimulatorOptions = {}): WhatsAppSimulator {
  const world = createWorld(options)
  populate({ world, options })
  return {
    world,
    clock: world.clock,
    get faults() {
      return world.faults
    },
    get accepted() {
      return world.accepted
    },
    get deliveries() {
      return world.deliveries
    },
    addApp: (app) => addApp(world, app),
    addNumber: (input) => addNumber(world, input),
    addCustomer: (input) => addCustomer(world, input),
    addTemplate: (wabaId, template) => addTemplate(world, wabaId, template),
    updateCustomer: (customer, change) => updateCustomer(world, customer, change),
    setBlocked: (customer, phoneNumberId, blocked) => setBlocked(world, customer, phoneNumberId, blocked),
    customerSends: (send) => customerSends(world, send),
    customerTaps: (tap) => customerTaps(world, tap),
    customerReads: (customer, phoneNumberId) => customerReads(world, customer, phoneNumberId),
    customerPlays: (messageId) => customerPlays(world, messageId),
    openChat: (customer, phoneNumberId) => openChat(world, customer, phoneNumberId),
    changeNumber: (customer, newPhone) => changeNumber(world, customer, newPhone),
    adoptUsername: (customer, username) => adoptUsername(world, customer, username),
    shareNumber: (customer) => shareNumber(world, customer),
    setMarketingPreference: (customer, phoneNumberId, value) => setMarketingPreference(world, customer, phoneNumberId, value),
    businessAppSends: (echo) => businessAppSends(world, echo),
    setTemplateStatus: (templateId, change) => setTemplateStatus(world, templateId, change),
    setTemplateQuality: (templateId, score) => setTemplateQuality(world, templateId, score),
    updateQuality: (phoneNumberId, update) => updateQuality(world, phoneNumberId, update),
    updateAccount: (wabaId, value) => updateAccount(world, wabaId, value),
    emit: (event) => emitAny(world, event),
    postRaw: (appId, payload) => postRaw(world, appId, payload),
    completeSignUp: (signUp) => completeSignUp(world, signUp),
    expireToken: (phoneNumberId) => expireToken(world, phoneNumberId),
    setAccessToken: (phoneNumberId, accessToken) => setAccessToken(world, phoneNumberId, accessToken),
    batchWebhooks(batch) {
      world.settings.batch = batch
    },
    verifyWebhook: (appId) => verifyWebhook(world, appId),
    thread: (phoneNumberId, customer) => threadOf(world, phoneNumberId, customerOf(world, customer).id),
    messagesOf: (phoneNumberId) =>
      [...world.threads.values()]
        .filter((thread) => thread.phoneNumberId === phoneNumberId)
        .flatMap((thread) => thread.messages)
        .sort((a, b) => a.at - b.at),
    advance: (ms) => advance(world, ms),
    settle: (horizonMs = 10_000) => (isVirtual(world.clock) ? world.clock.advance(horizonMs) : world.agenda.idle(horizonMs)),
    reset: () => reset({ world, options }),
    close() {
      world.epoch++
      world.agenda.clear()
    },
  }
}
