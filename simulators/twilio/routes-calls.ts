/** Calls as the API has them: each caller's leg, and each telephone of the business that was rung for it. */
import { instant } from './messages.ts'
import { page2010, param, query, type Route } from './requests.ts'
import { notFound } from './rest-error.ts'
import type { Call, DialledLeg, Json } from './types.ts'
import { rfc2822, type World } from './world.ts'

const path = '/2010-04-01/Accounts/:account/Calls'

/** A leg of either kind, with what is common to both. */
type Leg = {
  sid: string
  parentSid: string | null
  accountSid: string
  from: string
  to: string
  status: string
  direction: 'inbound' | 'outbound-dial'
  startedAt: number
  endedAt: number | null
  seconds: number
}

/** A call begins with its caller's leg; legs that it rang come after it. */
function legsOf(call: Call): Leg[] {
  const { sid, accountSid, from, to, status, startedAt, endedAt, answeredAt } = call
  const seconds = endedAt === null || answeredAt === null ? 0 : Math.round((endedAt - answeredAt) / 1000)
  const dialled = call.dialled.map((leg: DialledLeg): Leg => {
    const of = { sid: leg.sid, parentSid: sid, accountSid, from: leg.callerId, to: leg.to, status: leg.status }
    return { ...of, direction: 'outbound-dial', startedAt: leg.startedAt, endedAt: leg.endedAt, seconds: leg.seconds }
  })
  return [{ sid, parentSid: null, accountSid, from, to, status, direction: 'inbound', startedAt, endedAt, seconds }, ...dialled]
}

const all = (world: World, accountSid: string): Leg[] =>
  [...world.calls.values()].filter((call) => call.accountSid === accountSid).flatMap(legsOf)

function callView(leg: Leg): Json {
  return {
    account_sid: leg.accountSid,
    api_version: '2010-04-01',
    caller_name: null,
    date_created: rfc2822(leg.startedAt),
    date_updated: rfc2822(leg.endedAt ?? leg.startedAt),
    direction: leg.direction,
    duration: leg.endedAt === null ? null : String(leg.seconds),
    end_time: leg.endedAt === null ? null : rfc2822(leg.endedAt),
    from: leg.from,
    parent_call_sid: leg.parentSid,
    price: null,
    price_unit: 'USD',
    sid: leg.sid,
    start_time: rfc2822(leg.startedAt),
    status: leg.status,
    to: leg.to,
    uri: `/2010-04-01/Accounts/${leg.accountSid}/Calls/${leg.sid}.json`,
  }
}

export const callRoutes: Route[] = [
  {
    method: 'GET',
    path: `${path}.json`,
    handle({ world, request, account }) {
      const given = (name: string) => query(request, name) || undefined
      const [to, from, parent, status] = ['To', 'From', 'ParentCallSid', 'Status'].map(given)
      const since = instant(given('StartTime>') ?? given('StartTime'), 0)
      const until = instant(given('StartTime<') ?? given('StartTime'), given('StartTime') ? 86_400_000 - 1 : 0)
      const found = all(world, account.sid).filter(
        (leg) =>
          (to === undefined || leg.to === to) &&
          (from === undefined || leg.from === from) &&
          (parent === undefined || leg.parentSid === parent) &&
          (status === undefined || leg.status === status) &&
          (since === undefined || leg.startedAt >= since) &&
          (until === undefined || leg.startedAt <= until),
      )
      // Newest first.
      return page2010(request, 'calls', found.reverse(), callView)
    },
  },
  {
    method: 'GET',
    path: `${path}/:call.json`,
    handle({ world, request, account }) {
      const found = all(world, account.sid).find(({ sid }) => sid === param(request, 'call'))
      if (!found) throw notFound(request.url)
      return callView(found)
    },
  },
]
