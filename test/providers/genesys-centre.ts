/** Genesys at the wire against its simulator, for the suite that every contact centre passes. */

import { startGenesysSimulator } from '../../simulators/genesys/server.ts'
import { signBody } from '../../simulators/genesys/webhooks.ts'
import { createGenesys } from '../../src/answerers/genesys/index.ts'
import { createLogger } from '../../src/platform/log.ts'
import type { CentreHarness, CentreMood } from '../../src/ports/contact-centre.conformance.ts'

const CLIENT = { id: 'client-1', secret: 'CANARY-client-secret' }
const INTEGRATION = '2f1c6c4e-7f0a-4f0f-9a52-0d7d6a0b1c2d'

const moods: Record<Exclude<CentreMood, 'unreachable'>, string> = {
  accept: 'well',
  refuse: 'refuses',
  rate_limit: 'rateLimited',
  refuse_token: 'refusesToken',
  lack_permission: 'lacksPermission',
  down: 'down',
  break: 'broken',
  drop_before: 'losesRequests',
  drop_after: 'losesAnswers',
  silent: 'silent',
}

const channel = {
  id: INTEGRATION,
  platform: 'Open',
  type: 'Private',
  messageId: 'c0ffee00c0ffee00c0ffee00c0ffee00',
  to: { id: '15550107001', idType: 'Phone' },
  from: { nickname: 'Relay', id: INTEGRATION, idType: 'Opaque' },
  time: '2026-11-20T10:01:00.427Z',
}
const conversationId = '6a1f0c2e-1111-4222-8333-944455566677'
const spoken = {
  id: channel.messageId,
  channel,
  type: 'Text',
  text: 'Grüße 👩‍👩‍👧',
  originatingEntity: 'Human',
  direction: 'Outbound',
  conversationId,
}
const typing = { eventType: 'Typing', typing: { type: 'On', duration: 5000 } }

/** Starts the simulator; `unreachable` is a port at which nothing listens. */
export async function genesysHarness(): Promise<CentreHarness> {
  const running = await startGenesysSimulator({
    // The suite alone makes more calls than a minute allows.
    callsPerMinute: 100_000,
    fetchFiles: false,
    publishReceipts: false,
    clients: [CLIENT],
    integrations: [{ id: INTEGRATION, name: 'Relay', webhookUrl: 'http://127.0.0.1:9/', secret: 'webhook-secret-of-it' }],
  })
  const { simulator } = running
  const lines: string[] = []
  const log = createLogger({ level: 'DEBUG', write: (line) => lines.push(line) })
  const config = { apiUrl: running.apiUrl, loginUrl: running.loginUrl }
  return {
    make: () => createGenesys({ fetch, log, callsPerMinute: 100_000 }),
    connection: {
      tenantId: 't1',
      integrationId: INTEGRATION,
      config,
      credentials: { clientId: CLIENT.id, clientSecret: CLIENT.secret },
    },
    sign: (rawBody, secret) => ({ 'X-Hub-Signature-256': signBody(secret, rawBody) }),
    webhooks: [
      spoken,
      { ...spoken, type: 'Receipt', status: 'Published', text: undefined, direction: 'Inbound' },
      { ...spoken, id: 'e1', type: 'Event', text: undefined, events: [typing] },
      {
        ...spoken,
        id: 's1',
        type: 'Structured',
        content: [{ contentType: 'QuickReply', quickReply: { text: 'Ja', payload: 'y' } }],
      },
    ].map((body) => Buffer.from(JSON.stringify(body))),
    async setMood(mood) {
      if (mood !== 'unreachable') Object.assign(config, { apiUrl: running.apiUrl, loginUrl: running.loginUrl })
      else Object.assign(config, { apiUrl: 'http://127.0.0.1:9', loginUrl: 'http://127.0.0.1:9' })
      simulator.setMood(mood === 'unreachable' ? 'well' : moods[mood])
    },
    heard: () =>
      simulator.taken
        .filter(({ kind, repeated }) => !repeated && ['message', 'structured'].includes(kind))
        .map(({ messageId }) => messageId ?? ''),
    signIns: () => simulator.signIns,
    async endTokens() {
      simulator.revokeTokens()
    },
    async agentSays(id, text) {
      return simulator.say(id, { text })[0]?.id ?? ''
    },
    logged: () => lines.join('\n'),
    secrets: () => [
      CLIENT.secret,
      Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64'),
      ...simulator.world.tokens.keys(),
    ],
    close: running.close,
  }
}
