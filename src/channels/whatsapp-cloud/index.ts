/** WhatsApp through Meta's Cloud API. The other files of this folder each hold one part of it; setup.md tells how to connect. */
import type { Channel } from '../../ports/channel.ts'
import { check, owns, syncTemplates } from './account.ts'
import { capabilities } from './capabilities.ts'
import type { ClientDeps } from './client.ts'
import { download } from './download.ts'
import { failureText } from './failures.ts'
import { parseWebhook } from './parse.ts'
import { markRead, send } from './send.ts'
import { setup } from './setup.ts'
import { openSignUp, readSignUp } from './sign-up.ts'
import { templateRules } from './template-rules.ts'
import { handshake, verify } from './webhook.ts'

export { GraphCallFailed } from './account.ts'
export { whatsAppCloudConfig, whatsAppCloudCredentials } from './config.ts'
export { failureText } from './failures.ts'
export {
  checkTemplateParameters,
  renderTemplateText,
  type TemplatePlaces,
  type TemplateProblem,
  templatePlaces,
} from './templates.ts'

/** `fetch` is the server's own guarded one (platform/outbound.ts). */
export function createWhatsAppCloud(given: { fetch: typeof fetch; now?: () => Date; random?: () => number }): Channel {
  const now = given.now ?? (() => new Date())
  const deps: ClientDeps = { fetch: given.fetch, now, random: given.random ?? Math.random }
  return {
    provider: 'whatsapp-cloud',
    channel: 'whatsapp',
    capabilities,
    verify,
    handshake,
    parse: (rawBody) => parseWebhook(rawBody, now),
    send: (account, message, options) => send(deps, account, message, options),
    download: (account, media, options) => download(deps, account, media, options),
    markRead: (account, externalId, options) => markRead(deps, account, externalId, options),
    syncTemplates: (account, options) => syncTemplates(deps, account, options),
    templates: templateRules,
    describeFailure: failureText,
    owns: (account, options) => owns(deps, account, options),
    check: (account, options) => check(deps, account, options),
    setup,
    signUp: {
      read: (app, code, options) => readSignUp(deps, app, code, options),
      open: (app, accounts, options) => openSignUp(deps, app, accounts, options),
    },
  }
}
