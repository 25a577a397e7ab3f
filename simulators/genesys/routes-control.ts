import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { isVirtual } from '../clock.ts'
import * as schema from './control-schema.ts'
import { conversationDetail, deliveryView, stateView } from './control-views.ts'
import { conversationOf } from './conversations.ts'
import { moods } from './faults.ts'
import type { GenesysSimulator } from './index.ts'
import { param, query } from './requests.ts'

const read = <T>(shape: z.ZodType<T>, request: FastifyRequest): T => shape.parse(request.body ?? {})
const limitOf = (request: FastifyRequest) => Math.min(Number(query(request, 'limit') ?? 100) || 100, 10_000)

/** The control API's own errors: 400 with a sentence. */
function controlErrors(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const message = error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : String(error)
  return reply.code(400).send({ error: message })
}

function setUp(app: FastifyInstance, simulator: GenesysSimulator): void {
  const { world } = simulator
  app.get('/state', () => stateView(simulator))
  app.post('/clients', (request) => ({ id: simulator.addClient(read(schema.clientBody, request)).id }))
  app.post('/integrations', (request) => ({ id: simulator.addIntegration(read(schema.integrationBody, request)).id }))
  app.patch('/integrations/:id', (request) => {
    simulator.changeIntegration(param(request, 'id'), read(schema.integrationChange, request))
    return { ok: true }
  })
  app.post('/agents', (request) => simulator.addAgent(read(schema.agentBody, request)))
  app.post('/scripts', (request) => ({ id: simulator.addScript(read(schema.scriptBody, request)) }))
  app.delete('/scripts', () => {
    world.scripts.length = 0
    return { ok: true }
  })
  app.post('/reset', () => {
    simulator.reset()
    return { ok: true }
  })
  app.post('/clock/advance', async (request, reply) => {
    const { ms } = read(schema.advanceBody, request)
    if (!isVirtual(simulator.clock)) return reply.code(409).send({ error: 'The simulator runs on the real clock.' })
    await simulator.advance(ms)
    return { now: simulator.clock.now() }
  })
}

function faults(app: FastifyInstance, simulator: GenesysSimulator): void {
  const { world } = simulator
  app.get('/faults', () => ({ faults: world.faults.list() }))
  app.post('/faults', (request) => ({ id: world.faults.add(read(schema.faultBody, request)) }))
  app.delete('/faults', () => {
    world.faults.clear()
    return { ok: true }
  })
  app.delete('/faults/:id', (request) => ({ ok: world.faults.remove(param(request, 'id')) }))
  app.get('/moods', () => ({ moods: Object.keys(moods) }))
  app.post('/mood', (request) => {
    simulator.setMood(read(schema.moodBody, request).mood)
    return { ok: true }
  })
  app.post('/tokens/revoke', () => {
    simulator.revokeTokens()
    return { ok: true }
  })
}

function agents(app: FastifyInstance, simulator: GenesysSimulator): void {
  const id = (request: FastifyRequest) => param(request, 'id')
  app.post('/conversations/:id/answer', (request) => simulator.answer(id(request), read(schema.answerBody, request).agent))
  app.post('/conversations/:id/transfer', (request) =>
    simulator.transfer(id(request), read(schema.transferBody, request).agent),
  )
  app.post('/conversations/:id/say', (request) => ({
    ids: simulator.say(id(request), read(schema.sayBody, request)).map((message) => message.id),
  }))
  app.post('/conversations/:id/typing', (request) => {
    simulator.type(id(request), read(schema.typeBody, request).ms)
    return { ok: true }
  })
  app.post('/conversations/:id/disconnect', (request) => {
    simulator.disconnect(id(request))
    return { ok: true }
  })
  app.post('/raw', (request) => {
    const { integrationId, payload } = read(schema.rawBody, request)
    return { delivery: simulator.postRaw(integrationId, payload).id }
  })
}

function looking(app: FastifyInstance, { world }: GenesysSimulator): void {
  // Pollers pass the revision they have; 204 says nothing changed.
  app.get('/conversations/:id', (request, reply) => {
    const conversation = conversationOf(world, param(request, 'id'))
    const view = conversationDetail(world, conversation)
    const stamp = `${world.epoch}.${conversation.revision}.${view.typing}`
    return query(request, 'since') === stamp ? reply.code(204).send() : { ...view, stamp }
  })
  app.get('/taken', (request) => {
    const wanted = query(request, 'conversation')
    const taken = wanted === undefined ? world.taken : world.taken.filter(({ conversationId }) => conversationId === wanted)
    return { total: taken.length, taken: taken.slice(-limitOf(request)) }
  })
  app.get('/deliveries', (request) => {
    const newest = world.deliveries.slice(-limitOf(request))
    return { total: world.deliveries.length, deliveries: newest.map((delivery) => deliveryView(delivery, false)) }
  })
  app.get('/deliveries/:id', (request, reply) => {
    const found = world.deliveries.find((delivery) => delivery.id === param(request, 'id'))
    return found ? deliveryView(found, true) : reply.code(404).send({ error: 'There is no such delivery.' })
  })
}

/** JSON over the engine, for the agents' page and for tests that only have HTTP. Mount under `/control`. */
export function controlRoutes(app: FastifyInstance, simulator: GenesysSimulator): void {
  app.setErrorHandler(controlErrors)
  setUp(app, simulator)
  faults(app, simulator)
  agents(app, simulator)
  looking(app, simulator)
}
