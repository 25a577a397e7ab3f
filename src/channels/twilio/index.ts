/**
 * SMS and MMS, and WhatsApp, through Twilio: two channels that share everything but what they can carry
 * (docs/decisions/0015-two-channels-of-one-provider.md). setup.md tells how to connect.
 */
import { segmentsOf } from '../../kernel/segments.ts'
import type { Channel } from '../../ports/channel.ts'
import { check, missed, owns } from './account.ts'
import { smsCapabilities, whatsAppCapabilities } from './capabilities.ts'
import type { ClientDeps } from './client.ts'
import { syncTemplates, templateRules } from './contents.ts'
import { download } from './download.ts'
import { failureText } from './failures.ts'
import { parseWebhook } from './parse.ts'
import type { Carrier } from './render.ts'
import { findSent, send } from './send.ts'
import { setupOf } from './setup.ts'
import { isSigned } from './signature.ts'
import { webhookFor } from './webhook.ts'

export { twilioAddress, twilioConfig, twilioCredentials } from './config.ts'

export interface TwilioGiven {
  /** The server's own guarded one (platform/outbound.ts). */
  fetch: typeof fetch
  /** Under which Twilio reaches this server. */
  publicUrl: () => string
  now?: () => Date
  random?: () => number
}

export function createTwilioSms(given: TwilioGiven): Channel {
  const carrier: Carrier = { channel: 'sms', capabilities: smsCapabilities }
  return { provider: 'twilio', ...shared(given, carrier), countSegments: segmentsOf }
}

export function createTwilioWhatsApp(given: TwilioGiven): Channel {
  const carrier: Carrier = { channel: 'whatsapp', capabilities: whatsAppCapabilities }
  const deps = depsOf(given)
  return {
    provider: 'twilio-whatsapp',
    ...shared(given, carrier),
    syncTemplates: (account, options) => syncTemplates(deps, account, options),
    templates: templateRules,
  }
}

const depsOf = ({ fetch, publicUrl, now = () => new Date(), random = Math.random }: TwilioGiven): ClientDeps => ({
  fetch,
  publicUrl,
  now,
  random,
})

function shared(given: TwilioGiven, carrier: Carrier): Omit<Channel, 'provider'> {
  const deps = depsOf(given)
  return {
    channel: carrier.channel,
    capabilities: carrier.capabilities,
    webhook: webhookFor(carrier.channel),
    verify: isSigned,
    parse: (rawBody, headers) => parseWebhook(rawBody, headers, deps.now),
    send: (account, message, options) => send(deps, carrier, account, message, options),
    findSent: (account, message, options) => findSent(deps, carrier, account, message, options),
    missed: (account, options) => missed(deps, account, options),
    download: (account, media, options) => download(deps, account, media, options),
    describeFailure: failureText,
    owns: (account, options) => owns(deps, account, options),
    check: (account, options) => check(deps, account, options),
    setup: setupOf(carrier.channel),
  }
}
