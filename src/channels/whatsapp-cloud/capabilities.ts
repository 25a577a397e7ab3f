import type { Capabilities } from '../../ports/channel.ts'

const MB = 1024 * 1024

/** What the Cloud API takes, as its reference states it ("Supported media types", "Throughput", "Pair rate limits"). */
export const capabilities = {
  send: [
    'text',
    'image',
    'video',
    'audio',
    'document',
    'sticker',
    'template',
    'location',
    'contacts',
    'reaction',
    'buttons',
    'list',
    'link',
  ],
  windowHours: 24,
  templates: true,
  readMarks: true,
  typing: true,
  replies: true,
  // The provider raises a number to 1,000 a second by itself; 80 is what every number has.
  pace: { perSecond: 80, burst: 80 },
  pairPace: { everyMs: 6_000, burst: 45 },
  media: {
    image: { maxBytes: 5 * MB, mimeTypes: ['image/jpeg', 'image/png'] },
    video: { maxBytes: 16 * MB, mimeTypes: ['video/mp4', 'video/3gpp'] },
    audio: { maxBytes: 16 * MB, mimeTypes: ['audio/aac', 'audio/amr', 'audio/mpeg', 'audio/mp4', 'audio/ogg'] },
    document: {
      maxBytes: 100 * MB,
      mimeTypes: [
        'text/plain',
        'application/pdf',
        'application/msword',
        'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
        'application/vnd.ms-excel',
        'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
        'application/vnd.ms-powerpoint',
        'application/vnd.openxmlformats-officedocument.presentationml.presentation',
      ],
    },
    // An animated sticker may have 500 KB, a still one 100 KB; which it is only its bytes tell.
    sticker: { maxBytes: 500 * 1024, mimeTypes: ['image/webp'] },
  },
  maxText: 4096,
} as const satisfies Capabilities

/** 100 KB: see `media.sticker`. */
export const MAX_STILL_STICKER_BYTES = 100 * 1024
