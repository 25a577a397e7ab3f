import { type Clock, isVirtual } from '../clock.ts'
import { addAgent, answer, hangUp, type Said, say, transfer, type } from './agents.ts'
import { openConversation } from './conversations.ts'
import { type FaultBook, moods } from './faults.ts'
import { attachmentItem, storeFile } from './files.ts'
import { addIntegration, integrationOf } from './integrations.ts'
import { addScript, quickReply } from './scripts.ts'
import { revokeTokens } from './tokens.ts'
import type {
  Agent,
  Client,
  Conversation,
  Customer,
  Delivery,
  Integration,
  IntegrationInput,
  Message,
  Participant,
  Script,
  SimulatorOptions,
  Taken,
} from './types.ts'
import { notify } from './webhooks.ts'
import { createWorld, type World } from './world.ts'

export type { Clock, VirtualClock } from '../clock.ts'
export { realClock, virtualClock } from '../clock.ts'
export type { FaultAction, FaultBook, FaultInput, Operation } from './faults.ts'
export type * from './types.ts'

export type SayInput = Said & {
  quickReplies?: { text: string; payload?: string }[]
  files?: { base64: string; mimeType: string; fileName: string }[]
}

/** Genesys Cloud's side of Open Messaging, without HTTP: what it knows, what agents do, what goes wrong. */
export type GenesysSimulator = {
  /** Internals for the HTTP plugin; tests have the members below. */
  readonly world: World
  readonly clock: Clock
  readonly faults: FaultBook
  /** Ground truth: what the API took, oldest first. */
  readonly taken: readonly Taken[]
  readonly deliveries: readonly Delivery[]
  readonly conversations: readonly Conversation[]
  /** How many tokens were given. */
  readonly signIns: number

  addClient(client: Client): Client
  addIntegration(input: IntegrationInput): Integration
  changeIntegration(id: string, change: Partial<Pick<Integration, 'webhookUrl' | 'secret' | 'name' | 'flowId'>>): Integration
  addAgent(agent: { name: string; id?: string }): Agent
  addScript(script: Script): string

  /** The conversation that is open with a customer. */
  conversationWith(integrationId: string, customer: Pick<Customer, 'id' | 'idType'>): Conversation | undefined
  /** Lines of the customer that were taken, in order and without repeats. */
  heard(conversationId: string): Message[]
  answer(conversationId: string, agent?: string): Participant
  transfer(conversationId: string, agent: string): Participant
  /** One webhook for the text with what can be chosen, and one for each file. */
  say(conversationId: string, said: SayInput): Message[]
  type(conversationId: string, ms?: number): void
  disconnect(conversationId: string): void
  /** Signs and sends any JSON to the integration's address. */
  postRaw(integrationId: string, payload: unknown): Delivery

  /** Replaces all faults by those of this word (`well`, `down`, `losesAnswers` …). */
  setMood(mood: string): void
  revokeTokens(): void
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
  for (const client of options.clients ?? []) world.clients.set(client.id, { ...client })
  for (const integration of options.integrations ?? []) addIntegration(world, integration)
  for (const { id, name } of options.agents ?? [
    { id: 'agent-1', name: 'Nora' },
    { id: 'agent-2', name: 'Omar' },
  ])
    addAgent(world, name, id)
  for (const script of options.scripts ?? []) addScript(world, script)
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

function saySeveral(
  world: World,
  conversationId: string,
  { quickReplies, files = [], content = [], ...said }: SayInput,
): Message[] {
  const choices = [...content, ...(quickReplies ?? []).map(quickReply)]
  const attachments = files.map(({ base64, ...file }) =>
    attachmentItem(world, storeFile(world, { ...file, bytes: Buffer.from(base64, 'base64') })),
  )
  const first = said.text || choices.length > 0 ? [say(world, conversationId, { ...said, content: choices })] : []
  return [...first, ...attachments.map((item) => say(world, conversationId, { from: said.from, content: [item] }))]
}

/** Makes a simulated contact centre. Same seed, same calls, same virtual times: same ids and order. */
export function createGenesysSimulator(options: SimulatorOptions = {}): GenesysSimulator {
  const world = createWorld(options)
  populate(world, options)
  const advance = (ms: number) => {
    if (!isVirtual(world.clock)) throw new Error('Only a virtual clock can be advanced.')
    return world.clock.advance(ms)
  }
  return {
    world,
    clock: world.clock,
    get faults() {
      return world.faults
    },
    get taken() {
      return world.taken
    },
    get deliveries() {
      return world.deliveries
    },
    get conversations() {
      return [...world.conversations.values()]
    },
    get signIns() {
      return world.counters.signIns
    },
    addClient(client) {
      world.clients.set(client.id, client)
      return client
    },
    addIntegration: (input) => addIntegration(world, input),
    changeIntegration: (id, change) => Object.assign(integrationOf(world, id), change),
    addAgent: ({ name, id }) => addAgent(world, name, id),
    addScript: (script) => addScript(world, script),
    conversationWith: (integrationId, customer) => openConversation(world, integrationId, customer),
    heard: (conversationId) =>
      (world.conversations.get(conversationId)?.messages ?? []).filter(({ direction }) => direction === 'inbound'),
    answer: (conversationId, agent) => answer(world, conversationId, agent),
    transfer: (conversationId, agent) => transfer(world, conversationId, agent),
    say: (conversationId, said) => saySeveral(world, conversationId, said),
    type: (conversationId, ms) => type(world, conversationId, ms),
    disconnect: (conversationId) => hangUp(world, conversationId),
    postRaw(integrationId, payload) {
      const integration = integrationOf(world, integrationId)
      return notify(world, { integration, kind: 'raw', body: payload as Record<string, unknown> })
    },
    setMood: (mood) => setMood(world, mood),
    revokeTokens: () => revokeTokens(world),
    advance,
    settle: (horizonMs = 10_000) => (isVirtual(world.clock) ? advance(horizonMs) : world.agenda.idle(horizonMs)),
    reset: () => reset(world, options),
    close: () => world.agenda.clear(),
  }
}
