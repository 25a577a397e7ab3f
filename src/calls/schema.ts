/** Calls as the API shows them. */
import { z } from 'zod'
import { outcomes, rules } from './decision.ts'
import { wordLanguages } from './word-languages.ts'

const time = z.iso.datetime().describe('UTC.')
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time like 21:30')
const words = z.string().trim().min(1).max(1600)
const spoken = z.string().trim().min(1).max(1000)

export const callSettings = z
  .object({
    forwardTo: z.string().nullable().describe('E.164: the telephone that rings. null: none does, callers hear the greeting.'),
    ringSeconds: z.number().int().min(5).max(60).describe('Keep it below the time after which its voicemail picks up.'),
    answerByKey: z.boolean().describe('Whoever picks up presses 1 to take the call; voicemail cannot.'),
    minimumAnsweredSeconds: z
      .number()
      .int()
      .min(1)
      .max(120)
      .nullable()
      .describe('Shorter talks count as missed; null: none does.'),
    greeting: spoken.describe('What a caller hears whom nobody answers and who is texted.'),
    greetingWithoutText: spoken.describe('The same where no text goes.'),
    cooldownMinutes: z
      .number()
      .int()
      .min(0)
      .max(10_080)
      .describe('A caller is texted once in that time, however often they call.'),
    automaticText: z.boolean(),
    text: words.describe('[BUSINESS] and [TRADE] are filled in.'),
    afterHoursText: words.nullable().describe('Instead of `text` while the business is closed; null: the same at any hour.'),
    quietHours: z
      .object({ from: clock, to: clock })
      .strict()
      .nullable()
      .describe("In the business's zone. What would be sent then waits until they end."),
    leadsFromTexts: z.boolean().describe('Whether a first text makes a lead without a call.'),
  })
  .meta({ id: 'CallSettings' })
export type CallSettings = z.infer<typeof callSettings>
export const patchCallSettings = callSettings
  .partial()
  .strict()
  .refine(({ quietHours }) => !quietHours || quietHours.from !== quietHours.to, 'quiet hours begin and end at the same time')
export type PatchCallSettings = z.infer<typeof patchCallSettings>

export const outcome = z.enum(outcomes as [string, ...string[]])
const rule = z.enum(rules.map(({ rule: name }) => name) as [string, ...string[]])
const texting = z.enum(['none', 'now', 'later', 'refused'])
const status = z.enum(['ringing', 'in-progress', 'completed', 'missed', 'failed'])

export const callView = z
  .object({
    id: z.uuid(),
    callSid: z.string().describe("The provider's id."),
    accountId: z.uuid(),
    contactId: z.uuid().nullable(),
    contactName: z.string().nullable(),
    customerPhone: z.string().nullable().describe('null: hidden, or no telephone.'),
    callerKind: z.enum(['phone', 'withheld', 'other']),
    callerName: z.string().nullable(),
    businessPhone: z.string(),
    direction: z.enum(['inbound', 'outbound']),
    status,
    outcome: outcome.nullable().describe('null while it rings or is talked.'),
    startTime: time,
    endTime: time.nullable(),
    duration: z.number().int().describe('Seconds.'),
    processed: z.boolean(),
    smsTriggered: z.boolean(),
    conversationCreated: z.boolean(),
    leadCreated: z.boolean(),
    conversationId: z.uuid().nullable(),
    leadId: z.uuid().nullable(),
    textMessageId: z.uuid().nullable(),
    rule: rule.nullable().describe('Which line of the table of decisions applied: see docs/missed-calls.md.'),
    dueAt: time.nullable().describe('When it is looked at again by itself.'),
    callerCity: z.string().nullable(),
    callerState: z.string().nullable(),
    callerCountry: z.string(),
  })
  .meta({ id: 'Call' })
export type CallView = z.infer<typeof callView>
export const callPage = z.object({ items: z.array(callView), next: z.string().nullable() })

export const listCalls = z.object({
  status: status.optional(),
  outcome: outcome.optional(),
  contactId: z.uuid().optional(),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
})

export const leadView = z
  .object({
    id: z.uuid(),
    contactId: z.uuid(),
    conversationId: z.uuid(),
    callId: z.uuid().nullable(),
    origin: z.string(),
    customerPhone: z.string().nullable(),
    customerName: z.string().nullable(),
    problemDescription: z.string().nullable(),
    jobType: z.string().nullable(),
    urgencyLevel: z.enum(['low', 'normal', 'high', 'emergency']),
    status: z.enum(['new', 'qualified', 'appointment_scheduled', 'completed', 'lost']),
    estimatedValue: z.number().nullable(),
    conversionValue: z.number().nullable().describe('What it came to.'),
    lostReason: z.string().nullable(),
    createdAt: time,
  })
  .meta({ id: 'CallLead' })

