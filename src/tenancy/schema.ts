/** What sign-in and API keys take and give. */
import { z } from 'zod'

export const role = z.enum(['owner', 'admin', 'agent', 'viewer'])
export type Role = z.infer<typeof role>

export const signIn = z.object({ email: z.email().max(320), password: z.string().min(1).max(1000) }).strict()
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
  })
  .meta({ id: 'Session' })
export type SessionView = z.infer<typeof sessionView>

export const memberView = z
  .object({ id: z.uuid(), name: z.string(), email: z.string().nullable(), role })
  .meta({ id: 'Member' })
export type MemberView = z.infer<typeof memberView>

export const createApiKey = z
  .object({
    name: z.string().trim().min(1).max(100),
    role: role.exclude(['owner']).default('agent'),
    expiresAt: z.iso.datetime().optional(),
  })
  .strict()
export const apiKeyView = z
  .object({
    id: z.uuid(),
    name: z.string(),
    hint: z.string().describe('Its last four characters.'),
    role,
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().nullable(),
    lastUsedAt: z.iso.datetime().nullable(),
    revokedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ApiKey' })
export const createdApiKey = apiKeyView.extend({ key: z.string().describe('Shown this once.') }).meta({ id: 'CreatedApiKey' })
