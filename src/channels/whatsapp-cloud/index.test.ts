import { createHmac } from 'node:crypto'
import { channelConformance } from '../../ports/channel.conformance.ts'
import { FILE, FILE_ID, startGraph } from './graph.stand-in.ts'
import { createWhatsAppCloud } from './index.ts'
import { message, messages, status, statuses } from './sample-bodies.ts'

/** As the provider writes it: slashes and everything beyond ASCII escaped. */
const asSent = (body: unknown): Buffer => {
  const escaped = JSON.stringify(body).replaceAll('/', '\\/')
  return Buffer.from(escaped.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`))
}

channelConformance('WhatsApp Cloud', async () => {
  const graph = await startGraph()
  return {
    channel: createWhatsAppCloud({ fetch, random: () => 0.5 }),
    account: graph.account,
    to: [{ kind: 'wa_id', value: '15550001111', scope: '' }],
    sign: (rawBody, secret) => ({
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(rawBody).digest('hex')}`,
    }),
    webhooks: [
      asSent(messages(message('text', { body: 'Привет 😀 https://lind.example/a' }))),
      asSent(statuses(status('sent'), status('delivered', { note: 'a/b' }))),
    ],
    setMood: graph.setMood,
    taken: graph.taken,
    template: {
      body: { type: 'template', name: 'greeting', language: 'en', parameters: { body: { 1: 'Mara' }, buttons: {} } },
      templateComponents: [{ type: 'BODY', text: 'Hello {{1}}' }],
      templateParameterFormat: 'POSITIONAL',
    },
    incoming: { media: { externalId: FILE_ID }, content: FILE },
    close: graph.close,
  }
})
