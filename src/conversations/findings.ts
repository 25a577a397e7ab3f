/** What an answerer found out, kept with what it said or not at all: on the lead of the conversation, and as an alert. */
import { notFound } from '../kernel/errors.ts'
import { cleanJson } from '../kernel/text.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Alert, Learned } from '../ports/answerer.ts'
import { appendEvent } from './feed.ts'
import { ensureLead } from './leads.ts'
import { notify } from './notify.ts'

interface Source {
  conversationId: string
  /** answerer:<name> */
  actor: string
}

export async function keepFindings(tx: Tx, from: Source, found: { learned?: Learned; alert?: Alert }): Promise<void> {
  if (!found.learned && !found.alert) return
  const leadId = await leadOf(tx, from)
  if (found.learned) await keepLearned(tx, from, leadId, cleanJson(found.learned) as Learned)
  if (found.alert) await raise(tx, from, leadId, found.alert)
}

async function leadOf(tx: Tx, { conversationId, actor }: Source): Promise<string> {
  const { rows } = await tx.query<{ contact_id: string; channel: string; phone: string | null; name: string | null }>(
    `SELECT c.contact_id, c.channel, k.phone, k.name FROM conversations c
       JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id WHERE c.tenant_id = $1 AND c.id = $2`,
    [tx.tenantId, conversationId],
  )
  const row = rows[0]
  if (!row) throw notFound('The conversation')
  const { contact_id: contactId, channel: origin, phone, name } = row
  return (await ensureLead(tx, { contactId, conversationId, origin, phone, name, actor })).id
}

/** What people wrote themselves stays. */
async function keepLearned(tx: Tx, from: Source, leadId: string, learned: Learned): Promise<void> {
  const analysis = { by: from.actor, at: new Date().toISOString(), ...learned }
  const { rowCount } = await tx.query(
    `UPDATE leads SET
       problem_description = CASE WHEN 'problem' = ANY (edited) THEN problem_description ELSE coalesce($3, problem_description) END,
       job_type = CASE WHEN 'jobType' = ANY (edited) THEN job_type ELSE coalesce($4, job_type) END,
       customer_address = CASE WHEN 'address' = ANY (edited) THEN customer_address ELSE coalesce($5, customer_address) END,
       latitude = CASE WHEN 'place' = ANY (edited) THEN latitude ELSE coalesce($6, latitude) END,
       longitude = CASE WHEN 'place' = ANY (edited) THEN longitude ELSE coalesce($7, longitude) END,
       urgency_level = CASE WHEN 'urgency' = ANY (edited) THEN urgency_level ELSE coalesce($8, urgency_level) END,
       ai_analysis = $9
      WHERE tenant_id = $1 AND id = $2 AND ai_analysis - 'at' IS DISTINCT FROM $9::jsonb - 'at'`,
    [
      ...[tx.tenantId, leadId, learned.problem ?? null, learned.jobType ?? null, learned.address ?? null],
      ...[learned.place?.latitude ?? null, learned.place?.longitude ?? null, learned.urgency ?? null, JSON.stringify(analysis)],
    ],
  )
  if (rowCount)
    await appendEvent(tx, {
      ...{ type: 'lead.updated', actor: from.actor, conversationId: from.conversationId },
      data: { leadId, fields: Object.keys(learned.sources) },
    })
}

/** As soon as somebody says so, before anybody's turn: its lead is an emergency from then on, unless people said how urgent it is. */
export async function raiseAlarm(tx: Tx, from: Source, alert: Alert, words: string): Promise<void> {
  const leadId = await leadOf(tx, from)
  // First, for it tells the words that say so; the lead's own telling is the same one.
  await raise(tx, from, leadId, alert, words.slice(0, 300))
  const { rowCount } = await tx.query(
    `UPDATE leads SET urgency_level = 'emergency' WHERE tenant_id = $1 AND id = $2 AND urgency_level <> 'emergency' AND NOT 'urgency' = ANY (edited)`,
    [tx.tenantId, leadId],
  )
  if (rowCount)
    await appendEvent(tx, {
      ...{ type: 'lead.updated', actor: from.actor, conversationId: from.conversationId },
      data: { leadId, fields: ['urgency'] },
    })
}

/** The same as writing it on the lead: people are told once. Where they have said how urgent it is, it is still told. */
async function raise(tx: Tx, from: Source, leadId: string, alert: Alert, what?: string): Promise<void> {
  await notify(tx, {
    kind: alert.kind,
    key: `${alert.kind}/${leadId}`,
    conversationId: from.conversationId,
    data: { leadId, danger: alert.danger, ...(what === undefined ? {} : { what }) },
  })
}
