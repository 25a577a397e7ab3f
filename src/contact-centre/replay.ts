/** Takes an agent's message in again that was put away as a dead letter: the same way, with the same once-only ids. */
import { z } from 'zod'
import { type Replayer, StillUnfit } from '../conversations/replay.ts'
import { ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import { takeAgentMessage } from './agent-message.ts'
import type { AgentMessage, CentreDeps } from './deps.ts'

const attachment = z.object({
  id: z.string().optional(),
  kind: z.enum(['image', 'video', 'audio', 'file', 'link']),
  url: z.string(),
  mimeType: z.string().optional(),
  fileName: z.string().optional(),
  caption: z.string().optional(),
})
const structure = z.object({
  kind: z.enum(['quick_replies', 'buttons', 'list', 'cards', 'date_picker', 'notification', 'form', 'unknown']),
  title: z.string().optional(),
  text: z.string().optional(),
  footer: z.string().optional(),
  options: z.array(
    z.object({
      title: z.string(),
      description: z.string().optional(),
      payload: z.string().optional(),
      url: z.string().optional(),
      imageUrl: z.string().optional(),
    }),
  ),
})
const agentMessage = z.object({
  kind: z.literal('message'),
  integrationId: z.string(),
  key: z.string(),
  conversationId: z.string().nullable(),
  customerId: z.string().nullable(),
  at: z.string(),
  messageId: z.string().min(1),
  origin: z.enum(['human', 'bot', 'unknown']),
  text: z.string().nullable(),
  attachments: z.array(attachment),
  structures: z.array(structure),
}) satisfies z.ZodType<AgentMessage>

/** Whose it is, and what it is once by. */
const fixed = ['integrationId', 'key', 'messageId'] as const

export function createCentreReplayer(deps: CentreDeps, name: string): Replayer {
  const source = `webhook:${name}`
  return {
    source,
    check(payload, original) {
      const parsed = agentMessage.safeParse(payload)
      const problems = parsed.success
        ? []
        : parsed.error.issues.map(({ path, message }) => ({ path: `/${path.join('/')}`, message }))
      for (const field of fixed)
        if (fieldOf(payload, field) !== fieldOf(original, field))
          problems.push({ path: `/${field}`, message: 'cannot be changed: it says whose it is and what it is' })
      if (problems.length === 0) return parsed.data
      throw new ParleyError(
        'invalid_request',
        `The payload cannot be taken in: ${problems.map((one) => `${one.path} ${one.message}`).join('; ')}`,
        problems,
      )
    },
    async replay(client, letter, payload) {
      if (letter.tenantId === null) throw new StillUnfit('Nobody can tell whose it is. Discard it.')
      const tx: Tx = { tenantId: letter.tenantId, query: client.query as Tx['query'], onCommit: () => {} }
      const { refused, said, tasks } = await takeAgentMessage(deps, tx, { centre: name, source }, payload as AgentMessage)
      if (refused) throw new StillUnfit(refused.error)
      return () => {
        if (said) deps.wakeDispatch()
        if (tasks) deps.wakeTasks?.()
      }
    },
  }
}

const fieldOf = (value: unknown, field: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined
