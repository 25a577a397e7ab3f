/** WhatsApp's message type for a file. */
export function kindOf(mimeType) {
  const kind = mimeType.split('/')[0]
  if (mimeType === 'image/webp') return 'sticker'
  return ['image', 'audio', 'video'].includes(kind) ? kind : 'document'
}

/** The bytes of a file as base64, without the data-URL head. */
export function readBase64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.addEventListener('load', () => resolve(String(reader.result).split(',')[1] ?? ''))
    reader.addEventListener('error', () => reject(reader.error))
    reader.readAsDataURL(file)
  })
}
