/** What the routes about businesses as such take and give: making, finding, changing, their credentials, and who runs the server. */
import { z } from 'zod'
import { platformActions } from './can.ts'
import { freeForm } from './free-form.ts'
import { isZone } from './rules.ts'

const time = z.iso.datetime()
export const tenantStatus = z.enum(['active', 'suspended', 'deleted'])
export type TenantStatus = z.infer<typeof tenantStatus>

const timezone = z.string().min(1).max(64).refine(isZone, 'is not a time zone such as Europe/Lisbon')
const language = z.string().regex(/^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$/, 'is not a language such as en or pt-BR')
const settings = z
  .looseObject({ timezone: timezone.optional(), language: language.optional() })
  .pipe(freeForm)
  .describe('Time zone, language and whatever else a business sets.')
const settingsPatch = z
  .looseObject({ timezone: timezone.nullish(), language: language.nullish() })
  .pipe(freeForm)
  .describe('Only the given keys change; null removes one.')

const name = z.string().trim().min(1).max(255)
const email = z.email().max(255)
const domain = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, 'is not a domain such as example.com')
const subdomain = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'has lower-case letters, digits and hyphens')
/** Never shaped like a UUID: an address may hold either. */
const publicId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{1,98}[a-z0-9]$/, 'has 3 to 100 lower-case letters, digits, hyphens and underscores')
  .refine((value) => !z.uuid().safeParse(value).success, 'must not be a UUID')
const rateLimit = z.number().int().min(1).max(1_000_000).describe('Requests a minute.')
const plan = z.string().trim().min(1).max(50)
/** An id that an integration chose. */
export const foreignId = z.string().trim().min(1).max(100)

/** A business in an address: its id or its public id. */
export const tenantParams = z.object({ id: z.string().min(1).max(100).describe('The id or the public id (tenantId).') })

