import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'

/** Reads a body; what is wrong is answered with 400 by `controlErrors`. */
export const read = <T>(shape: z.ZodType<T>, request: FastifyRequest): T => shape.parse(request.body ?? {})
export const param = (request: FastifyRequest, name: string) => (request.params as Record<string, string>)[name] ?? ''

/** The control API's own errors: 400 with a sentence. The engine's refusals are plain errors with words for people. */
export function controlErrors(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const message = error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : String(error)
  return reply.code(400).send({ error: message })
}
