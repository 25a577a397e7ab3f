import { z } from 'zod'

const time = z.iso.datetime()
const count = z.number().int()
const dayMs = 86_400_000

/** What counts messages reads a stretch of time: at 10 million messages a month takes about a second. */
export const mostDays = 92
const usualDays = 30

export const stretch = z
  .object({
    from: time.optional().describe(`Default: ${usualDays} days before the end.`),
    to: time.optional().describe('Not included. Default: now.'),
  })
  .refine((given) => {
    const { from, to } = stretchOf(given)
    return from < to && to.getTime() - from.getTime() <= mostDays * dayMs
  }, `from must be before to, and at most ${mostDays} days`)

export function stretchOf(given: { from?: string; to?: string }, now: Date = new Date()): { from: Date; to: Date } {
  const to = given.to ? new Date(given.to) : now
  // Nothing was said before 1970; earlier than the year 0 there is no way to write a time down.
  return { from: given.from ? new Date(given.from) : new Date(Math.max(0, to.getTime() - usualDays * dayMs)), to }
}

export const daysBack = z.object({ days: z.coerce.number().int().min(1).max(mostDays).default(usualDays) })

export const page = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .regex(/^[0-9 :.+-]{10,40}\|[0-9a-f-]{36}$/)
    .optional(),
})

const next = z.string().nullable().describe('The cursor of the next page; null: this is the last.')
const period = { from: time, to: time }

export const activeConversations = z
  .object({
    items: z.array(
      z.object({
        id: z.uuid(),
        contactId: z.uuid(),
        name: z.string().nullable(),
        phone: z.string().nullable(),
        status: z.string(),
        lastMessageAt: time,
      }),
    ),
    next,
  })
  .meta({ id: 'ActiveConversations' })

export const newestMessages = z
  .object({
    items: z.array(
      z.object({
        conversationId: z.uuid(),
        conversationStatus: z.string(),
        messageId: z.uuid(),
        direction: z.string(),
        type: z.string(),
        content: z.string().nullable(),
        status: z.string().nullable().describe('As in the ledger.'),
        createdAt: time,
      }),
    ),
    next,
  })
  .meta({ id: 'NewestMessages' })

const stages = {
  total: count,
  sent: count.describe('All that the provider took, also those that are read by now and those that failed later.'),
  delivered: count.describe('Also those that are read by now.'),
  read: count,
  failed: count,
  waiting: count,
  deliveryRate: z.number().nullable().describe('Percent of the total that was delivered; null where there is nothing.'),
}
export const delivery = z.object({ ...period, ...stages }).meta({ id: 'DeliveryReport' })
export const deliveryByTenant = z
  .object({
    ...period,
    items: z.array(z.object({ tenantId: z.uuid(), tenant: z.string(), ...stages })),
    all: z.object(stages),
  })
  .meta({ id: 'DeliveryByTenant' })

export const statuses = z
  .object({ ...period, items: z.array(z.object({ direction: z.string(), status: z.string(), messages: count })) })
  .meta({ id: 'StatusReport' })

export const volume = z
  .object({ items: z.array(z.object({ date: z.iso.date(), inbound: count, outbound: count, total: count })) })
  .meta({ id: 'VolumeReport' })

/** A year of calls is read in a moment; what is longer is asked in parts. */
const mostFunnelDays = 366
const lengthOf = ({ from, to }: { from: string; to: string }): number => (Date.parse(to) - Date.parse(from)) / dayMs + 1
export const funnelDays = z
  .object({
    from: z.iso.date().optional().describe("The first day, in the business's zone."),
    to: z.iso.date().optional().describe('The last day, included. Default: today.'),
    days: z.coerce.number().int().min(1).max(mostFunnelDays).default(usualDays).describe('Where `from` is not named.'),
  })
  .refine(
    ({ from, to }) => !from || !to || (from <= to && lengthOf({ from, to }) <= mostFunnelDays),
    `from must not be after to, and at most ${mostFunnelDays} days`,
  )

const funnelSteps = {
  calls: count,
  missed: count,
  texted: count.describe('Missed calls that were answered with a text.'),
  replied: count.describe('Conversations in which the caller wrote after that text.'),
  talked: count.describe('Those of them in which a person of the business wrote as well.'),
  leads: count.describe('Different leads of these calls, wherever they began.'),
  qualified: count.describe('Leads that came at least so far, also those that were lost afterwards.'),
  scheduled: count.describe('The same of an appointment.'),
  completed: count,
  lost: count,
  estimatedValue: z.number().describe('Of all these leads together.'),
  wonValue: z.number().describe('What the completed ones came to.'),
}
export const funnel = z
  .object({
    zone: z.string().describe("The business's time zone: days are of its calendar."),
    from: z.iso.date(),
    to: z.iso.date(),
    all: z.object(funnelSteps),
    days: z
      .array(z.object({ date: z.iso.date(), ...funnelSteps }))
      .describe('Oldest first. A conversation or lead counts on the day of its first call.'),
    lost: z
      .array(z.object({ reason: z.string(), leads: count, estimatedValue: z.number() }))
      .describe('Why leads were lost, the most frequent reason first.'),
  })
  .meta({ id: 'FunnelReport' })
export type Funnel = z.infer<typeof funnel>

export const campaigns = z
  .object({
    items: z.array(
      z.object({
        id: z.uuid(),
        name: z.string(),
        status: z.string(),
        startedAt: time.nullable(),
        ...{ recipients: count, skipped: count, pending: count, sent: count, delivered: count, read: count, failed: count },
      }),
    ),
  })
  .meta({ id: 'ActiveCampaigns' })

export const automations = z
  .object({
    items: z.array(
      z.object({
        id: z.uuid(),
        name: z.string(),
        status: z.string(),
        ...{ executionCount: count, successCount: count, failureCount: count },
        successRate: z.number().nullable().describe('Percent; null where it never ran.'),
        lastTriggeredAt: time.nullable(),
      }),
    ),
  })
  .meta({ id: 'AutomationReport' })

export const database = z
  .object({
    tables: z.array(
      z.object({
        table: z.string(),
        estimatedRows: count,
        totalBytes: count,
        indexBytes: count,
        partitions: count,
        lastAnalyzed: time.nullable(),
      }),
    ),
    indexes: z.array(z.object({ table: z.string(), index: z.string(), scans: count, rowsRead: count, bytes: count })),
    connections: z
      .array(
        z.object({
          pid: count,
          user: z.string().nullable(),
          application: z.string().nullable(),
          state: z.string().nullable(),
          since: time.nullable(),
        }),
      )
      .describe('Of other logins only that they are there, unless this server may see more (pg_read_all_stats).'),
  })
  .meta({ id: 'DatabaseReport' })
