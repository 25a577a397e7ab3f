/** What of a call leaves. */
import type { z } from 'zod'
import { segmentsOf } from '../kernel/segments.ts'
import { rules, ruleVersion } from './decision.ts'
import type { LeadRow, ShownCall, StoryRows } from './list.ts'
import type { Previewed } from './preview.ts'
import type { CallView, callStory, leadView, previewView, ruleTable } from './schema.ts'
import { stepsOf } from './story-steps.ts'

export const meaningOf = (rule: string): string => rules.find((one) => one.rule === rule)?.means ?? rule

export const callView = (row: ShownCall): CallView => ({
  id: row.id,
  callSid: row.call_sid,
  accountId: row.channel_account_id,
  contactId: row.contact_id,
  contactName: row.contact_name,
  customerPhone: row.customer_phone,
  callerKind: row.caller_kind,
  callerName: row.caller_name,
  businessPhone: row.business_phone,
  direction: row.direction,
  status: row.status,
  outcome: row.outcome,
  startTime: row.start_time.toISOString(),
  endTime: row.end_time?.toISOString() ?? null,
  duration: row.duration,
  processed: row.processed,
  smsTriggered: row.sms_triggered,
  conversationCreated: row.conversation_created,
  leadCreated: row.lead_created,
  conversationId: row.conversation_id,
  leadId: row.lead_id,
  textMessageId: row.text_message_id,
  rule: row.rule,
  dueAt: row.due_at?.toISOString() ?? null,
  callerCity: row.caller_city,
  callerState: row.caller_state,
  callerCountry: row.caller_country,
})

type Step = z.infer<typeof callStory>['steps'][number]

const shownLead = (row: LeadRow): z.infer<typeof leadView> => ({
  id: row.id,
  contactId: row.contact_id,
  conversationId: row.conversation_id,
  callId: row.call_id,
  origin: row.origin,
  customerPhone: row.customer_phone,
  customerName: row.customer_name,
  problemDescription: row.problem_description,
  jobType: row.job_type,
  urgencyLevel: row.urgency_level,
  status: row.status,
  estimatedValue: row.estimated_value === null ? null : Number(row.estimated_value),
  conversionValue: row.conversion_value === null ? null : Number(row.conversion_value),
  lostReason: row.lost_reason,
  createdAt: row.created_at.toISOString(),
})

export function storyView(call: ShownCall, story: StoryRows): z.infer<typeof callStory> {
  const { rule, rule_version: version, decided_at: at, facts } = call
  const { text } = story
  return {
    call: callView(call),
    why:
      rule !== null && version !== null && at !== null
        ? { rule, version, means: meaningOf(rule), facts, decidedAt: at.toISOString() }
        : null,
    conversation: story.conversation ?? null,
    lead: story.lead ? shownLead(story.lead) : null,
    text: text
      ? {
          ...{ messageId: text.message_id, text: text.content, status: text.status, errorText: text.error_text },
          queuedAt: text.created_at.toISOString(),
        }
      : null,
    steps: stepsOf(story.lines).map(({ at, ...step }) => ({ ...step, by: step.by as Step['by'], at: at.toISOString() })),
    otherCalls: story.others.map(callView),
  }
}

export const piecesOf = (text: string) => {
  const { encoding, segments, left } = segmentsOf(text)
  return { encoding, segments, left }
}

export function previewed(of: Previewed): z.infer<typeof previewView> {
  const { decision, line, version, facts, text, textAt, at, timezone } = of
  return {
    ...{ rule: decision.rule, line, version, means: meaningOf(decision.rule), at: at.toISOString(), timezone },
    ...{ texting: decision.text, text, textAt: textAt?.toISOString() ?? null, pieces: text === null ? null : piecesOf(text) },
    ...{ lead: decision.lead, alert: decision.alert, facts: { ...facts } },
  }
}

export const tableView = (): z.infer<typeof ruleTable> => ({
  version: ruleVersion,
  items: rules.map(({ rule, means, text, wording, lead, alert }) => ({ rule, means, texting: text, wording, lead, alert })),
})
