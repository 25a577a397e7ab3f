/** What a person may see and change of their own. */
import { z } from 'zod'
import { code, email, newPassword } from './schema.ts'

const time = z.iso.datetime()
const personName = z.string().trim().max(100)

export const signUp = z
  .object({
    business: z
      .object({
        name: z.string().trim().min(1).max(255),
        timezone: z.string().max(64).default('UTC').describe('IANA name, Europe/Lisbon.'),
        language: z.string().max(35).default('en').describe('BCP 47 tag.'),
      })
      .strict(),
    firstName: personName.min(1),
    lastName: personName.default(''),
    email,
    password: newPassword,
    code: code.optional(),
  })
  .strict()
export const setupView = z
  .object({
    signUp: z
      .enum(['first', 'open', 'closed'])
      .describe('first: nobody is here yet; open: anybody may make a business; closed: by invitation.'),
    mail: z.boolean().describe('Whether this server can send mail: without, a forgotten password needs a colleague.'),
  })
  .meta({ id: 'Setup' })

export const sessionItem = z
  .object({
    id: z.uuid(),
    current: z.boolean(),
    createdAt: time,
    lastSeenAt: time.describe('To the minute.'),
    ip: z.string().nullable(),
    userAgent: z.string().nullable(),
    expiresAt: time,
  })
  .meta({ id: 'SessionItem' })
export type SessionItem = z.infer<typeof sessionItem>

export const presenceState = z.enum(['available', 'busy', 'away', 'offline'])
export type PresenceState = z.infer<typeof presenceState>
export const presenceView = z
  .object({
    status: presenceState.describe('What the person chose to show.'),
    isOnline: z.boolean().describe('Whether a live stream of theirs is open.'),
    lastSeenAt: time.nullable(),
  })
  .meta({ id: 'PersonPresence' })
export type PresenceView = z.infer<typeof presenceView>
export const putPresence = z.object({ status: presenceState }).strict()

export const preferences = z
  .object({
    notificationEmail: z.boolean(),
    notificationSms: z.boolean(),
    notificationPush: z.boolean(),
    aiTakeoverDelay: z
      .number()
      .int()
      .min(0)
      .max(3600)
      .nullable()
      .describe('Seconds an assistant waits for this person to answer. null: as the business.'),
  })
  .meta({ id: 'Preferences' })
export type Preferences = z.infer<typeof preferences>
export const patchPreferences = z.object(preferences.shape).partial().strict()
export type PatchPreferences = z.infer<typeof patchPreferences>

export const profileView = z
  .object({
    firstName: z.string().nullable(),
    lastName: z.string().nullable(),
    phoneNumber: z.string().nullable(),
    email: z.string().nullable().describe('Where colleagues reach this person; one signs in with the address of `user`.'),
  })
  .meta({ id: 'Profile' })
export type ProfileView = z.infer<typeof profileView>
export const meView = z
  .object({
    user: z.object({ id: z.uuid(), email: z.string(), name: z.string() }),
    profile: profileView.nullable().describe('In the business this session looks at; null where it looks at none.'),
    preferences,
    presence: presenceView,
    totp: z.boolean(),
    recoveryCodesLeft: z.number().int(),
  })
  .meta({ id: 'Me' })
export type MeView = z.infer<typeof meView>
export const patchMe = z
  .object({
    firstName: personName.optional(),
    lastName: personName.optional(),
    phoneNumber: z.string().trim().max(20).nullable().optional(),
    contactEmail: email.nullable().optional(),
  })
  .strict()
export type PatchMe = z.infer<typeof patchMe>

export const changePassword = z.object({ current: z.string().min(1).max(1000), next: newPassword }).strict()
export const provePassword = z.object({ password: z.string().min(1).max(1000) }).strict()
export const totpSecret = z
  .object({
    secret: z.string().describe('For typing; base32.'),
    uri: z.string().describe('otpauth://, for a QR code made on this page.'),
  })
  .meta({ id: 'TotpSecret' })
export const confirmTotp = z.object({ code }).strict()
export const recoveryCodes = z
  .object({ recoveryCodes: z.array(z.string()).describe('Each works once; shown this once.') })
  .meta({ id: 'RecoveryCodes' })

export const askPasswordReset = z.object({ email }).strict()
export const confirmPasswordReset = z.object({ token: z.string().min(1).max(200), password: newPassword }).strict()
