/**
 * The links behind an agent desktop's widget: what a link opens, signed by the business's own key, so that the desktop's
 * back end can write one without asking. `parley_widget_<payload>.<signature>`, both base64url; the signature is HMAC-SHA256
 * over the payload's text as it stands in the link. Pure.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

const prefix = 'parley_widget_'
export const longestLifeSeconds = 365 * 86_400

export const widgetClaims = z
  .object({
    /** tenants.id */
    business: z.uuid(),
    /** One of these says whom it is about; `desk` leaves that to the page's address, for desktops that fill in the id themselves. */
    conversation: z.uuid().optional(),
    contact: z.uuid().optional(),
    centreConversation: z.string().min(1).max(100).optional(),
    phone: z
      .string()
      .regex(/^\+?\d{5,20}$/)
      .optional(),
    desk: z.literal(true).optional(),
    /** A file's own link, as the widget's answers carry them. */
    media: z.uuid().optional(),
    /** Who works with it, for the log of what was sent. */
    agent: z.string().min(1).max(80).optional(),
    /** Whether templates may be sent with it. */
    send: z.boolean().optional(),
    /** Unix time in seconds. */
    exp: z.number().int().positive(),
  })
  .strict()
  .refine(
    (claims) =>
      [claims.conversation, claims.contact, claims.centreConversation, claims.phone, claims.desk, claims.media].filter(Boolean)
        .length === 1,
    'names exactly one of conversation, contact, centreConversation, phone, desk, media',
  )
export type WidgetClaims = z.infer<typeof widgetClaims>

const signature = (payload: string, key: string): Buffer => createHmac('sha256', key).update(payload).digest()

export function signWidget(claims: WidgetClaims, key: string): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
  return `${prefix}${payload}.${signature(payload, key).toString('base64url')}`
}

/** What a link claims, before anybody knows whether it may: enough to look up whose key has to have signed it. */
export function readWidget(token: string): { claims: WidgetClaims; payload: string; given: Buffer } | null {
  if (!token.startsWith(prefix) || token.length > 4000) return null
  const [payload = '', stated = '', ...others] = token.slice(prefix.length).split('.')
  if (others.length > 0 || !/^[\w-]+$/.test(payload) || !/^[\w-]{43}$/.test(stated)) return null
  try {
    const claims = widgetClaims.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')))
    return claims.success ? { claims: claims.data, payload, given: Buffer.from(stated, 'base64url') } : null
  } catch {
    return null
  }
}

/** In constant time. An expiry further off than any link may have is none. */
export function holds(read: NonNullable<ReturnType<typeof readWidget>>, key: string, now: Date): boolean {
  const expected = signature(read.payload, key)
  const left = read.claims.exp - now.getTime() / 1000
  return timingSafeEqual(expected, read.given) && left > 0 && left <= longestLifeSeconds
}
