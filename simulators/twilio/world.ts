import { type Agenda, createAgenda } from '../agenda.ts'
import { type Clock, realClock } from '../clock.ts'
import { type Random, seededRandom } from '../random.ts'
import { createFaultBook, type FaultBook } from './faults.ts'
import type {
  Account,
  Alert,
  AvailableNumber,
  Call,
  Content,
  Delivery,
  IncomingNumber,
  Latency,
  Message,
  Phone,
  Sender,
  Service,
  SimulatorOptions,
} from './types.ts'

/** Everything the simulated Twilio knows. One object, passed first to every function of the engine. */
export type World = {
  settings: Settings
  clock: Clock
  agenda: Agenda
  random: { ids: Random; latency: Random }
  faults: FaultBook
  accounts: Map<string, Account>
  /** By sid. */
  numbers: Map<string, IncomingNumber>
  available: AvailableNumber[]
  /** By address. */
  senders: Map<string, Sender>
  services: Map<string, Service>
  phones: Map<string, Phone>
  /** Oldest first. */
  messages: Map<string, Message>
  contents: Map<string, Content>
  /** By sid, oldest first. */
  calls: Map<string, Call>
  /** `number of the phone|sid of the service or number of the business`: writes nothing to it any more. */
  optOuts: Set<string>
  /** `address of the customer|address of the business` → Unix milliseconds of the last WhatsApp message that came. */
  windows: Map<string, number>
  deliveries: Delivery[]
  alerts: Alert[]
  /** Absolute address the plugin is mounted at, without a trailing slash. */
  mountUrl: () => string
  /** Grows on reset; work of an older epoch stops. */
  epoch: number
  counters: { delivery: number }
}

export type Settings = Required<Omit<SimulatorOptions, 'clock' | 'accounts' | 'latency'>> & { latency: Latency }

const defaultLatency: Latency = { webhook: [10, 60], sent: [50, 200], delivered: [100, 600], read: [400, 1500] }

const settingsOf = (options: SimulatorOptions): Settings => ({
  seed: options.seed ?? 1,
  latency: { ...defaultLatency, ...options.latency },
  fetchMedia: options.fetchMedia ?? true,
  enforceMediaAuth: options.enforceMediaAuth ?? true,
  prices: options.prices ?? { US: { local: '1.15', 'toll free': '2.15' } },
  closedRegions: options.closedRegions ?? [],
  webhookTimeoutMs: options.webhookTimeoutMs ?? 15_000,
  keepDeliveries: options.keepDeliveries ?? 50_000,
  fetch: options.fetch ?? fetch,
})

export function createWorld(options: SimulatorOptions): World {
  const clock = options.clock ?? realClock()
  const settings = settingsOf(options)
  const stream = (name: string) => seededRandom(settings.seed, name)
  return {
    settings,
    clock,
    agenda: createAgenda(clock),
    random: { ids: stream('ids'), latency: stream('latency') },
    faults: createFaultBook(stream('faults')),
    accounts: new Map(),
    numbers: new Map(),
    available: [],
    senders: new Map(),
    services: new Map(),
    phones: new Map(),
    messages: new Map(),
    contents: new Map(),
    calls: new Map(),
    optOuts: new Set(),
    windows: new Map(),
    deliveries: [],
    alerts: [],
    mountUrl: () => 'http://127.0.0.1',
    epoch: 0,
    counters: { delivery: 0 },
  }
}

/** Two letters and 32 hex digits. */
export const newSid = (world: World, prefix: string): string => prefix + world.random.ids.hex(32)

/** As version 2010 writes times: `Thu, 24 Aug 2023 05:01:45 +0000`. */
export const rfc2822 = (atMs: number): string => new Date(atMs).toUTCString().replace('GMT', '+0000')
/** As the newer parts write them. */
export const iso = (atMs: number): string => new Date(atMs).toISOString().replace(/\.\d{3}Z$/, 'Z')

/** Keeps at most `limit` newest elements; trims in tenths so that appending stays cheap. */
export function keepNewest<T>(list: T[], limit: number): void {
  if (list.length > limit * 1.1) list.splice(0, list.length - limit)
}
