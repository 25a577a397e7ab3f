/** What the routes that bring a business onto its channels take and give. */
import { z } from 'zod'

const time = z.iso.datetime()
const accountState = z.enum(['pairing', 'connecting', 'connected', 'degraded', 'held', 'logged_out'])
export const accountParams = z.object({ id: z.uuid() })

const providerId = z.string().regex(/^\d{1,32}$/, 'has digits only')
/** A line break in a header is an error whose text quotes the header, so it is caught here. */
const accessToken = z.string().regex(/^[\x21-\x7e]{8,4096}$/, 'is the token without spaces or line breaks')
const appSecret = z.string().min(8).max(200)
const verifyToken = z.string().min(8).max(200)
const address = z.string().regex(/^\+[1-9]\d{4,14}$/, 'is the number with its country code, for example +16505550123')
const graphUrl = z.url().max(300)
const graphVersion = z.string().regex(/^v\d{1,3}\.\d{1,2}$/, 'looks like v25.0')

const whatsAppNumber = {
  phoneNumberId: providerId,
  wabaId: providerId,
  name: z.string().trim().min(1).max(100),
  address: address.optional().describe('The number as people write it. Default: what WhatsApp says it is.'),
  appSecret: appSecret.optional().describe('The secret of an app of your own: it then has a webhook address of its own.'),
  verifyToken: verifyToken.optional().describe('What the handshake of that address has to say. Default: one is made.'),
}

const sid = (prefix: string) => z.string().regex(new RegExp(`^${prefix}[0-9a-zA-Z]{32}$`), `is ${prefix} and 32 characters`)
const authToken = z.string().regex(/^[\x21-\x7e]{8,256}$/, 'is the token without spaces or line breaks')
const twilioName = z.string().trim().min(1).max(100)

export const createTwilioAccount = z
  .object({
    provider: z.enum(['twilio', 'twilio-whatsapp']).describe('SMS and MMS, or WhatsApp.'),
    number: z
      .string()
      .regex(/^\+[1-9]\d{6,14}$|^\d{3,8}$/, 'is the number with its country code, for example +16505550123, or a short code'),
    accountSid: sid('AC').describe('The account, or sub-account, that the number is in.'),
    authToken: authToken.describe('Its primary auth token: it signs what Twilio delivers.'),
    apiKeySid: sid('SK').optional().describe('An API key that calls are made with instead of the token.'),
    apiKeySecret: authToken.optional(),
    messagingServiceSid: sid('MG')
      .optional()
      .describe('A messaging service that the number is in: what is sent goes through it.'),
    name: twilioName,
    apiUrl: z.url().max(300).optional().describe('Where Twilio is reached. Operators only.'),
  })
  .strict()
export const putTwilioAccount = createTwilioAccount
  .pick({ authToken: true, apiKeySid: true, apiKeySecret: true, name: true })
  .partial()
  .extend({
    messagingServiceSid: sid('MG').nullable().optional().describe('null: what is sent goes through the number alone.'),
    overlapHours: z
      .number()
      .int()
      .min(0)
      .max(720)
      .optional()
      .describe('How long what the earlier token signs is still accepted. Default: 24.'),
  })
  .strict()

export const createAccount = z.discriminatedUnion('provider', [
  z.object({ provider: z.literal('whatsapp-cloud'), accessToken, ...whatsAppNumber, graphUrl: graphUrl.optional() }).strict(),
  createTwilioAccount,
])

export const registration = z
  .enum(['not_needed', 'pending', 'approved', 'rejected'])
  .describe('With the carriers of the United States: while it is pending or rejected no texts go to numbers there.')
export const patchAccount = z
  .object({
    name: z.string().trim().min(1).max(100),
    registration,
    registrationText: z.string().trim().max(1000).nullable().describe('Why it was rejected, or what it waits for.'),
  })
  .partial()
  .strict()
export type PatchAccount = z.infer<typeof patchAccount>

export const accountView = z
  .object({
    id: z.uuid(),
    channel: z.string(),
    provider: z.string(),
    name: z.string(),
    address: z.string().nullable(),
    state: accountState,
    stateText: z.string().nullable(),
  })
  .meta({ id: 'ConnectedAccount' })
