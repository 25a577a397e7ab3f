/** Colleagues and those who were invited to become some. */
import { z } from 'zod'
import { presenceView } from './people-schema.ts'
import { code, email, newPassword, role } from './schema.ts'

const time = z.iso.datetime()
const personName = z.string().trim().max(100)

export const memberView = z
  .object({
    id: z.uuid(),
    name: z.string(),
    email: z.string().nullable(),
    role,
    presence: presenceView,
    joinedAt: time,
  })
  .meta({ id: 'Member' })
export type MemberView = z.infer<typeof memberView>
export const patchMember = z
  .object({ role: role.optional(), firstName: personName.optional(), lastName: personName.optional() })
  .strict()
export type PatchMember = z.infer<typeof patchMember>
export const resetLink = z
  .object({ url: z.string().describe('To hand over; shown this once.'), expiresAt: time })
  .meta({ id: 'ResetLink' })

export const invitationView = z
  .object({
    id: z.uuid(),
    email: z.string(),
    role,
    invitedBy: z.string().describe('The name, as it was then.'),
    createdAt: time,
    expiresAt: time,
    state: z.enum(['open', 'accepted', 'expired', 'revoked']),
  })
  .meta({ id: 'Invitation' })
export type InvitationView = z.infer<typeof invitationView>
export const createInvitation = z.object({ email, role }).strict()
export const createdInvitation = invitationView
  .extend({ url: z.string().describe('To hand over; shown this once.') })
  .meta({ id: 'CreatedInvitation' })

const token = z.string().min(1).max(200).describe("What stands behind the # of the link's address.")
export const lookAtInvitation = z.object({ token }).strict()
export const invitationLook = z
  .object({
    business: z.string(),
    email: z.string(),
    role,
    knownPerson: z.boolean().describe('Signs in here already: accepts with their own password.'),
  })
  .meta({ id: 'InvitationLook' })
export const acceptInvitation = z
  .object({
    token,
    firstName: personName.optional(),
    lastName: personName.optional(),
    password: newPassword,
    code: code.optional(),
  })
  .strict()
export type AcceptInvitation = z.infer<typeof acceptInvitation>
