/** Who rings in the demo: one who becomes a job, one whom the assistant looks after, and one who hides the number. */
import type { TwilioSimulator } from '../../simulators/twilio/index.ts'
import { send } from '../inbox/verbs.ts'
import { changeLead } from '../leads/verbs.ts'
import { inTenant } from '../platform/db/tx.ts'
import type { Actor } from '../tenancy/can.ts'
import type { App } from './build.ts'
import { until } from './demo-story.ts'
import { demoCallers, demoNumber, demoPatience } from './demo-telephones.ts'

interface Missed {
  conversationId: string
  leadId: string
}

export async function playCalls(app: App, simulator: TwilioSimulator, actor: Actor): Promise<void> {
  const { tenantId } = actor
  const [elena, tom] = demoCallers.map(({ number }) => number) as [string, string]
  const sql = async <R extends object>(text: string, values: unknown[]): Promise<R | undefined> =>
    (await inTenant(app.db, tenantId, (tx) => tx.query<R>(text, [tenantId, ...values]))).rows[0]
  const lines = async (conversationId: string): Promise<number> =>
    (
      await sql<{ n: number }>(
        `SELECT count(*)::int AS n FROM messages WHERE tenant_id = $1 AND conversation_id = $2 AND direction <> 'internal'`,
        [conversationId],
      )
    )?.n ?? 0
  /** Rings, has the text, and answers it. */
  async function rings(from: string, kind: 'nobody' | 'busy', words?: string): Promise<Missed> {
    const { sid } = simulator.customerCalls({ from, to: demoNumber, answering: { kind } })
    let found: Missed | undefined
    await until(async () => {
      found = await sql<Missed>(
        `SELECT conversation_id AS "conversationId", lead_id AS "leadId" FROM calls
          WHERE tenant_id = $1 AND call_sid = $2 AND processed AND conversation_id IS NOT NULL`,
        [sid],
      )
      return found !== undefined && (words === undefined || simulator.thread(from, demoNumber).length > 0)
    })
    const call = found as Missed
    if (words !== undefined) {
      simulator.customerSends({ from, to: demoNumber, body: words })
      await until(async () => (await lines(call.conversationId)) === 2)
    }
    return call
  }

  const job = await rings(elena, 'nobody', 'My water heater is leaking. Can somebody come today?')
  await send(app.inbox, actor, {
    conversationId: job.conversationId,
    body: {
      type: 'text',
      text: 'Sorry we missed you, Elena. We can be there at two. Please turn off the tap above it until then.',
    },
  })
  await until(async () => simulator.thread(elena, demoNumber).length === 3)
  simulator.customerSends({ from: elena, to: demoNumber, body: 'Two is perfect, thank you!' })
  await until(async () => (await lines(job.conversationId)) === 4)
  await inTenant(app.db, tenantId, async (tx) => {
    await changeLead(tx, actor, job.leadId, { status: 'qualified', estimatedValue: 400, urgency: 'high' })
    await changeLead(tx, actor, job.leadId, { status: 'appointment_scheduled' })
    await changeLead(tx, actor, job.leadId, { status: 'completed', conversionValue: 385 })
  })

  // Nobody waits for the demo: the assistant answers at once, and later after the usual time.
  const patience = (seconds: number) =>
    sql('UPDATE business_settings SET ai_takeover_delay = $2 WHERE tenant_id = $1', [seconds])
  await patience(0)
  const drip = await rings(tom, 'busy', 'The tap in my kitchen drips')
  await until(async () => (await lines(drip.conversationId)) === 3)
  await patience(demoPatience)

  await rings('anonymous', 'nobody')
}
