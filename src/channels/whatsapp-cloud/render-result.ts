/** Results of rendering, and what a file must be to be sent: shared by the render files. */

import type { Json } from '../../kernel/read.ts'
import type { SendHint } from '../../ports/channel.ts'
import type { OutboundBody } from '../../ports/message.ts'
import { capabilities, MAX_STILL_STICKER_BYTES } from './capabilities.ts'

type MediaBody = Extract<OutboundBody, { mediaId: string }>

export type Rejection = { ok: false; code: string; text: string; hint?: SendHint }
export type Part = { ok: true; part: Json } | Rejection

export const rejected = (code: string, text: string): Rejection => ({ ok: false, code, text })
export const part = (value: Json): Part => ({ ok: true, part: value })

export const tooLong = (what: string, text: string, max: number): Rejection =>
  rejected('too_long', `${what} has ${text.length} characters; WhatsApp takes ${max}.`)

export const baseMimeType = (mimeType: string): string => (mimeType.split(';')[0] ?? '').trim().toLowerCase()

/** Kind and size, before any byte of it is sent. */
export function checkFile(type: MediaBody['type'], file: { mimeType: string; byteSize: number }): Rejection | undefined {
  const limit: { maxBytes: number; mimeTypes: readonly string[] } = capabilities.media[type]
  if (!limit.mimeTypes.includes(baseMimeType(file.mimeType))) {
    return rejected(
      'file_type',
      `WhatsApp does not take ${baseMimeType(file.mimeType)} as ${type}. It takes ${limit.mimeTypes.join(', ')}.`,
    )
  }
  if (file.byteSize > limit.maxBytes) {
    return rejected('file_too_large', `The file has ${file.byteSize} bytes; WhatsApp takes ${limit.maxBytes} as ${type}.`)
  }
  return file.byteSize === 0 ? rejected('file_empty', 'The file is empty.') : undefined
}

/** A sticker's own limit depends on whether it moves: an animated WebP has an ANIM chunk near its start. */
export function checkSticker(content: Buffer): Rejection | undefined {
  const isAnimated = content.subarray(0, 64).includes('ANIM')
  return isAnimated || content.length <= MAX_STILL_STICKER_BYTES
    ? undefined
    : rejected('file_too_large', `A sticker that does not move may have ${MAX_STILL_STICKER_BYTES} bytes.`)
}
