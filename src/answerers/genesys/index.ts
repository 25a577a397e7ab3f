/** Genesys Cloud by Open Messaging. The other files of this folder each hold one part of it; setup.md tells how to connect. */
import type { Logger } from '../../platform/log.ts'
import type { ContactCentre } from '../../ports/contact-centre.ts'
import type { ClientDeps } from './client.ts'
import { check, disconnect, state } from './conversation.ts'
import { createLimits } from './limits.ts'
import { parseWebhook } from './parse.ts'
import { receipt, send, typing } from './send.ts'
import { createTokens } from './token.ts'
import { verify } from './webhook.ts'

export { genesysConfig, genesysCredentials } from './config.ts'

/** `fetch` is the server's own guarded one (platform/outbound.ts). One for a server: tokens and limits are shared in it. */
export function createGenesys(given: {
  fetch: typeof fetch
  log: Logger
  now?: () => Date
  /** For each client. */
  callsPerMinute?: number
}): ContactCentre {
  const { fetch, log, now = () => new Date() } = given
  const tokens = createTokens({ fetch, log, now })
  const deps: ClientDeps = { fetch, log, now, tokens, limits: createLimits(given.callsPerMinute) }
  return {
    name: 'genesys',
    verify,
    parse: (rawBody) => parseWebhook(rawBody, now),
    send: (connection, line, options) => send(deps, connection, line, options),
    receipt: (connection, told, options) => receipt(deps, connection, told, options),
    typing: (connection, customer, options) => typing(deps, connection, customer, options),
    disconnect: (connection, conversationId, options) => disconnect(deps, connection, conversationId, options),
    state: (connection, conversationId, options) => state(deps, connection, conversationId, options),
    check: (connection, options) => check(deps, connection, options),
  }
}
