/** What the API takes and gives of what people agreed to. */
import { z } from 'zod'

const time = z.iso.datetime()
const topic = z.enum(['all', 'marketing']).describe('all: anything at all; marketing: advertising.')
const state = z.enum(['opted_in', 'opted_out'])

export const standingConsent = z
  .object({ channel: z.string(), topic, state, source: z.string(), since: time })
  .meta({ id: 'StandingConsent' })
export type StandingConsent = z.infer<typeof standingConsent>

export const consentView = z
  .object({
    id: z.uuid(),
    channel: z.string(),
    topic,
    state,
    source: z
      .string()
      .describe('keyword: the customer wrote it; provider: it refused a message for it; else where a person has it from.'),
    wording: z.string().describe('Exactly as it was said.'),
    by: z.string().describe('customer, provider, user:<id> or key:<id>.'),
    messageId: z.uuid().nullable().describe('The line that said it, or ours that was refused.'),
    at: time,
    writtenAt: time,
  })
  .meta({ id: 'Consent' })
export type ConsentView = z.infer<typeof consentView>

export const consents = z.object({
  standing: z
    .array(standingConsent)
    .describe('How it stands, by channel and topic. A channel that is not here: nothing was said.'),
  history: z.array(consentView).describe('Newest first, at most 500.'),
})
export type Consents = z.infer<typeof consents>

export const addConsent = z
  .object({
    channel: z.string().trim().min(1).max(50),
    topic: topic.default('all'),
    state,
    source: z.string().trim().min(1).max(100).describe('Where it was said: on the telephone, by a form, on paper.'),
    wording: z.string().trim().min(1).max(2000),
  })
  .strict()