export const webhookView = z
  .object({
    url: z.string().describe('Where the provider has to deliver.'),
    verifyToken: z
      .string()
      .nullable()
      .describe('For the handshake, shown this once; null where the platform’s own app delivers.'),
    calls: z
      .string()
      .nullable()
      .describe('Where the provider asks what a caller shall hear; null where the number takes no calls here.'),
    callStatus: z.string().nullable().describe('Where it tells how a call ended.'),
  })
  .meta({ id: 'AccountWebhook' })
export const createdAccount = accountView.extend({ webhook: webhookView }).meta({ id: 'CreatedAccount' })

export const testAccount = z.object({ to: z.string().trim().min(3).max(40).describe('Your own number.') }).strict()
export const testAnswer = z
  .object({
    sent: z.boolean(),
    messageId: z.uuid().nullable().describe('Follow it with GET /messages/:id.'),
    conversationId: z.uuid().nullable(),
    how: z.enum(['text', 'template']).nullable(),
    text: z.string().describe('What happened, or what to do first.'),
  })
  .meta({ id: 'AccountTest' })

export const setupStep = z
  .object({
    id: z.string().describe('Stable name, for example webhook_received.'),
    done: z.boolean(),
    title: z.string(),
    missing: z.string().nullable().describe('What is missing; null where it is done.'),
    how: z.string().nullable().describe('How to get it; null where it is done.'),
    optional: z.boolean().describe('Good to have; the channel works without.'),
  })
  .meta({ id: 'SetupStep' })
export type SetupStep = z.infer<typeof setupStep>
export const accountSetup = z
  .object({
    accountId: z.uuid(),
    channel: z.string(),
    ready: z.boolean(),
    webhookUrl: z.string(),
    steps: z.array(setupStep),
  })
  .meta({ id: 'AccountSetup' })

export const readiness = z
  .object({
    ready: z.boolean().describe('The business has what it needs, and at least one channel works.'),
    channels: z.array(
      z.object({
        channel: z.string(),
        accountId: z.uuid().nullable().describe('null where the channel has no account yet.'),
        name: z.string().nullable(),
        ready: z.boolean(),
        steps: z.array(setupStep),
      }),
    ),
    steps: z.array(setupStep).describe('Of the business itself.'),
  })
  .meta({ id: 'Readiness' })
export type Readiness = z.infer<typeof readiness>

export const patchOnboarding = z
  .object({ step: z.number().int().min(1).max(100).optional(), completed: z.boolean().optional() })
  .strict()

export const putWhatsApp = z
  .object({
    ...whatsAppNumber,
    name: whatsAppNumber.name.optional(),
    wabaId: providerId.optional(),
    accessToken: accessToken.optional().describe('Required the first time; later the stored one stays.'),
    overlapHours: z.number().int().min(0).max(720).optional(),
    graphUrl: graphUrl.optional().describe('Operators only.'),
    graphVersion: graphVersion.optional(),
  })
  .strict()
export const whatsAppConfig = z
  .object({
    configured: z.boolean(),
    accountId: z.uuid().nullable(),
    phoneNumberId: z.string().nullable(),
    wabaId: z.string().nullable(),
    displayPhoneNumber: z.string().nullable(),
    name: z.string().nullable(),
    accessToken: z.string().nullable().describe('Its last four characters.'),
    graphUrl: z.string().nullable(),
    graphVersion: z.string().nullable(),
    state: accountState.nullable(),
    stateText: z.string().nullable(),
    webhookUrl: z.string().nullable(),
    updatedAt: time.nullable(),
  })
  .meta({ id: 'WhatsAppConfiguration' })
export type WhatsAppConfiguration = z.infer<typeof whatsAppConfig>

export const signUpBegun = z
  .object({
    state: z.string().describe('Give it back with the code. Lasts 15 minutes, counts once.'),
    appId: z.string(),
    configId: z.string(),
    expiresAt: time,
  })
  .meta({ id: 'WhatsAppSignUp' })
export const completeSignUp = z
  .object({
    state: z.string().min(16).max(200),
    code: z.string().min(1).max(4096),
    wabaId: providerId,
    phoneNumberId: providerId.optional().describe('Default: every number of the account.'),
  })
  .strict()
export const signUpDone = z.object({ accounts: z.array(accountView) }).meta({ id: 'WhatsAppSignUpDone' })
