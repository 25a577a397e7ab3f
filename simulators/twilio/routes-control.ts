import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { isVirtual } from '../clock.ts'
import * as schema from './control-schema.ts'
import { deliveryView, stateView, threadView } from './control-views.ts'
import type { TwilioSimulator } from './index.ts'
import { param, query } from './requests.ts'

/** Reads a body; what is wrong is answered with 400 by `controlErrors`. */
export const read = <T>(shape: z.ZodType<T>, request: FastifyRequest): T => shape.parse(request.body ?? {})

/** The control API's own errors: 400 with a sentence. The engine's refusals are plain errors with words for people. */
export function controlErrors(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const message = error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : String(error)
  return reply.code(400).send({ error: message })
}

function setUp(app: FastifyInstance, simulator: TwilioSimulator): void {
  app.get('/state', () => stateView(simulator))
  app.post('/accounts', (request) => ({ sid: simulator.addAccount(read(schema.accountBody, request)).sid }))
  app.post('/accounts/:sid/token', (request) => {
    simulator.setAuthToken(param(request, 'sid'), read(schema.tokenBody, request).authToken)
    return { ok: true }
  })
  app.post('/numbers', (request) => ({ sid: simulator.addNumber(read(schema.numberBody, request)).sid }))
  app.post('/available', (request) => {
    simulator.addAvailable(read(schema.availableBody, request))
    return { ok: true }
  })
  app.post('/senders', (request) => ({ address: simulator.addSender(read(schema.senderBody, request)).address }))
  app.post('/services', (request) => ({ sid: simulator.addService(read(schema.serviceBody, request)).sid }))
  app.post('/contents', (request) => ({ sid: simulator.addContent(read(schema.contentBody, request)).sid }))
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

function faults(app: FastifyInstance, simulator: TwilioSimulator): void {
  app.get('/faults', () => ({ faults: simulator.faults.list() }))
  app.post('/faults', (request) => ({ id: simulator.faults.add(read(schema.faultBody, request)) }))
  app.delete('/faults', () => {
    simulator.faults.clear()
    return { ok: true }
  })
  app.delete('/faults/:id', (request) => ({ ok: simulator.faults.remove(param(request, 'id')) }))
  app.post('/mood', (request) => {
    simulator.setMood(read(schema.moodBody, request).mood)
    return { ok: true }
  })
}

function customers(app: FastifyInstance, simulator: TwilioSimulator): void {
  app.post('/phones', (request) => simulator.setPhone(read(schema.phoneBody, request)))
  app.post('/messages', (request) => ({ sid: simulator.customerSends(read(schema.messageBody, request)).sid }))
  app.post('/read', (request) => {
    const { number, business } = read(schema.readBody, request)
    return { read: simulator.customerReads(number, business) }
  })
  app.post('/raw', async (request) => {
    const { accountSid, url, params, method } = read(schema.rawBody, request)
    return { delivery: (await simulator.postRaw(accountSid, url, params, method)).id }
  })
}

const limitOf = (request: FastifyRequest): number => Math.min(Number(query(request, 'limit') ?? 100) || 100, 10_000)

function looking(app: FastifyInstance, simulator: TwilioSimulator): void {
  const { world } = simulator
  app.get('/threads/:number/:business', (request) => ({
    messages: simulator.thread(param(request, 'number'), param(request, 'business')).map(threadView),
  }))
  app.get('/sent', (request) => ({
    total: simulator.sent.length,
    sent: simulator.sent.slice(-limitOf(request)).map(threadView),
  }))
  app.get('/alerts', () => ({ alerts: simulator.alerts }))
  app.get('/deliveries', (request) => ({
    total: world.deliveries.length,
    deliveries: world.deliveries.slice(-limitOf(request)).map((delivery) => deliveryView(delivery, false)),
  }))
  app.get('/deliveries/:id', (request, reply) => {
    const found = world.deliveries.find((delivery) => delivery.id === param(request, 'id'))
    return found ? deliveryView(found, true) : reply.code(404).send({ error: 'There is no such delivery.' })
  })
  app.get('/media/:sid', (request, reply) => {
    const media = simulator.messages.flatMap((one) => one.media).find((one) => one.sid === param(request, 'sid'))
    if (!media) return reply.code(404).send({ error: 'There is no such file.' })
    return reply
      .headers({ 'content-security-policy': "default-src 'none'; sandbox", 'x-content-type-options': 'nosniff' })
      .type(media.contentType)
      .send(media.bytes)
  })
}

/** JSON over the engine, for the handset and for tests that only have HTTP. Mounted under `/control`. */
export function controlRoutes(app: FastifyInstance, simulator: TwilioSimulator): void {
  app.setErrorHandler(controlErrors)
  setUp(app, simulator)
  faults(app, simulator)
  customers(app, simulator)
  looking(app, simulator)
}
