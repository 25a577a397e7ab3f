/** A channel whose provider does what the test says, in process: for the core's own tests. Journeys use the simulators. */
import type { Channel, OutboundMessage, SendResult } from '../../src/ports/channel.ts'

export interface ScriptedChannel extends Channel {
  sent: OutboundMessage[]
  /** Answers in this order; afterwards everything is accepted. A function may wait or throw. */
  script: (SendResult | ((message: OutboundMessage) => Promise<SendResult>))[]
}

export function scriptedChannel(options: { pairEveryMs?: number; perSecond?: number } = {}): ScriptedChannel {
  const sent: OutboundMessage[] = []
  const script: ScriptedChannel['script'] = []
  return {
    sent,
    script,
    provider: 'whatsapp-cloud',
    channel: 'whatsapp',
    capabilities: {
      send: ['text', 'image', 'template', 'reaction', 'location'],
      windowHours: 24,
      templates: true,
      readMarks: true,
      typing: true,
      replies: true,
      pace: { perSecond: options.perSecond ?? 1000, burst: options.perSecond ?? 1000 },
      pairPace: { everyMs: options.pairEveryMs ?? 0, burst: 45 },
      media: {},
      maxText: 4096,
    },
    verify: () => true,
    parse: () => ({ events: [], label: 'none' }),
    async send(_account, message) {
      sent.push(message)
      const next = script.shift()
      if (typeof next === 'function') return await next(message)
      return next ?? { outcome: 'accepted', externalId: `wamid.out.${message.messageId}` }
    },
  }
}
