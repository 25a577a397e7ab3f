import type { Capabilities } from '../../ports/channel.ts'

const KB = 1024
const MB = 1024 * KB

/** Characters of a message's body, on both channels. */
const maxText = 1600

/**
 * Carriers take pictures of 5 MB, which Twilio makes smaller where one wants less; other files pass as they are, and only up
 * to the 600 KB that the strictest carrier takes.
 */
export const smsCapabilities = {
  send: ['text', 'image', 'video', 'audio', 'document', 'link'],
  windowHours: null,
  templates: false,
  readMarks: false,
  typing: false,
  replies: false,
  // What every long code has; toll-free numbers, short codes and registered senders may be given more in the account's settings.
  pace: { perSecond: 1, burst: 1 },
  pairPace: { everyMs: 0, burst: 1 },
  media: {
    image: { maxBytes: 5 * MB, mimeTypes: ['image/jpeg', 'image/png', 'image/gif'] },
    video: { maxBytes: 600 * KB, mimeTypes: ['video/mp4', 'video/3gpp', 'video/quicktime'] },
    audio: { maxBytes: 600 * KB, mimeTypes: ['audio/mpeg', 'audio/mp4', 'audio/ogg', 'audio/amr', 'audio/3gpp'] },
    document: { maxBytes: 600 * KB, mimeTypes: ['application/pdf', 'text/vcard', 'text/calendar', 'text/plain'] },
  },
  maxText,
  carrierKeywords: true,
} as const satisfies Capabilities

/** One file to a message, of 16 MB at most. */
export const whatsAppCapabilities = {
  send: ['text', 'image', 'video', 'audio', 'document', 'sticker', 'template', 'location', 'link'],
  windowHours: 24,
  templates: true,
  readMarks: false,
  typing: false,
  replies: false,
  pace: { perSecond: 80, burst: 80 },
  pairPace: { everyMs: 6_000, burst: 45 },
  media: {
    image: { maxBytes: 5 * MB, mimeTypes: ['image/jpeg', 'image/png'] },
    video: { maxBytes: 16 * MB, mimeTypes: ['video/mp4', 'video/3gpp'] },
    audio: { maxBytes: 16 * MB, mimeTypes: ['audio/aac', 'audio/amr', 'audio/mpeg', 'audio/mp4', 'audio/ogg'] },
    document: {
      maxBytes: 16 * MB,
      mimeTypes: [
        'application/pdf',
        'application/msword',
        'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
        'application/vnd.ms-excel',
        'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
        'application/vnd.ms-powerpoint',
        'application/vnd.openxmlformats-officedocument.presentationml.presentation',
        'text/vcard',
      ],
    },
    sticker: { maxBytes: 500 * KB, mimeTypes: ['image/webp'] },
  },
  maxText,
} as const satisfies Capabilities
