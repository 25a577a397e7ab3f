import { type Clock, isVirtual } from '../clock.ts'
import { accountOf, addAccount } from './accounts.ts'
import { customerCalls } from './calls.ts'
import { addContent, type ContentInput } from './contents.ts'
import { type FaultBook, moods } from './faults.ts'
import { type CustomerSend, customerSends } from './inbound.ts'
import { addNumber, addSender, type NumberInput } from './numbers.ts'
import { addPhone, type PhoneInput } from './phones.ts'
import { addService, type ServiceInput } from './services.ts'
import { deliverWaiting, markRead } from './statuses.ts'
import type {
  Account,
  Alert,
  AvailableNumber,
  Call,
  Content,
  CustomerCall,
  Delivery,
  IncomingNumber,
  Message,
  Phone,
  Sender,
  Service,
  SimulatorOptions,
} from './types.ts'
import { notify } from './webhooks.ts'
import { createWorld, type World } from './world.ts'

export type { Clock, VirtualClock } from '../clock.ts'
export { realClock, virtualClock } from '../clock.ts'
export type { FaultAction, FaultBook, FaultInput } from './faults.ts'
export type { CustomerSend } from './inbound.ts'
export type * from './types.ts'

/** Twilio's side of messaging, without HTTP: what it knows, what customers do, what goes wrong. */
export type TwilioSimulator = {
  /** Internals for the HTTP plugin and for further parts; tests have the members below. */
  readonly world: World
  readonly clock: Clock
  readonly faults: FaultBook
  /** Ground truth: what the API took, oldest first. */
  readonly sent: readonly Message[]
  readonly messages: readonly Message[]
  readonly deliveries: readonly Delivery[]
  /** What the debugger shows of our answers: 11200, 12100, 12300 … */
  readonly alerts: readonly Alert[]

  addAccount(given: Parameters<typeof addAccount>[1]): Account
  addNumber(input: NumberInput): IncomingNumber
  addAvailable(number: AvailableNumber): void
  addSender(sender: Sender): Sender
  addService(input: ServiceInput): Service
  addContent(input: ContentInput): Content
  /** Adds a phone or changes it. Switched on, it gets what waited. */
  setPhone(input: PhoneInput): Phone

  customerSends(send: CustomerSend): Message
  /** Somebody rings a number. The call goes on by itself. */
  customerCalls(given: CustomerCall): Call
  /** Oldest first. */
  readonly calls: readonly Call[]
  /** The customer opens a WhatsApp chat. Returns how many messages became read. */
  customerReads(number: string, business: string): number
  /** Signs any parameters for an account and sends them to an address. */
  postRaw(accountSid: string, url: string, params: Record<string, string>, method?: 'GET' | 'POST'): Promise<Delivery>
  /** What a phone and an address of a business said to each other, oldest first. */
  thread(number: string, business: string): Message[]

  /** Replaces all faults by those of this word (`well`, `down`, `losesAnswers` …). */
  setMood(mood: string): void
  /** The account's token from now on. */
  setAuthToken(accountSid: string, authToken: string): void
  /** Moves the virtual clock; throws on a real one. */
  advance(ms: number): Promise<void>
  /** Resolves when nothing is due within `horizonMs` (default 10 s). Moves a virtual clock by that much; waits on a real one. */
  settle(horizonMs?: number): Promise<void>
  /** Back to the state of the options. Planned work is forgotten. */
  reset(): void
  /** Stops all planned work. */
  close(): void
}

function populate(world: World, options: SimulatorOptions): void {
  for (const account of options.accounts ?? []) addAccount(world, account)
}

function reset(world: World, options: SimulatorOptions): void {
  world.agenda.clear()
  const { epoch, mountUrl, agenda } = world
  Object.assign(world, createWorld({ ...options, clock: world.clock }), { epoch: epoch + 1, mountUrl, agenda })
  populate(world, options)
}

function setMood(world: World, mood: string): void {
  const faults = Object.hasOwn(moods, mood) ? moods[mood] : undefined
  if (!faults) throw new Error(`There is no mood ${mood}: ${Object.keys(moods).join(', ')}.`)
  world.faults.clear()
  for (const fault of faults) world.faults.add(fault)
}

function setPhone(world: World, input: PhoneInput): Phone {
  const phone = addPhone(world, input)
  if (input.online) deliverWaiting(world, phone.number)
  return phone
}

/** Makes a simulated Twilio. Same seed, same calls, same virtual times: same ids and order. */
export function createTwilioSimulator(options: SimulatorOptions = {}): TwilioSimulator {
  const world = createWorld(options)
  populate(world, options)
  const advance = (ms: number): Promise<void> => {
    if (!isVirtual(world.clock)) throw new Error('Only a virtual clock can be advanced.')
    return world.clock.advance(ms)
  }
  const all = (): Message[] => [...world.messages.values()]
  return {
    world,
    clock: world.clock,
    get faults() {
      return world.faults
    },
    get sent() {
      return all().filter(({ direction }) => direction === 'outbound-api')
    },
    get messages() {
      return all()
    },
    get deliveries() {
      return world.deliveries
    },
    get alerts() {
      return world.alerts
    },
    addAccount: (given) => addAccount(world, given),
    addNumber: (input) => addNumber(world, input),
    addAvailable: (number) => void world.available.push(number),
    addSender: (sender) => addSender(world, sender),
    addService: (input) => addService(world, input),
    addContent: (input) => addContent(world, input),
    setPhone: (input) => setPhone(world, input),
    customerSends: (send) => customerSends(world, send),
    customerCalls: (given) => customerCalls(world, given),
    get calls() {
      return [...world.calls.values()]
    },
    customerReads: (number, business) => markRead(world, number, business),
    postRaw: (accountSid, url, params, method) =>
      notify(world, { account: accountOf(world, accountSid), url, params, method, kind: 'raw', wantsTwiml: true }),
    thread: (number, business) => threadOf(world, number, business),
    setMood: (mood) => setMood(world, mood),
    setAuthToken(accountSid, authToken) {
      accountOf(world, accountSid).authToken = authToken
    },
    advance,
    settle: (horizonMs = 10_000) => (isVirtual(world.clock) ? advance(horizonMs) : world.agenda.idle(horizonMs)),
    reset: () => reset(world, options),
    close() {
      world.epoch++
      world.agenda.clear()
    },
  }
}

function threadOf(world: World, number: string, business: string): Message[] {
  const { bsuid } = world.phones.get(number) ?? {}
  const prefix = business.startsWith('whatsapp:') ? 'whatsapp:' : ''
  const theirs = new Set([`${prefix}${number}`, ...(bsuid ? [`${prefix}${bsuid}`] : [])])
  return [...world.messages.values()].filter(
    ({ from, to }) => (theirs.has(from ?? '') && to === business) || (theirs.has(to) && from === business),
  )
}
