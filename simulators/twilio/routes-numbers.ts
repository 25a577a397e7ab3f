import { availableView, buyNumber, changeSettings, numberView, releaseNumber } from './numbers.ts'
import { type Call, page2010, param, query, type Route } from './requests.ts'
import { notFound } from './rest-error.ts'
import type { AvailableNumber, IncomingNumber } from './types.ts'

const path = '/2010-04-01/Accounts/:account/IncomingPhoneNumbers'

function numberOf({ world, request, account }: Call): IncomingNumber {
  const number = world.numbers.get(param(request, 'sid').replace(/\.json$/, ''))
  if (!number || number.accountSid !== account.sid) throw notFound(request.url)
  return number
}

const kinds = ['Local', 'Mobile', 'TollFree'] as const

/** `Contains`: digits, `*` for any one, at the end if there are fewer than seven. */
function contains(number: string, wanted: string | undefined): boolean {
  if (wanted === undefined) return true
  const pattern = wanted
    .replace(/[^0-9*+]/g, '')
    .replace(/[+]/g, '\\+')
    .replaceAll('*', '\\d')
  return new RegExp(pattern).test(number)
}

function matches(number: AvailableNumber, request: Call['request']): boolean {
  const is = (name: string, value: string | undefined): boolean =>
    query(request, name) === undefined || query(request, name)?.toLowerCase() === value?.toLowerCase()
  const can = (name: string, has: boolean): boolean =>
    query(request, name) === undefined || (query(request, name) === 'true') === has
  return (
    is('AreaCode', number.phoneNumber.slice(2, 5)) &&
    is('InRegion', number.region) &&
    is('InLocality', number.locality) &&
    is('InPostalCode', number.postalCode) &&
    can('SmsEnabled', number.capabilities.sms) &&
    can('MmsEnabled', number.capabilities.mms) &&
    can('VoiceEnabled', number.capabilities.voice) &&
    !(query(request, 'ExcludeAllAddressRequired') === 'true' && number.needs === 21631) &&
    contains(number.phoneNumber, query(request, 'Contains'))
  )
}

export const numberRoutes: Route[] = [
  ...kinds.map(
    (kind): Route => ({
      method: 'GET',
      path: `/2010-04-01/Accounts/:account/AvailablePhoneNumbers/:country/${kind}.json`,
      handle({ world, request }) {
        const size = Math.min(Number(query(request, 'PageSize') ?? 30) || 30, 1000)
        const found = world.available.filter(
          (one) => one.kind === kind && one.country === param(request, 'country') && matches(one, request),
        )
        return { available_phone_numbers: found.slice(0, size).map(availableView), uri: request.url }
      },
    }),
  ),
  {
    method: 'GET',
    path: `${path}.json`,
    handle({ world, request, account }) {
      const wanted = query(request, 'PhoneNumber')?.replaceAll('*', '')
      const name = query(request, 'FriendlyName')
      const mine = [...world.numbers.values()].filter(
        (one) =>
          one.accountSid === account.sid &&
          (wanted === undefined || one.phoneNumber.includes(wanted)) &&
          (name === undefined || one.friendlyName === name),
      )
      return page2010(request, 'incoming_phone_numbers', mine, numberView)
    },
  },
  {
    method: 'POST',
    path: `${path}.json`,
    status: 201,
    handle: ({ world, account, form }) => numberView(buyNumber(world, account, form)),
  },
  { method: 'GET', path: `${path}/:sid.json`, handle: (call) => numberView(numberOf(call)) },
  {
    method: 'POST',
    path: `${path}/:sid.json`,
    handle: (call) => numberView(changeSettings(call.world, numberOf(call), call.form)),
  },
  {
    method: 'DELETE',
    path: `${path}/:sid.json`,
    handle: (call) => releaseNumber(call.world, numberOf(call)),
  },
]
