/** What sign-in and API keys take and give. The rest: people-schema.ts, team-schema.ts, business-schema.ts. */
import { z } from 'zod'
import { actions } from './can.ts'
import { role } from './roles.ts'

export { type Role, role } from './roles.ts'

export const email = z.email().max(320)
/** The rules about what is in it are in rules.ts; this keeps out what no rule needs to see. */
export const newPassword = z.string().min(1).max(1000)
export const code = z.string().trim().min(6).max(40).describe('Six digits from the authenticator, or a recovery code.')

export const signIn = z.object({ email, password: z.string().min(1).max(1000), code: code.optional() }).strict()
export const membership = z
  .object({ tenantId: z.uuid(), name: z.string(), role, suspended: z.boolean() })
  .meta({ id: 'Membership' })
export const sessionView = z
  .object({
    user: z.object({ id: z.uuid(), email: z.string(), name: z.string() }),
    tenant: z
      .object({ id: z.uuid(), name: z.string(), timezone: z.string(), language: z.string(), suspended: z.boolean() })
      .nullable()
      .describe('The business this session looks at; null for an operator who belongs to none.'),
    role: role.nullable(),
    operator: z.boolean().describe('Whether this person runs the server.'),
    expiresAt: z.iso.datetime(),
    memberships: z.array(membership).describe('Every business this person works for; PATCH /session switches.'),
    totp: z.boolean().describe('Whether sign-in asks for a code too.'),
  })
  .meta({ id: 'Session' })
export type SessionView = z.infer<typeof sessionView>
export const switchTenant = z.object({ tenantId: z.uuid() }).strict()

export const createApiKey = z
  .object({
    name: z.string().trim().min(1).max(100),
    role: role.exclude(['owner']).default('agent'),
    scopes: z
      .array(z.enum(actions as [(typeof actions)[number], ...(typeof actions)[number][]]))
      .min(1)
      .max(actions.length)
      .optional()
      .describe('What it may do at most; absent: all that its role may.'),
    expiresAt: z.iso.datetime().optional(),
  })
  .strict()
export const apiKeyView = z
  .object({
    id: z.uuid(),
    name: z.string(),
    hint: z.string().describe('Its last four characters.'),
    role,
    effectiveRole: role
      .nullable()
      .describe(
        'What it is at present: its role, or that of the person who made it where that is less. null: that person has left.',
      ),
    scopes: z.array(z.string()).nullable().describe('null: all that its role may.'),
    createdBy: z.string().nullable().describe('Who made it: user:<id>, key:<id>.'),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().nullable(),
    lastUsedAt: z.iso.datetime().nullable(),
    revokedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ApiKey' })
export const createdApiKey = apiKeyView.extend({ key: z.string().describe('Shown this once.') }).meta({ id: 'CreatedApiKey' })

export const auditItem = z
  .object({
    id: z.uuid(),
    at: z.iso.datetime(),
    actor: z.object({
      label: z
        .string()
        .describe('user:<id>, key:<id>, operator:<id>, platform_key:<id>, system, cli, or nobody: not known who.'),
      name: z.string().describe('As it was then.'),
    }),
    action: z.string(),
    subject: z.object({ type: z.string(), id: z.string() }),
    changes: z.record(z.string(), z.unknown()),
    ip: z.string().nullable(),
  })
  .meta({ id: 'AuditItem' })
export type AuditItem = z.infer<typeof auditItem>
export const auditPage = z.object({ items: z.array(auditItem), next: z.string().nullable() }).meta({ id: 'AuditPage' })
export const listAudit = z.object({
  cursor: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  actor: z.string().max(100).optional(),
  action: z.string().max(100).optional(),
  subject: z.string().max(200).optional().describe('A type, or type:id.'),
})
