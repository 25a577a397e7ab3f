/** From calls to jobs in numbers: a known day of calls, and every number of the report is the count of the events that say it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { report } from '../../src/app/report.ts'
import type { CallView } from '../../src/calls/schema.ts'
import type { Funnel } from '../../src/reports/schema.ts'
import { digits } from '../world/arrange.ts'
import { countEvents, funnelDifferences } from '../world/funnel-events.ts'
import { startTelephones, type Telephones } from '../world/telephones.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
let phones: Telephones
beforeAll(async () => {
  world = await createWorld()
  phones = await startTelephones(world)
  await world.api('PATCH', '/business', { timezone: 'Pacific/Kiritimati' }, 'owner')
  await world.api('PATCH', '/business/calls', { forwardTo: '+14155550001', ringSeconds: 5 }, 'owner')
})
afterAll(async () => {
  await phones?.close()
  await world?.close()
})

const today = () => new Intl.DateTimeFormat('sv-SE', { timeZone: 'Pacific/Kiritimati' }).format(new Date())
const funnel = async (query = '') => (await world.api<Funnel>('GET', `/reports/funnel${query}`, undefined, 'owner')).body
const callOf = (sid: string): Promise<CallView> =>
  until('the call is decided', async () => {
    const { body } = await world.api<{ items: CallView[] }>('GET', '/calls?limit=100')
    return body.items.find((one) => one.callSid === sid && one.processed)
  })
async function missed(phone: string): Promise<CallView> {
  const call = phones.rings(phone, { kind: 'nobody', afterMs: 20 })
  await phones.over(call)
  return await callOf(call.sid)
}
async function replies(from: string, call: CallView, body: string): Promise<void> {
  await until('the text is there', () => phones.texts(from).length > 0)
  phones.simulator.customerSends({ from, to: phones.number, body })
  await until('the answer is there', async () => {
    const { rows } = await world.database.owner.query(
      `SELECT FROM messages WHERE conversation_id = $1 AND direction = 'inbound' AND content = $2`,
      [call.conversationId, body],
    )
    return rows.length === 1
  })
}
const says = (call: CallView, text: string) =>
  world.api('POST', `/conversations/${call.conversationId}/messages`, { body: { type: 'text', text } })
async function moves(call: CallView, patch: object): Promise<void> {
  expect((await world.api('PATCH', `/leads/${call.leadId}`, patch)).status).toBe(200)
}

describe('the funnel', () => {
  test('of a business that nobody has called is nothing, on every day', async () => {
    const empty = await funnel()
    expect(empty).toMatchObject({ zone: 'Pacific/Kiritimati', to: today(), lost: [] })
    expect([empty.days.length, ...Object.values(empty.all)]).toEqual([30, ...Array(12).fill(0)])
  })

  test('counts a known day of calls, and each number is that of the events in the log', async () => {
    const stranger = () => `+14156${digits(6)}`
    // Answered; hidden; and one who calls three times and has one text and one lead.
    await phones.over(phones.rings(stranger(), { kind: 'person', talkMs: 30 }))
    await missed('anonymous')
    const often = stranger()
    for (let n = 0; n < 3; n++) await missed(often)
    // Who answers the text, and with whom a person talks.
    const [silent, chatty, won, tooDear, changed] = [stranger(), stranger(), stranger(), stranger(), stranger()]
    await missed(silent)
    await replies(chatty, await missed(chatty), 'Is somebody there?')
    const job = await missed(won)
    await replies(won, job, 'The boiler is cold')
    await says(job, 'We come at two.')
    await moves(job, { status: 'qualified', estimatedValue: 400 })
    await moves(job, { status: 'appointment_scheduled' })
    await moves(job, { status: 'completed', conversionValue: 385.5 })
    const dear = await missed(tooDear)
    await replies(tooDear, dear, 'How much is a tap?')
    await says(dear, '90 dollars.')
    await moves(dear, { status: 'qualified', estimatedValue: 90 })
    await moves(dear, { status: 'lost', lostReason: 'Too dear' })
    // Somebody is heard before they reply; and who was moved on by mistake is moved back.
    const back = await missed(changed)
    await says(back, 'Hello?')
    await moves(back, { status: 'qualified' })
    await moves(back, { status: 'new' })
    const { all, lost, days } = await funnel()
    expect(all).toEqual({
      ...{ calls: 10, missed: 9, texted: 6, replied: 3, talked: 2 },
      ...{ leads: 7, qualified: 2, scheduled: 1, completed: 1, lost: 1 },
      ...{ estimatedValue: 490, wonValue: 385.5 },
    })
    expect(lost).toEqual([{ reason: 'Too dear', leads: 1, estimatedValue: 90 }])
    expect(days.at(-1)).toEqual({ date: today(), ...all })
    const { estimatedValue: _, wonValue: __, ...counts } = all
    expect(await countEvents(world.database.owner, world.business.tenantId)).toEqual(counts)
  })

  test('two leads that become one are counted once, and again twice when they are separated', async () => {
    const phone = `+14156${digits(6)}`
    const first = await missed(phone)
    await moves(first, { status: 'lost', lostReason: 'No answer' })
    const second = await missed(phone)
    expect(second.leadId).not.toBe(first.leadId)
    expect((await funnel()).all.leads).toBe(9)
    await world.api('POST', `/leads/${second.leadId}/join`, { leadId: first.leadId })
    expect((await funnel()).all).toMatchObject({ leads: 8, lost: 1 })
    expect(await funnelDifferences(world.database.owner, world.business.tenantId)).toEqual([])
    await world.api('POST', `/leads/${first.leadId}/separate`, {})
    expect((await funnel()).all).toMatchObject({ leads: 9, lost: 2 })
    expect(await funnelDifferences(world.database.owner, world.business.tenantId)).toEqual([])
  })

  test('is asked by day of the business, taken out as a file, and printed', async () => {
    await world.database.owner.query(
      `UPDATE calls SET start_time = start_time - interval '40 days' WHERE caller_kind = 'withheld'`,
    )
    expect((await funnel()).all.calls).toBe(11)
    const before = new Date(Date.parse(today()) - 40 * 86_400_000).toISOString().slice(0, 10)
    expect((await funnel(`?from=${before}&to=${before}`)).all).toMatchObject({ calls: 1, missed: 1, texted: 0, leads: 1 })
    expect((await funnel(`?from=${before}`)).all.calls).toBe(12)
    for (const wrong of ['from=2030-01-02&to=2030-01-01', 'from=yesterday', 'from=2028-01-01&to=2030-01-01'])
      expect((await world.api('GET', `/reports/funnel?${wrong}`, undefined, 'owner')).status).toBe(400)
    expect((await world.api('GET', '/reports/funnel', undefined, 'agent')).status).toBe(403)
    const other = await world.addBusiness('Another')
    const theirs = await world.api<Funnel>('GET', '/reports/funnel', undefined, other.people.owner)
    expect([theirs.status, theirs.body.all.calls]).toEqual([200, 0])
    const file = await fetch(`${world.url}/api/reports/funnel/export?from=${before}`, {
      headers: { cookie: world.business.people.owner.cookie },
    })
    expect(file.headers.get('content-disposition')).toContain('funnel.csv')
    const lines = (await file.text()).trim().split('\n')
    expect(lines[0]).toBe(
      'date,calls,missed,texted,replied,talked,leads,qualified,scheduled,completed,lost,estimated_value,won_value',
    )
    expect([lines.length, lines.at(-1)]).toEqual([43, `${before} – ${today()},12,11,7,3,2,9,2,1,1,2,490,385.5`])
    const said: string[] = []
    const printed = { days: 41, limit: 50, business: world.business.tenantId }
    await report(world.app.db, 'funnel', printed, (line) => said.push(line))
    expect(said[0]?.split('\n').at(-1)).toMatch(/^all +12 +11 +7 +3 +2 +9 +2 +1 +1 +2 +490 +385\.5$/)
    expect(said[0]?.split('\n')).toHaveLength(43)
    await expect(report(world.app.db, 'funnel', { ...printed, from: 'x' }, () => {})).rejects.toThrow('are days')
  })
})
