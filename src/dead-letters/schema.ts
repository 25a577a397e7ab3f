/** What the routes of dead letters take and give. */
import { z } from 'zod'

const time = z.iso.datetime()
const id = z.uuid()

export const reasons = [
  'lock_timeout',
  'mapping_not_found',
  'invalid_payload',
  'state_violation',
  'mapping_status_expired',
  'mapping_status_closed',
  'database_error',
  'invalid_media_url',
] as const
export const reason = z.enum(reasons)
export type Reason = z.infer<typeof reason>

/** open: nobody has dealt with it; waiting: open, and tried again by itself; the others are over. */
export const states = ['open', 'waiting', 'replayed', 'discarded'] as const
export const state = z.enum(states)
export type State = z.infer<typeof state>

const source = z.string().min(1).max(200)
const filter = {
  reason: reason.optional(),
  source: source.optional().describe('Where it came from, for example webhook:whatsapp-cloud.'),
}

export const listDeadLetters = z.object({
  ...filter,
  state: state.default('open').describe('open includes those that are tried again by themselves (waiting).'),
  cursor: id.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
})
export type ListDeadLetters = z.output<typeof listDeadLetters>

const summary = {
  id,
  source,
  queue: z.string().nullable(),
  reason,
  error: z.string().nullable(),
  state,
  retryCount: z.number().int(),
  nextTryAt: time.nullable().describe('When it is tried again by itself; null: only when somebody does.'),
  createdAt: time,
  resolvedAt: time.nullable(),
  resolvedBy: z.string().nullable().describe('user:<id>, key:<id>, cli or system.'),
  about: z.string().nullable().describe("A word of what it is: the kind of event and the provider's id."),
}
export const deadLetterItem = z.object(summary).meta({ id: 'DeadLetterItem' })
export type DeadLetterItem = z.infer<typeof deadLetterItem>
export const deadLetterPage = z.object({ items: z.array(deadLetterItem), next: id.nullable() })

export const trailEntry = z.object({
  at: time,
  by: z.string(),
  name: z.string(),
  did: z.enum(['retried', 'replayed', 'failed', 'edited', 'discarded']),
  note: z.string().optional(),
})
export type TrailEntry = z.infer<typeof trailEntry>

export const deadLetterView = z
  .object({
    ...summary,
    payload: z.unknown().describe('As it would be taken in: mended, where somebody mended it.'),
    originalPayload: z.unknown().describe('As it came.'),
    edited: z.boolean(),
    trail: z.array(trailEntry),
    webhook: z
      .object({
        id,
        receivedAt: time,
        provider: z.string(),
        status: z.string(),
        error: z.string().nullable(),
        headers: z.record(z.string(), z.unknown()),
        body: z.string().describe('The raw bytes as UTF-8; the first 256 KB.'),
        truncated: z.boolean(),
      })
      .nullable()
      .describe('The webhook that brought it, while it is kept and where it is about this business alone.'),
  })
  .meta({ id: 'DeadLetter' })
export type DeadLetterView = z.infer<typeof deadLetterView>

export const deadLetterCounts = z
  .object({
    open: z.number().int(),
    waiting: z.number().int(),
    reasons: z.array(z.object({ reason, count: z.number().int() })),
    sources: z.array(z.object({ source, count: z.number().int() })),
    alarm: z
      .union([z.literal(100), z.literal(1000)])
      .nullable()
      .describe('Raised at so many open ones; null: no alarm.'),
  })
  .meta({ id: 'DeadLetterCounts' })
export type DeadLetterCounts = z.infer<typeof deadLetterCounts>

const payload = z.record(z.string(), z.unknown())
export const mendDeadLetter = z.object({ payload }).strict()
export const replayDeadLetter = z.object({ payload: payload.optional().describe('Mended; kept beside the original.') }).strict()
export const discardDeadLetter = z.object({ note: z.string().trim().max(500).optional() }).strict()

export const replayAnswer = z
  .object({
    outcome: z.enum(['replayed', 'failed']),
    error: z.string().nullable().describe('Why it could not be taken in; the letter stays open.'),
    deadLetter: deadLetterItem,
  })
  .meta({ id: 'DeadLetterReplay' })
export type ReplayAnswer = z.infer<typeof replayAnswer>

export const manyDeadLetters = z
  .object({
    ...filter,
    cursor: id.optional().describe('The `next` of the answer before; the first call has none.'),
    until: id.optional().describe('Only letters up to this one, as the first answer said: what comes meanwhile is left alone.'),
    limit: z.number().int().min(1).max(100).default(25),
    note: z.string().trim().max(500).optional(),
  })
  .strict()
export type ManyDeadLetters = z.output<typeof manyDeadLetters>
export const manyAnswer = z
  .object({
    done: z.number().int(),
    failed: z.number().int(),
    left: z.number().int().describe('Letters still to be gone through, counted up to 10,000.'),
    next: id.nullable().describe('Call again with it as `cursor` until it is null.'),
    until: id.nullable(),
  })
  .meta({ id: 'DeadLettersDone' })
export type ManyAnswer = z.infer<typeof manyAnswer>
