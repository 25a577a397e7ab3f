/** The numbers of the funnel as the event log alone has them: what the report says has to be the same. */
import type pg from 'pg'
import { readFunnel } from '../../src/reports/funnel.ts'
import type { Funnel } from '../../src/reports/schema.ts'

type Counts = Omit<Funnel['all'], 'estimatedValue' | 'wonValue'>
interface Event {
  type: string
  conversation_id: string | null
  actor: string | null
  data: { callId?: string; leadId?: string; other?: string; outcome?: string; reason?: string; to?: string } & {
    texting?: string
    textMessageId?: string | null
  }
}
interface KnownCall {
  missed: boolean
  texted: boolean
  lead: string | null
}
/** Of a text that went and failed later; every other alert of a call says that none went. */
const wentFirst = new Set(['landline', 'text_failed'])

export async function countEvents(owner: pg.Pool, tenantId: string): Promise<Counts> {
  const { rows } = await owner.query<Event>(
    'SELECT type, conversation_id, actor, data FROM events WHERE tenant_id = $1 ORDER BY txid, id',
    [tenantId],
  )
  const calls = new Map<string, KnownCall>()
  const said = new Map<string, 'texted' | 'replied' | 'talked'>()
  const partOf = new Map<string, string>()
  const status = new Map<string, string>()
  const reached = new Map<string, string>()
  for (const { type, conversation_id: conversation, actor, data } of rows) {
    const call = data.callId ? calls.get(data.callId) : undefined
    if (type === 'call.detected' && data.callId) calls.set(data.callId, { missed: false, texted: false, lead: null })
    if (call && (type === 'call.missed' || type === 'call.updated' || type === 'call.answered')) {
      call.missed = data.outcome !== 'answered'
      call.lead = data.leadId ?? call.lead
      if (data.texting === 'now' && data.textMessageId) {
        call.texted = true
        if (conversation && !said.has(conversation)) said.set(conversation, 'texted')
      }
    }
    if (call && type === 'call.alert' && !wentFirst.has(data.reason ?? '')) call.texted = false
    if (conversation && type === 'message.received' && said.get(conversation) === 'texted') said.set(conversation, 'replied')
    if (conversation && type === 'message.queued' && actor?.startsWith('user:') && said.get(conversation) === 'replied')
      said.set(conversation, 'talked')
    if (data.leadId && type === 'lead.created') {
      status.set(data.leadId, 'new')
      reached.set(data.leadId, 'new')
    }
    if (data.leadId && data.to && type === 'lead.updated') {
      status.set(data.leadId, data.to)
      if (data.to !== 'lost') reached.set(data.leadId, data.to)
    }
    if (data.leadId && data.other && type === 'lead.joined') partOf.set(data.other, data.leadId)
    if (data.other && type === 'lead.separated') partOf.delete(data.other)
  }
  const all = [...calls.values()]
  const leads = [...new Set(all.flatMap(({ lead }) => (lead ? [partOf.get(lead) ?? lead] : [])))]
  const having = (kinds: readonly string[], of: Map<string, string>) =>
    leads.filter((id) => kinds.includes(of.get(id) ?? '')).length
  const conversations = [...said.values()]
  return {
    calls: all.length,
    missed: all.filter(({ missed }) => missed).length,
    texted: all.filter(({ texted }) => texted).length,
    replied: conversations.filter((how) => how !== 'texted').length,
    talked: conversations.filter((how) => how === 'talked').length,
    leads: leads.length,
    qualified: having(['qualified', 'appointment_scheduled', 'completed'], reached),
    scheduled: having(['appointment_scheduled', 'completed'], reached),
    completed: having(['completed'], status),
    lost: having(['lost'], status),
  }
}

/** The names of the numbers in which the report and the log differ. */
export async function funnelDifferences(owner: pg.Pool, tenantId: string): Promise<string[]> {
  const query = owner.query.bind(owner) as never
  const { all } = await readFunnel({ query, tenantId }, {})
  const told = await countEvents(owner, tenantId)
  return Object.entries(told).flatMap(([step, n]) =>
    all[step as keyof Counts] === n ? [] : [`${step}: ${all[step as keyof Counts]} reported, ${n} told`],
  )
}
