import { en } from '../../text/en.ts'
import type { TextKey, Translate } from '../../text/t.ts'

/** What a message without words is called: Image, Voice message … */
export function typeName(type: string, t: Translate): string {
  const key = `media.${type}`
  return Object.hasOwn(en, key) ? t(key as TextKey) : t('message.unknown', { type })
}
