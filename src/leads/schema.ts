/** What the API takes and gives of leads. Types of the console and of the published client come from here. */
import { z } from 'zod'
import { leadStatuses, urgencies } from './rules.ts'

const id = z.uuid()
const time = z.iso.datetime()
const status = z.enum(leadStatuses)
const urgency = z.enum(urgencies)
const money = z.number().min(0).max(99_999_999.99).multipleOf(0.01)
const text = (max: number) => z.string().trim().max(max)

export const leadView = z
  .object({
    id,
    status,
    urgency,
    origin: z.string().describe('call, or the channel of the first words.'),
    contact: z.object({ id, name: z.string().nullable(), phone: z.string().nullable() }),
    conversationId: id,
    callId: id.nullable(),
    assignee: z.object({ id, name: z.string() }).nullable(),
    name: z.string().nullable().describe('As the person called themselves.'),
    phone: z.string().nullable(),
    email: z.string().nullable(),
    address: z.string().nullable(),
    place: z.object({ latitude: z.number(), longitude: z.number() }).nullable(),
    distance: z
      .object({ value: z.number(), unit: z.enum(['mi', 'km']), inArea: z.boolean() })
      .nullable()
      .describe('From the business; null where it is not known where either is.'),
    problem: z.string().nullable().describe("The customer's first words, until somebody writes better ones."),
    jobType: z.string().nullable(),
    estimatedValue: z.number().nullable(),
    conversionValue: z.number().nullable().describe('What it came to.'),
    notes: z.string().nullable(),
    lostReason: z.string().nullable(),
    analysis: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('What the assistant found out; `sources` names the lines that say so, by field.'),
    appointment: z
      .object({ id, startsAt: time, status: z.enum(['pending', 'confirmed', 'completed', 'cancelled', 'no_show']) })
      .nullable()
      .describe('The booking that was made for it.'),
    joinedInto: id.nullable(),
    joined: z.array(id).describe('Leads that became part of this one.'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Lead' })
export type LeadView = z.infer<typeof leadView>

const filters = {
  status: z
    .enum([...leadStatuses, 'open', 'all'])
    .default('all')
    .describe('open: neither completed nor lost.'),
  urgency: urgency.optional(),
  assignee: z.union([z.enum(['me', 'none', 'any']), id]).default('any'),
  contactId: id.optional(),
  q: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .refine((given) => !given.includes('\u0000'), 'must not have NUL characters')
    .optional()
    .describe('Part of a name, a number, an address or the problem.'),
}
export const leadFilter = z.object(filters)
export const listLeads = z.object({
  ...filters,
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
})
export const leadPage = z.object({ items: z.array(leadView), next: z.string().nullable() })

export const leadSums = z
  .object({
    byStatus: z.array(z.object({ status, count: z.number().int(), estimatedValue: z.number(), conversionValue: z.number() })),
  })
  .meta({ id: 'LeadSums' })
export type LeadSums = z.infer<typeof leadSums>

export const patchLead = z
  .object({
    status,
    lostReason: text(1000).nullable(),
    urgency,
    assigneeId: id.nullable(),
    name: text(255).nullable(),
    email: z.email().max(255).nullable(),
    address: text(1000).nullable(),
    place: z
      .object({ latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180) })
      .strict()
      .nullable(),
    problem: text(2000).nullable(),
    jobType: text(100).nullable(),
    estimatedValue: money.nullable(),
    conversionValue: money.nullable(),
    notes: text(10_000).nullable(),
  })
  .partial()
  .strict()
export type PatchLead = z.infer<typeof patchLead>

export const joinLeads = z
  .object({ leadId: id.describe('The one that becomes part of this one: of the same contact.') })
  .strict()
