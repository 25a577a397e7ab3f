import { type Agenda, createAgenda } from '../agenda.ts'
import { type Clock, realClock } from '../clock.ts'
import { type Random, seededRandom } from '../random.ts'
import { createFaultBook, type FaultBook } from './faults.ts'
import type {
  Agent,
  Client,
  Conversation,
  Delivery,
  Integration,
  Latency,
  Message,
  Script,
  SimulatorOptions,
  Taken,
  Token,
} from './types.ts'

export type StoredFile = { id: string; bytes: Buffer; mimeType: string; fileName: string }
export type Upload = {
  id: string
  conversationId: string
  communicationId: string
  fileName: string
  length: number
  md5: string
  status: 'uploading' | 'valid' | 'invalid'
}

/** Everything the simulated contact centre knows. One object, passed first to every function of the engine. */
export type World = {
  settings: Settings
  clock: Clock
  agenda: Agenda
  random: { ids: Random; latency: Random }
  faults: FaultBook
  clients: Map<string, Client>
  tokens: Map<string, Token>
  integrations: Map<string, Integration>
  agents: Map<string, Agent>
  conversations: Map<string, Conversation>
  /** `integration:kind of id:id` → the conversation that is open with this customer. */
  open: Map<string, Conversation>
  messages: Map<string, Message>
  /** `integration:id that the caller gave` → the message it became. */
  byProviderId: Map<string, Message>
  files: Map<string, StoredFile>
  uploads: Map<string, Upload>
  scripts: (Script & { id: string; used: number })[]
  taken: Taken[]
  deliveries: Delivery[]
  /** Token → Unix milliseconds of the calls of the last minute. */
  calls: Map<string, number[]>
  /** Absolute address the plugin is mounted at, without a trailing slash. */
  mountUrl: () => string
  /** Grows on reset; work of an older epoch stops. */
  epoch: number
  counters: { delivery: number; script: number; signIns: number }
}

export type Settings = Required<
  Omit<SimulatorOptions, 'clock' | 'clients' | 'integrations' | 'agents' | 'scripts' | 'latency'>
> & {
  latency: Latency
}

function settingsOf(options: SimulatorOptions): Settings {
  return {
    seed: options.seed ?? 1,
    tokenLifeS: options.tokenLifeS ?? 86_400,
    callsPerMinute: options.callsPerMinute ?? 300,
    creationMs: options.creationMs ?? 2_000,
    publishReceipts: options.publishReceipts ?? true,
    fetchFiles: options.fetchFiles ?? true,
    stopAfter4xx: options.stopAfter4xx ?? true,
    retries: options.retries ?? { times: 5, everyMs: 5_000 },
    webhookTimeoutMs: options.webhookTimeoutMs ?? 10_000,
    keepDeliveries: options.keepDeliveries ?? 50_000,
    fetch: options.fetch ?? fetch,
    latency: { webhook: [20, 120], fetch: [50, 200], ...options.latency },
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
    random: { ids: stream('ids'), latency: stream('latency') },
    faults: createFaultBook(stream('faults')),
    clients: new Map(),
    tokens: new Map(),
    integrations: new Map(),
    agents: new Map(),
    conversations: new Map(),
    open: new Map(),
    messages: new Map(),
    byProviderId: new Map(),
    files: new Map(),
    uploads: new Map(),
    scripts: [],
    taken: [],
    deliveries: [],
    calls: new Map(),
    mountUrl: () => 'http://127.0.0.1',
    epoch: 0,
    counters: { delivery: 0, script: 0, signIns: 0 },
  }
}

export const isoTime = (ms: number): string => new Date(ms).toISOString()

/** A UUID of version 4 from the seed. */
export function newUuid(random: Random): string {
  const hex = random.hex(32)
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20)]
  return parts.join('-')
}

/** Keeps at most `limit` newest elements; trims in tenths so that appending stays cheap. */
export function keepNewest<T>(list: T[], limit: number): void {
  if (list.length > limit * 1.1) list.splice(0, list.length - limit)
}
