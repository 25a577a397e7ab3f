import type { FastifyInstance, FastifyRequest } from 'fastify'
import { markRead } from './business-reads.ts'
import { GraphError } from './graph-errors.ts'
import { authenticate, requireNumber } from './numbers.ts'
import { asJson, checkVersion, withFaults } from './requests.ts'
import { acceptSend } from './send.ts'
import type { World } from './world.ts'

type Params = { version: string; id: string }

export function numberOfRequest(world: World, request: FastifyRequest, method: 'get' | 'post' | 'delete') {
  const { version, id } = request.params as Params
  checkVersion(version)
  return requireNumber(world, authenticate(world, request.headers.authorization), id, method)
}

/** Sending, marking read and typing: `POST /{number}/messages`, and templates by `/marketing_messages`. */
export function messageRoutes(app: FastifyInstance, world: World): void {
  app.post(
    '/graph/:version/:id/messages',
    withFaults(world, async (request) => {
      const number = numberOfRequest(world, request, 'post')
      const body = asJson(request.body)
      if (body.status !== undefined) return markRead(world, number, body)
      return (await acceptSend(world, number, body)).response
    }),
  )
  app.post(
    '/graph/:version/:id/marketing_messages',
    withFaults(world, async (request) => {
      const number = numberOfRequest(world, request, 'post')
      const body = asJson(request.body)
      if (body.type !== 'template') throw new GraphError(100, { message: '(#100) Param type must be one of {TEMPLATE}.' })
      return (await acceptSend(world, number, body)).response
    }),
  )
}