export const tenantView = z
  .object({
    id: z.uuid(),
    tenantId: z.string().describe('The public id.'),
    name: z.string(),
    businessName: z.string(),
    email: z.string().nullable(),
    domain: z.string().nullable(),
    subdomain: z.string().nullable(),
    status: tenantStatus,
    plan: z.string(),
    rateLimit: z.number().int(),
    settings: z.record(z.string(), z.unknown()),
    metadata: z.record(z.string(), z.unknown()),
    phoneNumberId: z.string().nullable(),
    genesysOrgId: z.string().nullable(),
    genesysOrgName: z.string().nullable(),
    genesysRegion: z.string().nullable(),
    genesysIntegrationId: z.string().nullable(),
    onboardingCompleted: z.boolean(),
    onboardingStep: z.number().int(),
    whatsappConfigured: z.boolean(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Tenant' })
export type TenantView = z.infer<typeof tenantView>
export const tenantDetail = tenantView
  .extend({ phoneNumberLimit: z.number().int().describe('How many telephone numbers it may have at once.') })
  .meta({ id: 'TenantDetail' })
export type TenantDetail = z.infer<typeof tenantDetail>

export const createTenant = z
  .object({
    tenantId: publicId.optional().describe('Default: made from the name.'),
    name,
    email,
    domain: domain.optional(),
    subdomain: subdomain.optional(),
    plan: plan.optional(),
    rateLimit: rateLimit.optional(),
    settings: settings.optional(),
    metadata: freeForm.optional(),
    owner: z.object({ email }).strict().optional().describe('Whom to invite as the owner; the link is in the answer, once.'),
  })
  .strict()
export const createdTenant = tenantView
  .extend({
    apiKey: z.string().describe('An API key with the role admin, shown this once.'),
    ownerInvitation: z
      .object({ email: z.string(), url: z.string() })
      .nullable()
      .describe('Where the owner signs up; shown once.'),
  })
  .meta({ id: 'CreatedTenant' })

export const patchTenant = z
  .object({
    name: name.optional(),
    email: email.optional(),
    domain: domain.nullish(),
    settings: settingsPatch.optional(),
    metadata: freeForm.optional().describe('Only the given keys change; null removes one.'),
    subdomain: subdomain.nullish().describe('Operators only, like everything below.'),
    tenantId: publicId.optional(),
    plan: plan.optional(),
    rateLimit: rateLimit.optional(),
    phoneNumberLimit: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe('How many telephone numbers it may have at once. Those that are there stay.'),
    status: tenantStatus.exclude(['deleted']).optional(),
    genesysOrgId: foreignId.nullish(),
    genesysOrgName: z.string().max(255).nullish(),
    genesysRegion: z.string().max(100).nullish(),
  })
  .strict()
/** What a business's own people may change of it. */
export const ownFields = ['name', 'email', 'domain', 'settings', 'metadata'] as const

export const listTenantsQuery = z.object({
  status: tenantStatus.optional().describe('Default: all but the deleted.'),
  q: z.string().trim().min(1).max(200).optional().describe('Part of a name, address, subdomain or id.'),
  email: z.string().max(320).optional().describe('Exactly this address.'),
  domain: z.string().max(253).toLowerCase().optional().describe('Exactly this domain.'),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
})
export const tenantPage = z.object({ items: z.array(tenantView), next: z.string().nullable(), total: z.number().int() })

export const fromGenesys = z
  .object({
    orgId: foreignId,
    orgName: z.string().trim().min(1).max(255).optional(),
    region: z.string().trim().min(1).max(100).optional(),
    email: email.optional(),
    name: name.optional(),
  })
  .strict()
export const fromGenesysAnswer = z.object({ tenant: tenantView, created: z.boolean() }).meta({ id: 'TenantFromGenesys' })

export const credentialType = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,49}$/, 'has lower-case letters, digits, hyphens and underscores')
  .describe('genesys, whatsapp, or any other word.')
export const credentialParams = tenantParams.extend({ type: credentialType })
export const putCredentials = z
  .object({
    values: z
      .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/), z.string().min(1).max(8192))
      .refine((values) => Object.keys(values).length >= 1 && Object.keys(values).length <= 30, 'has 1 to 30 values')
      .describe('Stored encrypted and never given back. genesys: integrationId also makes the business findable by it.'),
    overlapHours: z.number().int().min(0).max(720).optional().describe('How long what was there before is accepted too.'),
  })
  .strict()
export const credentialView = z
  .object({
    type: z.string(),
    subject: z.string().describe('What they belong to: an account, an app; empty for the business itself.'),
    hint: z.string().describe('The end of the first value.'),
    keys: z.record(z.string(), z.string()).describe('Every value by name, all but the last four characters hidden.'),
    createdAt: time,
    rotatedAt: time.nullable().describe('When these took the place of earlier ones.'),
    validUntil: time.nullable().describe('Until when the ones before are accepted too.'),
  })
  .meta({ id: 'StoredCredentials' })
export type CredentialView = z.infer<typeof credentialView>
export const credentialList = z.object({ items: z.array(credentialView) })

export const platformAction = z.enum(platformActions)
export const platformKeyView = z
  .object({
    id: z.uuid(),
    name: z.string(),
    hint: z.string().describe('Its last four characters.'),
    scopes: z.array(platformAction).nullable().describe('null: everything an operator may.'),
    createdBy: z.string(),
    createdAt: time,
    expiresAt: time.nullable(),
    lastUsedAt: time.nullable(),
    revokedAt: time.nullable(),
  })
  .meta({ id: 'PlatformKey' })
export const createPlatformKey = z
  .object({
    name: z.string().trim().min(1).max(100),
    scopes: z.array(platformAction).min(1).optional(),
    expiresAt: time.optional(),
  })
  .strict()
export const createdPlatformKey = platformKeyView
  .extend({ key: z.string().describe('Shown this once.') })
  .meta({ id: 'CreatedPlatformKey' })
export const operatorView = z
  .object({ userId: z.uuid(), email: z.string(), grantedBy: z.string(), createdAt: time })
  .meta({ id: 'Operator' })
export const addOperator = z.object({ email: z.email().max(320) }).strict()
