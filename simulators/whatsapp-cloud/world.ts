import { type Agenda, createAgenda } from '../agenda.ts'
import { type Clock, realClock } from '../clock.ts'
import { type Random, seededRandom } from '../random.ts'
import { createFaultBook, type FaultBook } from './faults.ts'
import type {
  AcceptedSend,
  App,
  BusinessNumber,
  Customer,
  Delivery,
  Latency,
  MediaItem,
  SignUp,
  SimulatorOptions,
  Template,
  Thread,
  ThreadMessage,
  Waba,
} from './types.ts'

/** Everything the simulated provider knows. One object, passed first to every function of the engine. */
export type World = {
  settings: Settings
  clock: Clock
  agenda: Agenda
  random: { ids: Random; latency: Random; order: Random; trace: Random }
  faults: FaultBook
  apps: Map<string, App>
  wabas: Map<string, Waba>
  numbers: Map<string, BusinessNumber>
  customers: Map<string, Customer>
  threads: Map<string, Thread>
  messages: Map<string, ThreadMessage>
  media: Map<string, MediaItem>
  templates: Map<string, Template>
  /** `waba:name` → Unix milliseconds until which a deleted approved name may not come back. */
  deletedNames: Map<string, number>
  expiredTokens: Set<string>
  /** Codes that were not exchanged yet, and what the tokens they became are good for. */
  signUps: Map<string, SignUp>
  granted: Map<string, SignUp>
  uploads: Map<string, { length: number; type: string; bytes: Uint8Array }>
  accepted: AcceptedSend[]
  deliveries: Delivery[]
  batches: Map<string, { changes: unknown[]; flush: () => void }>
  limits: {
    pair: Map<string, number>
    second: Map<string, number[]>
    hour: Map<string, number[]>
    opened: Map<string, Map<string, number>>
  }
  /** Absolute address the plugin is mounted at, without a trailing slash. */
  mountUrl: () => string
  /** Grows on reset; work of an older epoch stops. */
  epoch: number
  counters: { delivery: number; fault: number; upload: number }
}

export type Settings = Required<Omit<SimulatorOptions, 'clock' | 'apps' | 'numbers' | 'latency' | 'batch'>> & {
  latency: Latency
  batch: SimulatorOptions['batch']
}

export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

const defaultLatency: Latency = {
  webhook: [20, 120],
  sent: [100, 400],
  delivered: [200, 1100],
  read: [800, 4000],
  templateReview: [2000, 5000],
}

// Meta promises an immediate retry, then falling frequency for up to 7 days; the steps in between are not published.
const defaultRetryDelaysMs = [0, 15_000, 60_000, 300_000, 900_000, hourMs, 3 * hourMs, 6 * hourMs]

function settingsOf(options: SimulatorOptions): Settings {
  return {
    seed: options.seed ?? 1,
    autoRead: options.autoRead ?? false,
    unknownRecipients: options.unknownRecipients ?? 'fail',
    windowRefusal: options.windowRefusal ?? 'later',
    templateReview: options.templateReview ?? 'approve',
    fetchLinks: options.fetchLinks ?? true,
    retryDelaysMs: options.retryDelaysMs ?? defaultRetryDelaysMs,
    webhookTimeoutMs: options.webhookTimeoutMs ?? 10_000,
    managementCallsPerHour: options.managementCallsPerHour ?? 5000,
    keepDeliveries: options.keepDeliveries ?? 50_000,
    keepAccepted: options.keepAccepted ?? 1_000_000,
    fetch: options.fetch ?? fetch,
    latency: { ...defaultLatency, ...options.latency },
    batch: options.batch,
  }
}

export function createWorld(options: SimulatorOptions): World {
  const clock = options.clock ?? realClock()
  const settings = settingsOf(options)
  const stream = (name: string) => seededRandom(settings.seed, name)
  return {
    settings,
    clock,
    agenda: createAgenda(clock),
    random: { ids: stream('ids'), latency: stream('latency'), order: stream('order'), trace: stream('trace') },
    faults: createFaultBook(stream('faults')),
    apps: new Map(),
    wabas: new Map(),
    numbers: new Map(),
    customers: new Map(),
    threads: new Map(),
    messages: new Map(),
    media: new Map(),
    templates: new Map(),
    deletedNames: new Map(),
    expiredTokens: new Set(),
    signUps: new Map(),
    granted: new Map(),
    uploads: new Map(),
    accepted: [],
    deliveries: [],
    batches: new Map(),
    limits: { pair: new Map(), second: new Map(), hour: new Map(), opened: new Map() },
    mountUrl: () => 'http://127.0.0.1',
    epoch: 0,
    counters: { delivery: 0, fault: 0, upload: 0 },
  }
}

/** Unix seconds as Meta writes them in messages and statuses: a string. */
export const unixSeconds = (atMs: number) => String(Math.floor(atMs / 1000))

/** Keeps at most `limit` newest elements; trims in tenths so that appending stays cheap. */
export function keepNewest<T>(list: T[], limit: number): void {
  if (list.length > limit * 1.1) list.splice(0, list.length - limit)
}
