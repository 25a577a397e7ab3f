/** How much of the time in which free text may be sent is left. */
const HOUR_MS = 3_600_000
/** Under this the ring turns amber: time to answer. */
export const SOON_MS = 2 * HOUR_MS

export type ReplyWindow =
  | { state: 'free' }
  /** Nobody wrote yet, or the time is over: only templates. */
  | { state: 'closed' }
  | { state: 'open' | 'soon'; leftMs: number /** 0 to 1 of the whole window. */; share: number }

export function replyWindow(
  of: { windowRequired: boolean; windowExpiresAt: string | null },
  now: number,
  windowHours: number | null = 24,
): ReplyWindow {
  if (!of.windowRequired) return { state: 'free' }
  if (of.windowExpiresAt === null) return { state: 'closed' }
  const leftMs = Date.parse(of.windowExpiresAt) - now
  if (!(leftMs > 0)) return { state: 'closed' }
  const share = Math.min(1, leftMs / ((windowHours ?? 24) * HOUR_MS))
  return { state: leftMs < SOON_MS ? 'soon' : 'open', leftMs, share }
}
