import { RestError } from './rest-error.ts'
import type { IncomingNumber, Json, Service } from './types.ts'
import { iso, newSid, type World } from './world.ts'

export type ServiceInput = {
  accountSid: string
  sid?: string
  /** By the API's names: FriendlyName, InboundRequestUrl, StatusCallback, UseInboundWebhookOnNumber … */
  settings?: Record<string, string>
  /** Sids of numbers and addresses on WhatsApp. */
  senders?: string[]
  /** Default true, as for new ones at Twilio. */
  advancedOptOut?: boolean
}

export function addService(world: World, input: ServiceInput): Service {
  const now = world.clock.now()
  const service: Service = {
    sid: input.sid ?? newSid(world, 'MG'),
    accountSid: input.accountSid,
    settings: { ...input.settings },
    senders: new Set(),
    advancedOptOut: input.advancedOptOut ?? true,
    createdAt: now,
    updatedAt: now,
  }
  world.services.set(service.sid, service)
  for (const sender of input.senders ?? []) addToService(world, service, sender)
  return service
}

/** A number is in one pool at most. */
export function addToService(world: World, service: Service, sender: string): void {
  const holder = serviceOf(world, sender)
  if (holder === service) throw new RestError(21710, undefined, 409)
  if (holder) throw new RestError(21712, undefined, 409)
  service.senders.add(sender)
  service.updatedAt = world.clock.now()
}

export const serviceOf = (world: World, sender: string): Service | undefined =>
  [...world.services.values()].find((one) => one.senders.has(sender))

/** The first that can reach this channel. */
export function senderFor(world: World, service: Service, channel: 'sms' | 'whatsapp'): string | undefined {
  for (const sender of service.senders) {
    if (channel === 'whatsapp' && sender.startsWith('whatsapp:')) return sender
    const number = world.numbers.get(sender)
    if (channel === 'sms' && number?.capabilities.sms) return number.phoneNumber
  }
  return undefined
}

const flag = (value: string | undefined, otherwise: boolean): boolean => (value === undefined ? otherwise : value === 'true')

export function serviceView(world: World, service: Service): Json {
  const { settings } = service
  const url = `${world.mountUrl()}/v1/Services/${service.sid}`
  return {
    account_sid: service.accountSid,
    sid: service.sid,
    date_created: iso(service.createdAt),
    date_updated: iso(service.updatedAt),
    friendly_name: settings.FriendlyName ?? '',
    inbound_request_url: settings.InboundRequestUrl ?? null,
    inbound_method: settings.InboundMethod ?? 'POST',
    fallback_url: settings.FallbackUrl ?? null,
    fallback_method: settings.FallbackMethod ?? 'POST',
    status_callback: settings.StatusCallback ?? null,
    sticky_sender: flag(settings.StickySender, true),
    mms_converter: flag(settings.MmsConverter, true),
    smart_encoding: flag(settings.SmartEncoding, true),
    fallback_to_long_code: flag(settings.FallbackToLongCode, true),
    area_code_geomatch: flag(settings.AreaCodeGeomatch, true),
    validity_period: Number(settings.ValidityPeriod ?? 36_000),
    scan_message_content: 'inherit',
    synchronous_validation: flag(settings.SynchronousValidation, false),
    usecase: settings.Usecase ?? 'undeclared',
    us_app_to_person_registered: false,
    use_inbound_webhook_on_number: flag(settings.UseInboundWebhookOnNumber, false),
    links: { phone_numbers: `${url}/PhoneNumbers`, channel_senders: `${url}/ChannelSenders` },
    url,
  }
}

export const poolView = (world: World, service: Service, number: IncomingNumber): Json => ({
  sid: number.sid,
  account_sid: service.accountSid,
  service_sid: service.sid,
  date_created: iso(number.createdAt),
  date_updated: iso(number.updatedAt),
  phone_number: number.phoneNumber,
  country_code: 'US',
  capabilities: Object.entries(number.capabilities)
    .filter(([, can]) => can)
    .map(([name]) => (name === 'voice' ? 'Voice' : name.toUpperCase())),
  url: `${world.mountUrl()}/v1/Services/${service.sid}/PhoneNumbers/${number.sid}`,
})
