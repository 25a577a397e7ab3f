import { RestError } from './rest-error.ts'
import type { Account, AvailableNumber, Capabilities, IncomingNumber, Json, Sender } from './types.ts'
import { newSid, rfc2822, type World } from './world.ts'

const everything: Capabilities = { voice: true, sms: true, mms: true }

export type NumberInput = {
  accountSid: string
  phoneNumber: string
  sid?: string
  capabilities?: Partial<Capabilities>
  /** By the API's names: SmsUrl, VoiceUrl, StatusCallback … */
  settings?: Record<string, string>
  a2pRegistered?: boolean
}

export function addNumber(world: World, input: NumberInput): IncomingNumber {
  const now = world.clock.now()
  const number: IncomingNumber = {
    sid: input.sid ?? newSid(world, 'PN'),
    accountSid: input.accountSid,
    phoneNumber: input.phoneNumber,
    friendlyName: input.settings?.FriendlyName ?? input.phoneNumber,
    capabilities: { ...everything, ...input.capabilities },
    settings: { SmsMethod: 'POST', VoiceMethod: 'POST', StatusCallbackMethod: 'POST', ...input.settings },
    a2pRegistered: input.a2pRegistered ?? true,
    createdAt: now,
    updatedAt: now,
  }
  world.numbers.set(number.sid, number)
  return number
}

export function addSender(world: World, sender: Sender): Sender {
  world.senders.set(sender.address, sender)
  return sender
}

export const numberAt = (world: World, phoneNumber: string): IncomingNumber | undefined =>
  [...world.numbers.values()].find((one) => one.phoneNumber === phoneNumber)

export const settingNames = [
  ...['FriendlyName', 'SmsUrl', 'SmsMethod', 'SmsFallbackUrl', 'SmsFallbackMethod', 'SmsApplicationSid'],
  ...['VoiceUrl', 'VoiceMethod', 'VoiceFallbackUrl', 'VoiceFallbackMethod', 'VoiceApplicationSid', 'VoiceCallerIdLookup'],
  ...['StatusCallback', 'StatusCallbackMethod', 'TrunkSid', 'AddressSid', 'BundleSid', 'IdentitySid'],
  ...['EmergencyStatus', 'EmergencyAddressSid', 'VoiceReceiveMode'],
] as const

export function changeSettings(world: World, number: IncomingNumber, form: URLSearchParams): IncomingNumber {
  for (const name of settingNames) {
    const value = form.get(name)
    if (value !== null) number.settings[name] = value
  }
  number.friendlyName = number.settings.FriendlyName ?? number.friendlyName
  number.updatedAt = world.clock.now()
  return number
}

/** Buys a number, by itself or the first of an area. */
export function buyNumber(world: World, account: Account, form: URLSearchParams): IncomingNumber {
  if (account.trial && [...world.numbers.values()].some((one) => one.accountSid === account.sid)) throw new RestError(21404)
  const wanted = form.get('PhoneNumber')
  const area = form.get('AreaCode')
  if (wanted !== null && !/^\+[1-9]\d{6,14}$/.test(wanted)) throw new RestError(21421, `${wanted} is not a valid phone number`)
  const found = world.available.find((one) =>
    wanted === null ? one.kind === 'Local' && one.phoneNumber.slice(2, 5) === area : one.phoneNumber === wanted,
  )
  if (!found) throw new RestError(wanted === null ? 21452 : 21422)
  if (found.needs === 21649 && !form.get('BundleSid')) throw new RestError(21649)
  if (found.needs === 21631 && !form.get('AddressSid')) throw new RestError(21631)
  world.available.splice(world.available.indexOf(found), 1)
  const { phoneNumber, capabilities } = found
  const number = addNumber(world, { accountSid: account.sid, phoneNumber, capabilities, a2pRegistered: true })
  number.offered = found
  return changeSettings(world, number, form)
}

/** It may be bought again. */
export function releaseNumber(world: World, number: IncomingNumber): void {
  world.numbers.delete(number.sid)
  for (const service of world.services.values()) service.senders.delete(number.sid)
  const { phoneNumber, capabilities } = number
  world.available.push(number.offered ?? { phoneNumber, capabilities, kind: 'Local', country: 'US' })
}

export const capabilitiesView = ({ voice, sms, mms }: Capabilities): Json => ({ voice, sms, mms, fax: false })

export function numberView(number: IncomingNumber): Json {
  const { settings, sid, accountSid } = number
  const text = (name: string): string | null => settings[name] ?? null
  return {
    account_sid: accountSid,
    address_sid: text('AddressSid'),
    address_requirements: 'none',
    api_version: '2010-04-01',
    beta: false,
    capabilities: capabilitiesView(number.capabilities),
    date_created: rfc2822(number.createdAt),
    date_updated: rfc2822(number.updatedAt),
    friendly_name: number.friendlyName,
    identity_sid: text('IdentitySid'),
    phone_number: number.phoneNumber,
    origin: 'twilio',
    sid,
    sms_application_sid: text('SmsApplicationSid'),
    sms_fallback_method: settings.SmsFallbackMethod ?? 'POST',
    sms_fallback_url: settings.SmsFallbackUrl ?? '',
    sms_method: settings.SmsMethod ?? 'POST',
    sms_url: settings.SmsUrl ?? '',
    status_callback: settings.StatusCallback ?? '',
    status_callback_method: settings.StatusCallbackMethod ?? 'POST',
    trunk_sid: text('TrunkSid'),
    uri: `/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers/${sid}.json`,
    voice_receive_mode: settings.VoiceReceiveMode ?? 'voice',
    voice_application_sid: text('VoiceApplicationSid'),
    voice_caller_id_lookup: settings.VoiceCallerIdLookup === 'true',
    voice_fallback_method: settings.VoiceFallbackMethod ?? 'POST',
    voice_fallback_url: settings.VoiceFallbackUrl ?? '',
    voice_method: settings.VoiceMethod ?? 'POST',
    voice_url: settings.VoiceUrl ?? '',
    emergency_status: settings.EmergencyStatus ?? 'Inactive',
    emergency_address_sid: text('EmergencyAddressSid'),
    emergency_address_status: 'unregistered',
    bundle_sid: text('BundleSid'),
    status: 'in-use',
  }
}

export const availableView = (number: AvailableNumber): Json => ({
  address_requirements: number.needs === 21631 ? 'any' : 'none',
  beta: false,
  capabilities: { voice: number.capabilities.voice, SMS: number.capabilities.sms, MMS: number.capabilities.mms },
  friendly_name: number.phoneNumber.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, '($1) $2-$3'),
  iso_country: number.country,
  lata: null,
  latitude: null,
  locality: number.locality ?? null,
  longitude: null,
  phone_number: number.phoneNumber,
  postal_code: number.postalCode ?? null,
  rate_center: null,
  region: number.region ?? null,
})
