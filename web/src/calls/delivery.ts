import type { TextKey, Translate } from '../text/t.ts'

const known = new Set(['queued', 'sending', 'sent', 'delivered', 'read', 'failed'])

/** In the words of the marks of a thread. */
export const deliveryName = (status: string, t: Translate): string =>
  known.has(status) ? t(`mark.${status}` as TextKey) : status
