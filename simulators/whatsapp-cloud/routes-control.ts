import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isVirtual } from '../clock.ts'
import { controlErrors, param, read } from './control-edge.ts'
import * as schema from './control-schema.ts'
import { customerView, deliveryView, messageView, stateView, threadView } from './control-views.ts'
import type { WhatsAppSimulator } from './index.ts'
import { liveMedia } from './media.ts'
import { customerRoutes } from './routes-control-customers.ts'
import { templateView } from './templates.ts'

function setUp(app: FastifyInstance, simulator: WhatsAppSimulator): void {
  app.get('/state', () => stateView(simulator))
  app.post('/apps', (request) => ({ id: simulator.addApp(read(schema.appBody, request)).id }))
  app.post('/apps/:id/verify', async (request) => ({ verified: await simulator.verifyWebhook(param(request, 'id')) }))
  app.post('/numbers', (request) => ({ phoneNumberId: simulator.addNumber(read(schema.numberBody, request)).phoneNumberId }))
  app.post('/numbers/:id/token', (request) => {
    simulator.setAccessToken(param(request, 'id'), read(schema.tokenBody, request).accessToken)
    return { ok: true }
  })
  app.delete('/numbers/:id/token', (request) => {
    simulator.expireToken(param(request, 'id'))
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
  app.post('/batch', (request) => {
    simulator.batchWebhooks(schema.batchBody.parse(request.body) ?? undefined)
    return { ok: true }
  })
}

function faults(app: FastifyInstance, simulator: WhatsAppSimulator): void {
  app.get('/faults', () => ({ faults: simulator.faults.list() }))
  app.post('/faults', (request) => ({ id: simulator.faults.add(read(schema.faultBody, request)) }))
  app.delete('/faults', () => {
    simulator.faults.clear()
    return { ok: true }
  })
  app.delete('/faults/:id', (request) => ({ ok: simulator.faults.remove(param(request, 'id')) }))
}

const limitOf = (request: FastifyRequest) => Math.min(Number((request.query as { limit?: string }).limit ?? 100) || 100, 10_000)

function looking(app: FastifyInstance, simulator: WhatsAppSimulator): void {
  const { world } = simulator
  // Pollers pass the revision they have; 204 says nothing changed.
  app.get('/threads/:number/:customer', (request, reply) => {
    const thread = simulator.thread(param(request, 'number'), param(request, 'customer'))
    const view = threadView(world, thread)
    const { since } = request.query as { since?: string }
    const stamp = `${world.epoch}.${thread.revision}.${view.typing === true}`
    return since === stamp ? reply.code(204).send() : { ...view, stamp }
  })
  app.get('/numbers/:id/messages', (request) => ({
    messages: simulator
      .messagesOf(param(request, 'id'))
      .slice(-limitOf(request))
      .map((message) => messageView(world, message)),
  }))
  app.get('/accepted', (request) => ({ total: world.accepted.length, accepted: world.accepted.slice(-limitOf(request)) }))
  app.get('/deliveries', (request) => {
    const newest = world.deliveries.slice(-limitOf(request))
    return { total: world.deliveries.length, deliveries: newest.map((delivery) => deliveryView(delivery, false)) }
  })
  app.get('/deliveries/:id', (request, reply) => {
    const found = world.deliveries.find((delivery) => delivery.id === param(request, 'id'))
    return found ? deliveryView(found, true) : reply.code(404).send({ error: 'There is no such delivery.' })
  })
  app.get('/media/:id', (request, reply) => {
    const item = liveMedia(world, param(request, 'id'))
    if (!item) return reply.code(404).send({ error: 'There is no such media.' })
    // Bytes of strangers on our own origin: never run, never sniffed.
    return reply
      .headers({ 'content-security-policy': "default-src 'none'; sandbox", 'x-content-type-options': 'nosniff' })
      .type(item.mimeType)
      .send(Buffer.from(item.bytes))
  })
}

function provider(app: FastifyInstance, simulator: WhatsAppSimulator): void {
  app.get('/templates', () => ({ templates: [...simulator.world.templates.values()].map(templateView) }))
  app.post('/templates', (request) => {
    const { wabaId, ...template } = read(schema.templateBody, request)
    return templateView(simulator.addTemplate(wabaId, template as Parameters<typeof simulator.addTemplate>[1]))
  })
  app.post('/templates/:id/status', (request) =>
    templateView(simulator.setTemplateStatus(param(request, 'id'), read(schema.templateStatusBody, request))),
  )
  app.post('/templates/:id/quality', (request) =>
    templateView(simulator.setTemplateQuality(param(request, 'id'), read(schema.templateQualityBody, request).score)),
  )
  app.post('/numbers/:id/quality', (request) => {
    simulator.updateQuality(param(request, 'id'), read(schema.qualityBody, request))
    return { ok: true }
  })
  app.post('/wabas/:id/account-update', (request) => {
    simulator.updateAccount(param(request, 'id'), read(schema.accountBody, request))
    return { ok: true }
  })
  app.post('/events', (request) => {
    simulator.emit(read(schema.eventBody, request))
    return { ok: true }
  })
  app.post('/raw', (request) => {
    const { appId, payload } = read(schema.rawBody, request)
    return { delivery: simulator.postRaw(appId, payload).id }
  })
  app.post('/echo', (request) => ({ id: simulator.businessAppSends(read(schema.echoBody, request)) }))
}

/** JSON over the engine, for the phone page and for tests that only have HTTP. Mount under `/control`. */
export function controlRoutes(app: FastifyInstance, simulator: WhatsAppSimulator): void {
  app.setErrorHandler(controlErrors)
  setUp(app, simulator)
  faults(app, simulator)
  looking(app, simulator)
  provider(app, simulator)
  customerRoutes(app, simulator)
  app.get('/customers', () => ({ customers: [...simulator.world.customers.values()].map(customerView) }))
}