const why = z
  .object({
    rule,
    version: z.number().int(),
    means: z.string().describe('In words.'),
    facts: z.record(z.string(), z.unknown()).describe('What it was decided by.'),
    decidedAt: time,
  })
  .meta({ id: 'CallReason' })

const storyStep = z
  .object({
    kind: z.enum(['said', 'handed_over', 'lead_moved']),
    by: z.enum(['customer', 'human', 'ai', 'agent', 'automation', 'campaign', 'device', 'system']),
    name: z.string().nullable().describe('Of the colleague, where it was one.'),
    at: time,
    conversationId: z.uuid(),
    messageId: z.uuid().describe('The first line of the step.'),
    text: z.string().nullable().describe('Its beginning; null where it is no text, or no longer kept.'),
    lines: z.number().int().describe('Of the same side in a row.'),
    from: z.string().nullable().describe('Who had it, or the status of the lead, before.'),
    to: z.string().nullable(),
  })
  .meta({ id: 'CallStoryStep' })

export const callStory = z
  .object({
    call: callView,
    why: why.nullable(),
    conversation: z.object({ id: z.uuid(), status: z.string(), control: z.string() }).nullable(),
    lead: leadView.nullable(),
    text: z
      .object({
        messageId: z.uuid(),
        text: z.string().nullable(),
        status: z.string(),
        errorText: z.string().nullable(),
        queuedAt: time,
      })
      .nullable(),
    steps: z
      .array(storyStep)
      .describe('What was said and done since the call, oldest first: in its conversation and those its lead went on in.'),
    otherCalls: z.array(callView).describe('Of the same caller, newest first, at most ten.'),
  })
  .meta({ id: 'CallStory' })

const pieces = z
  .object({
    encoding: z.enum(['GSM-7', 'UCS-2']),
    segments: z.number().int().describe('As how many messages the network charges it.'),
    left: z.number().int().describe('Places left before it is one more.'),
  })
  .meta({ id: 'CallTextPieces' })

export const previewBody = z
  .object({
    from: z.string().max(64).nullable().describe('As it would be shown to the provider; null or empty: hidden.'),
    outcome: outcome.default('no_answer'),
    at: time.optional().describe('Absent: now.'),
    local: z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d$/, 'must be like 2026-03-29T14:30')
      .regex(/^(19|20|21)/, 'must be in this century or a neighbour of it')
      .refine((given) => !Number.isNaN(Date.parse(`${given}Z`)), 'must be a day of the calendar')
      .optional()
      .describe("Instead of `at`: what a clock on the wall shows, in the business's zone."),
    landline: z.boolean().default(false).describe('As if a text to this number had failed because it is a landline.'),
    settings: patchCallSettings.optional().describe('As if these were saved.'),
    accountId: z.uuid().optional().describe('Absent: the only number that takes calls.'),
  })
  .strict()
export const previewView = z
  .object({
    rule,
    line: z.number().int().describe('Its place in the table, from 1.'),
    version: z.number().int(),
    means: z.string(),
    at: time.describe('The moment it was decided for.'),
    timezone: z.string().describe('Of the business.'),
    texting,
    text: z
      .string()
      .nullable()
      .describe('The words; null where none go. Of a text that waits, those of the hour at which it goes.'),
    textAt: time.nullable(),
    pieces: pieces.nullable(),
    lead: z.boolean(),
    alert: z.boolean().describe('Whether people of the business are told that the caller was not texted.'),
    facts: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'CallPreview' })

export const ruleTable = z
  .object({
    version: z.number().int(),
    items: z.array(
      z.object({
        rule,
        means: z.string(),
        texting,
        wording: z.enum(['standard', 'after_hours']),
        lead: z.boolean(),
        alert: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'CallRules' })

export const measureText = z.object({ text: z.string().max(1600) }).strict()
export const measuredText = pieces.extend({ text: z.string().describe('With what is filled in.') }).meta({ id: 'MeasuredText' })

const someWords = callSettings.pick({ text: true, greeting: true, greetingWithoutText: true }).extend({ afterHoursText: words })
export const standards = z
  .object({
    settings: callSettings.omit({ forwardTo: true, leadsFromTexts: true }).describe('Of a business that has changed nothing.'),
    words: z.record(z.enum(wordLanguages), someWords).describe('By language.'),
    language: z.enum(wordLanguages).describe("The business's, where there are words in it."),
  })
  .meta({ id: 'CallStandards' })
