/** What a webhook says, read by its channel: the same wherever it comes from, a request, a queue or the disk. Pure. */
import type { Channel } from '../ports/channel.ts'
import type { SignedWebhook } from './batch.ts'
import { consentSigns } from './consent-signs.ts'

export function readWebhook(
  channel: Channel,
  rawBody: Buffer,
  headers: Record<string, string>,
): Pick<SignedWebhook, 'parsed' | 'windowHours' | 'signs'> {
  const parsed = channel.parse(rawBody, headers)
  const signs = consentSigns(channel, parsed.events)
  return { parsed, windowHours: channel.capabilities.windowHours, ...(signs ? { signs } : {}) }
}
