import type { Json, Message, StoredMedia } from './types.ts'
import { newSid, rfc2822, type World } from './world.ts'

export const storeMedia = (world: World, contentType: string, bytes: Buffer): StoredMedia => ({
  sid: newSid(world, 'ME'),
  contentType,
  bytes,
  createdAt: world.clock.now(),
})

/** Twilio fetches what is to be sent from the address it was given, without credentials. */
export async function fetchInto(
  world: World,
  message: Message,
): Promise<{ code: number; status: 'failed' | 'undelivered' } | undefined> {
  if (!world.settings.fetchMedia) return undefined
  for (const url of message.mediaUrls) {
    try {
      const response = await world.settings.fetch(url, { signal: AbortSignal.timeout(15_000) })
      if (!response.ok) throw new Error(String(response.status))
      const type = response.headers.get('content-type') ?? 'application/octet-stream'
      message.media.push(storeMedia(world, type, Buffer.from(await response.arrayBuffer())))
    } catch {
      // The code of the messaging side is one of the debugger; WhatsApp has its own.
      return { code: message.channel === 'whatsapp' ? 63019 : 11200, status: 'failed' }
    }
  }
  return undefined
}

/** Absolute, without `.json`: the file itself. */
export const mediaUrl = (world: World, message: Message, media: StoredMedia): string =>
  `${world.mountUrl()}/2010-04-01/Accounts/${message.accountSid}/Messages/${message.sid}/Media/${media.sid}`

export const mediaView = (message: Message, media: StoredMedia): Json => ({
  account_sid: message.accountSid,
  content_type: media.contentType,
  date_created: rfc2822(media.createdAt),
  date_updated: rfc2822(media.createdAt),
  parent_sid: message.sid,
  sid: media.sid,
  uri: `/2010-04-01/Accounts/${message.accountSid}/Messages/${message.sid}/Media/${media.sid}.json`,
})
