/** What customers do on the telephone, over HTTP. Mounted under `/control`. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { TwilioSimulator } from './index.ts'
import { param } from './requests.ts'
import { controlErrors, read } from './routes-control.ts'

const ms = z.number().int().nonnegative().max(86_400_000)
const callBody = z.object({
  from: z.string().max(256),
  to: z.string().min(1),
  answering: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('person'), afterMs: ms.optional(), talkMs: ms.optional() }),
      z.object({ kind: z.literal('declines'), afterMs: ms.optional() }),
      z.object({ kind: z.literal('voicemail'), afterMs: ms.optional(), talkMs: ms.optional() }),
      z.object({ kind: z.literal('busy') }),
      z.object({ kind: z.literal('failed') }),
      z.object({ kind: z.literal('nobody'), afterMs: ms.optional() }),
    ])
    .optional(),
  hangsUpAfterMs: ms.optional(),
  withoutBridged: z.boolean().optional(),
  statusFirst: z.boolean().optional(),
  extra: z.record(z.string(), z.string()).optional(),
})

export function callControls(app: FastifyInstance, simulator: TwilioSimulator): void {
  app.setErrorHandler(controlErrors)
  app.post('/calls', (request) => simulator.customerCalls(read(callBody, request)))
  app.get('/calls', () => ({ calls: simulator.calls }))
  app.get('/calls/:sid', (request, reply) => {
    const found = simulator.calls.find(({ sid }) => sid === param(request, 'sid'))
    return found ?? reply.code(404).send({ error: 'There is no such call.' })
  })
}
