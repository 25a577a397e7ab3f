/** What the callers of a run have, compared with what they should have: at their telephones, in the rows and in the events. */
import type pg from 'pg'
import type { Call } from '../../simulators/twilio/index.ts'
import { funnelDifferences } from './funnel-events.ts'
import type { Telephones } from './telephones.ts'

/** What a caller should have in the end. */
export interface Expected {
  phone: string
  calls: Call[]
  /** Of each of their calls. */
  outcome: 'answered' | 'missed'
  texts: 0 | 1
  lead: boolean
}

export interface CallsReport {
  callers: number
  calls: number
  missed: number
  texts: number
  leads: number
  /** Webhooks as they were delivered, repeats included. */
  webhooks: number
  /** Callers with more texts than one, with none where there should be one, and with one where there should be none. */
  doubled: number
  missing: number
  unexpected: number
  /** Texts of which it is not known whether they went, and which did not. */
  unknown: number
  /** What else is not as it should be, by name. */
  broken: Record<string, number>
}

export const isSoundRun = ({ doubled, missing, unexpected, broken }: CallsReport): boolean =>
  doubled + missing + unexpected + Object.keys(broken).length === 0

interface Given {
  owner: pg.Pool
  tenantId: string
  phones: Telephones
  expected: readonly Expected[]
}

interface Row {
  call_sid: string
  status: string
  outcome: string | null
  processed: boolean
  lead_id: string | null
  conversation_id: string | null
  sms_triggered: boolean
}

export async function checkCalls({ owner, tenantId, phones, expected }: Given): Promise<CallsReport> {
  const number = async (sql: string): Promise<number> => (await owner.query(sql, [tenantId])).rows[0].n as number
  const { rows } = await owner.query<Row>(
    'SELECT call_sid, status, outcome, processed, lead_id, conversation_id, sms_triggered FROM calls WHERE tenant_id = $1',
    [tenantId],
  )
  const stored = new Map(rows.map((row) => [row.call_sid, row]))
  const { rows: lost } = await owner.query<{ phone: string }>(
    `SELECT k.phone FROM message_tracking t JOIN conversations c ON c.tenant_id = t.tenant_id AND c.id = t.conversation_id
       JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id
      WHERE t.tenant_id = $1 AND t.direction = 'OUTBOUND' AND t.send_outcome = 'unknown'`,
    [tenantId],
  )
  const unknown = new Set(lost.map(({ phone }) => phone))
  const sent = Map.groupBy(phones.simulator.sent, ({ to }) => to)
  const report = { doubled: 0, missing: 0, unexpected: 0, unknown: 0 }
  const broken: Record<string, number> = {}
  const wrong = (name: string, n = 1) => {
    if (n > 0) broken[name] = (broken[name] ?? 0) + n
  }
  for (const one of expected) {
    const { phone, calls, outcome, texts, lead } = truthOf(one)
    const had = phone.startsWith('+1628') ? (sent.get(phone)?.length ?? 0) : 0
    if (had > 1) report.doubled += 1
    if (had === 0 && texts === 1) report[unknown.has(phone) ? 'unknown' : 'missing'] += 1
    if (had > 0 && texts === 0) report.unexpected += 1
    for (const { sid } of calls) {
      const row = stored.get(sid)
      if (!row) wrong('call_lost')
      else if (row.status !== (outcome === 'answered' ? 'completed' : 'missed')) wrong(`${outcome}_is_${row.outcome}`)
      if (row && (row.lead_id !== null) !== lead) wrong('lead')
      if (row && (row.conversation_id !== null) !== lead) wrong('conversation')
    }
  }
  if (sent.has('+266696687') || sent.has('+14155550001')) report.unexpected += 1
  const expectedCalls = expected.reduce((sum, { calls }) => sum + calls.length, 0)
  wrong('calls_not_rung', rows.length - expectedCalls)
  // The funnel: what is told equals what is.
  const [missed, told] = [
    rows.filter(({ status }) => status === 'missed').length,
    await number(`SELECT count(*)::int AS n FROM events WHERE tenant_id = $1 AND type = 'call.missed'`),
  ]
  const leads = await number('SELECT count(*)::int AS n FROM leads WHERE tenant_id = $1')
  const ledTold = await number(`SELECT count(*)::int AS n FROM events WHERE tenant_id = $1 AND type = 'lead.created'`)
  const claimed = rows.filter((row) => row.sms_triggered).length
  const queued = await number(
    `SELECT count(*)::int AS n FROM message_tracking WHERE tenant_id = $1 AND metadata -> 'allowedBy' ->> 'rule' LIKE 'missed_call.%'`,
  )
  wrong('missed_and_events_differ', Math.abs(missed - told))
  wrong('leads_and_events_differ', Math.abs(leads - ledTold))
  wrong('texts_and_flags_differ', Math.abs(claimed - queued))
  wrong('texts_and_telephones_differ', Math.abs(queued - phones.simulator.sent.length - report.unknown))
  for (const one of await funnelDifferences(owner, tenantId)) wrong(`funnel ${one}`)
  wrong(
    'open_leads_twice',
    await number(
      `SELECT count(*)::int AS n FROM (SELECT 1 FROM leads WHERE tenant_id = $1 AND status NOT IN ('completed', 'lost') GROUP BY contact_id HAVING count(*) > 1) x`,
    ),
  )
  return {
    ...{ callers: expected.length, calls: expectedCalls, missed, texts: phones.simulator.sent.length, leads },
    ...{ webhooks: phones.simulator.world.counters.delivery, ...report, broken },
  }
}

/** Who was not put through, because nobody was there to say what comes next, was not answered either. */
function truthOf(one: Expected): Expected {
  const answered = one.calls.some(({ dialled }) => dialled.some(({ bridged }) => bridged))
  return one.outcome === 'answered' && !answered ? { ...one, outcome: 'missed', texts: 1, lead: true } : one
}
