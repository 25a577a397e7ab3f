/**
 * What is made of a call that has ended, in the transaction that was told so: by the table of decisions, a contact, a conversation,
 * a lead and one text, all pointing at each other. What is claimed (the flags) and what it claims are written together.
 */
import { contactByPhone, contactWithoutNumber, conversationOfCaller } from '../conversations/contacts.ts'
import { appendEvent } from '../conversations/feed.ts'
import { addInternal } from '../conversations/internal-lines.ts'
import { ensureLead } from '../conversations/leads.ts'
import { notify } from '../conversations/notify.ts'
import { queueReply } from '../conversations/reply.ts'
import { ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import { quietFrom, quietUntil } from '../tenancy/hours.ts'
import { type Decision, decide, type Facts, type Outcome, ruleVersion } from './decision.ts'
import { type CallDeps, timeOf } from './deps.ts'
import { gatherFacts, lateMs } from './facts.ts'
import { filled, type SettingsRow } from './settings.ts'
import { type CalledAccount, type CallRow, setCall } from './store.ts'

export interface Settling {
  row: CallRow & { outcome: Outcome }
  account: CalledAccount
  settings: SettingsRow
}

/** How long after a text it is looked how it went. */
const firstLookMs = 60_000
const actor = 'system'

export async function settle(deps: CallDeps, tx: Tx, given: Settling): Promise<CallRow> {
  const { row, account, settings } = given
  const now = timeOf(deps)
  const asked = {
    ...{ callId: row.id, callerKind: row.caller_kind, phone: row.customer_phone, direction: row.direction },
    ...{ outcome: row.outcome, startedAt: row.start_time, putOff: row.rule === 'quiet_hours' },
  }
  const first = await gatherFacts(tx, asked, account, settings, now, deps.channels)
  const before = decide(first.facts)
  if (!before.lead) return await conclude(tx, given, now, before, first.facts, { contact_id: first.contactId })
  const contactId = await contactOf(tx, row)
  // From here on nobody else writes to this caller: what was decided for another call of theirs is seen.
  const conversation = await conversationOfCaller(tx, account.id, contactId)
  const { facts } = await gatherFacts(tx, asked, account, settings, now, deps.channels)
  const decision = decide(facts)
  const lead = await ensureLead(tx, {
    ...{ contactId, conversationId: conversation.id, callId: row.id, origin: 'call', phone: row.customer_phone },
    ...{ name: row.caller_name, actor },
  })
  await tell(tx, row, conversation.id, decision)
  const text = await say(deps, tx, given, decision, conversation.id, now)
  const settled = await conclude(
    tx,
    given,
    now,
    decision,
    { ...facts, ...(text.refused ? { refused: text.refused } : {}) },
    {
      ...{ contact_id: contactId, conversation_id: conversation.id, lead_id: lead.id },
      ...{ conversation_created: row.conversation_created || conversation.fresh, lead_created: row.lead_created || lead.fresh },
      ...{ text_message_id: text.messageId, sms_triggered: text.sent, due_at: text.lookAt },
    },
  )
  if (conversation.fresh)
    await tx.query('UPDATE conversations SET call_id = $3 WHERE tenant_id = $1 AND id = $2', [
      tx.tenantId,
      conversation.id,
      row.id,
    ])
  if (decision.alert || text.refused) await alert(tx, settled, text.refused ?? decision.rule)
  return settled
}

const contactOf = async (tx: Tx, row: CallRow): Promise<string> => {
  if (row.contact_id) return row.contact_id
  if (row.customer_phone === null) return await contactWithoutNumber(tx, 'call', row.call_sid, row.caller_name)
  const id = await contactByPhone(tx, row.customer_phone)
  await tx.query(`UPDATE contacts SET name = $3 WHERE tenant_id = $1 AND id = $2 AND name IS NULL AND $3::text IS NOT NULL`, [
    tx.tenantId,
    id,
    row.caller_name,
  ])
  return id
}

interface Said {
  messageId: string | null
  sent: boolean
  /** The code of why it could not go. */
  refused?: string
  lookAt: Date | null
}

async function say(
  deps: CallDeps,
  tx: Tx,
  { row, settings }: Settling,
  decision: Decision,
  conversationId: string,
  now: Date,
): Promise<Said> {
  if (decision.text === 'none') return { messageId: null, sent: false, lookAt: null }
  if (decision.text === 'later' && settings.quiet_hours)
    return { messageId: null, sent: false, lookAt: quietUntil(settings.quiet_hours, settings.timezone, now) }
  await tx.query('SAVEPOINT text')
  try {
    const { messageId, refused } = await queueReply(deps, tx, {
      conversationId,
      author: { sender: 'automation', actor },
      body: { type: 'text', text: wordsOf(decision, settings) },
      // Once for a call, whatever is told of it again.
      idempotencyKey: `call-text:${row.id}`,
      allowedBy: { rule: `missed_call.${decision.rule}`, version: ruleVersion },
      sendBy: worthUntil(settings, now),
    })
    await tx.query('RELEASE SAVEPOINT text')
    if (refused) return { messageId, sent: false, refused: refused.code, lookAt: null }
    tx.onCommit(deps.wakeDispatch)
    return { messageId, sent: true, lookAt: new Date(now.getTime() + firstLookMs) }
  } catch (error) {
    if (!(error instanceof ParleyError)) throw error
    await tx.query('ROLLBACK TO SAVEPOINT text')
    return { messageId: null, sent: false, refused: error.code, lookAt: null }
  }
}

/** A text that goes out hours later would be about nothing, and in quiet hours it must not, whatever held it up. */
function worthUntil({ quiet_hours, timezone }: SettingsRow, now: Date): Date {
  const late = new Date(now.getTime() + lateMs)
  const quiet = quiet_hours ? quietFrom(quiet_hours, timezone, now) : late
  return quiet < late ? quiet : late
}

export const wordsOf = ({ wording }: Pick<Decision, 'wording'>, settings: SettingsRow): string =>
  filled((wording === 'after_hours' ? settings.after_hours_message : null) ?? settings.auto_response_message, settings)

/** The call stands in the thread, between what was said. */
async function tell(tx: Tx, row: CallRow, conversationId: string, decision: Decision): Promise<void> {
  await addInternal(tx, {
    ...{ conversationId, type: 'activity', text: null, actor: { label: actor } },
    body: { event: 'missed_call', data: { callId: row.id, outcome: row.outcome, rule: decision.rule } },
    idempotencyKey: `call:${row.id}`,
  })
}

async function conclude(
  tx: Tx,
  { row }: Settling,
  now: Date,
  decision: Decision,
  facts: Facts & { refused?: string },
  links: Partial<CallRow>,
): Promise<CallRow> {
  const settled = await setCall(tx, row, {
    ...{ processed: decision.text !== 'later', rule: decision.rule, rule_version: ruleVersion, decided_at: now, due_at: null },
    facts: facts as unknown as Record<string, unknown>,
    ...links,
  })
  await appendEvent(tx, {
    // What was put off has been told of as missed.
    ...{
      type: row.rule === 'quiet_hours' ? 'call.updated' : row.outcome === 'answered' ? 'call.answered' : 'call.missed',
      actor,
    },
    ...(settled.conversation_id ? { conversationId: settled.conversation_id } : {}),
    data: {
      ...{ callId: row.id, outcome: row.outcome, rule: decision.rule, texting: decision.text, leadId: settled.lead_id },
      ...{ contactId: settled.contact_id, textMessageId: settled.text_message_id },
    },
  })
  return settled
}

/** People of the business see that somebody waits who was not texted. */
export async function alert(tx: Tx, row: CallRow, reason: string): Promise<void> {
  await appendEvent(tx, {
    ...{ type: 'call.alert', actor, ...(row.conversation_id ? { conversationId: row.conversation_id } : {}) },
    data: { callId: row.id, leadId: row.lead_id, reason },
  })
  await notify(tx, {
    kind: 'caller_waits',
    key: `call/${row.id}`,
    conversationId: row.conversation_id,
    data: { who: row.customer_phone, reason },
  })
  if (row.conversation_id)
    await tx.query(
      'UPDATE conversations SET unread_count = greatest(unread_count, 1), last_message_at = now(), updated_at = now() WHERE tenant_id = $1 AND id = $2',
      [tx.tenantId, row.conversation_id],
    )
}
