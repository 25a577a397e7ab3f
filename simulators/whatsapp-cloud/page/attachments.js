/** WhatsApp's message type for a file. */
export function kindOf(mimeType) {
  const kind = mimeType.split('/')[0]
  if (mimeType === 'image/webp') return 'sticker'
  return ['image', 'audio', 'video'].includes(kind) ? kind : 'document'
}
