import { type Call, pageV1, param, type Route } from './requests.ts'
import { notFound, RestError } from './rest-error.ts'
import { addService, addToService, poolView, serviceView } from './services.ts'
import type { IncomingNumber, Service } from './types.ts'

function requireService({ world, request, account }: Call): Service {
  const service = world.services.get(param(request, 'service'))
  if (!service || service.accountSid !== account.sid) throw notFound(request.url)
  return service
}

function requireInPool(call: Call): IncomingNumber {
  const sid = param(call.request, 'number')
  const number = call.world.numbers.get(sid)
  if (!number || !requireService(call).senders.has(sid)) throw notFound(call.request.url)
  return number
}

const settingsOf = (form: URLSearchParams): Record<string, string> => Object.fromEntries(form)

export const serviceRoutes: Route[] = [
  {
    method: 'POST',
    path: '/v1/Services',
    status: 201,
    handle({ world, account, form }) {
      if (!form.get('FriendlyName')) throw new RestError(20001, 'Missing required parameter FriendlyName in the post body')
      return serviceView(world, addService(world, { accountSid: account.sid, settings: settingsOf(form) }))
    },
  },
  {
    method: 'GET',
    path: '/v1/Services',
    handle: (call) =>
      pageV1(
        call,
        'services',
        [...call.world.services.values()].filter((one) => one.accountSid === call.account.sid),
        (one) => serviceView(call.world, one),
      ),
  },
  { method: 'GET', path: '/v1/Services/:service', handle: (call) => serviceView(call.world, requireService(call)) },
  {
    method: 'POST',
    path: '/v1/Services/:service',
    handle(call) {
      const service = requireService(call)
      Object.assign(service.settings, settingsOf(call.form))
      service.updatedAt = call.world.clock.now()
      return serviceView(call.world, service)
    },
  },
  {
    method: 'DELETE',
    path: '/v1/Services/:service',
    handle: (call) => void call.world.services.delete(requireService(call).sid),
  },
  {
    method: 'POST',
    path: '/v1/Services/:service/PhoneNumbers',
    status: 201,
    handle(call) {
      const service = requireService(call)
      const number = call.world.numbers.get(call.form.get('PhoneNumberSid') ?? '')
      if (!number || number.accountSid !== call.account.sid) throw notFound(call.request.url)
      addToService(call.world, service, number.sid)
      return poolView(call.world, service, number)
    },
  },
  {
    method: 'GET',
    path: '/v1/Services/:service/PhoneNumbers',
    handle(call) {
      const service = requireService(call)
      const numbers = [...service.senders].flatMap((sid) => call.world.numbers.get(sid) ?? [])
      return pageV1(call, 'phone_numbers', numbers, (one) => poolView(call.world, service, one))
    },
  },
  {
    method: 'GET',
    path: '/v1/Services/:service/PhoneNumbers/:number',
    handle: (call) => poolView(call.world, requireService(call), requireInPool(call)),
  },
  {
    method: 'DELETE',
    path: '/v1/Services/:service/PhoneNumbers/:number',
    handle: (call) => void requireService(call).senders.delete(requireInPool(call).sid),
  },
]
