import type { FastifyInstance, FastifyRequest } from 'fastify'
import { param, read } from './control-edge.ts'
import * as schema from './control-schema.ts'
import { customerView } from './control-views.ts'
import type { WhatsAppSimulator } from './index.ts'

const customerId = (request: FastifyRequest) => param(request, 'id')

function send(simulator: WhatsAppSimulator, request: FastifyRequest): { id: string } {
  const { media, ...message } = read(schema.messageBody, request)
  const bytes = media && { ...media, bytes: new Uint8Array(Buffer.from(media.base64, 'base64')) }
  return { id: simulator.customerSends({ ...message, from: customerId(request), media: bytes }) }
}

function change(simulator: WhatsAppSimulator, request: FastifyRequest) {
  const id = customerId(request)
  const { blocked, marketing, ...flags } = read(schema.customerChange, request)
  if (blocked) simulator.setBlocked(id, blocked.phoneNumberId, blocked.blocked)
  if (marketing) simulator.setMarketingPreference(id, marketing.phoneNumberId, marketing.value)
  return customerView(simulator.updateCustomer(id, flags))
}

/** Everything a person holding the customer's phone can do. */
export function customerRoutes(app: FastifyInstance, simulator: WhatsAppSimulator): void {
  app.post('/customers', (request) => customerView(simulator.addCustomer(read(schema.customerBody, request))))
  app.patch('/customers/:id', (request) => change(simulator, request))
  app.post('/customers/:id/messages', (request) => send(simulator, request))
  app.post('/customers/:id/taps', (request) => ({ id: simulator.customerTaps(read(schema.tapBody, request)) }))
  app.post('/customers/:id/read', (request) => ({
    read: simulator.customerReads(customerId(request), read(schema.chatBody, request).phoneNumberId),
  }))
  app.post('/customers/:id/open', (request) => {
    simulator.openChat(customerId(request), read(schema.openBody, request).phoneNumberId ?? undefined)
    return { ok: true }
  })
  app.post('/customers/:id/played', (request) => ({ ok: simulator.customerPlays(read(schema.playedBody, request).messageId) }))
  app.post('/customers/:id/number', (request) =>
    customerView(simulator.changeNumber(customerId(request), read(schema.phoneBody, request).phone)),
  )
  app.post('/customers/:id/username', (request) =>
    customerView(simulator.adoptUsername(customerId(request), read(schema.usernameBody, request).username)),
  )
  app.post('/customers/:id/share-number', (request) => customerView(simulator.shareNumber(customerId(request))))
}
