/** What the API takes and gives of numbers. Types of the console and of the published client come from here. */
import { z } from 'zod'
import { statuses, stepStates } from './rules.ts'

const id = z.uuid()
const time = z.iso.datetime()
const sid = (prefix: string) => z.string().regex(new RegExp(`^${prefix}[0-9a-zA-Z]{32}$`), `is ${prefix} and 32 characters`)
const secret = z.string().regex(/^[\x21-\x7e]{8,256}$/, 'is the secret without spaces or line breaks')
const country = z.string().regex(/^[A-Z]{2}$/, 'is two capital letters, for example US')
const kind = z.enum(['local', 'mobile', 'toll_free'])
const ability = z.enum(['voice', 'sms', 'mms', 'fax'])
const number = z.string().regex(/^\+[1-9]\d{6,14}$/, 'is the number with its country code, for example +16505550123')
const price = z
  .object({ monthlyCents: z.number().int().min(0), currency: z.string() })
  .describe('In hundredths of the currency.')

export const putProvider = z
  .object({
    accountSid: sid('AC').describe('The account, or sub-account, at Twilio that pays for the numbers.'),
    authToken: secret.describe('Its primary auth token: it signs what Twilio delivers.'),
    apiKeySid: sid('SK').optional().describe('An API key that calls are made with instead of the token.'),
    apiKeySecret: secret.optional(),
  })
  .strict()
  .refine((given) => (given.apiKeySid === undefined) === (given.apiKeySecret === undefined), {
    message: 'An API key is its SID and its secret together.',
    path: ['apiKeySecret'],
  })
export const providerView = z
  .object({
    configured: z.boolean(),
    accountSid: z.string().nullable(),
    authToken: z.string().nullable().describe('Its last four characters.'),
    from: z.enum(['given', 'account']).nullable().describe('account: it is that of a number that is connected already.'),
    updatedAt: time.nullable(),
  })
  .meta({ id: 'NumberProvider' })
export type ProviderView = z.infer<typeof providerView>

export const searchNumbers = z.object({
  country: country.default('US'),
  kind: kind.default('local'),
  areaCode: z
    .string()
    .regex(/^\d{2,5}$/, 'has digits only')
    .optional(),
  contains: z
    .string()
    .regex(/^[0-9*+]{2,16}$/, 'has digits, and * for any one')
    .optional(),
  locality: z.string().trim().min(2).max(100).optional(),
  sms: z.stringbool().optional().describe('Only numbers that can text.'),
  voice: z.stringbool().optional().describe('Only numbers that can be called.'),
  mms: z.stringbool().optional(),
  limit: z.coerce.number().int().min(1).max(50).default(20),
})
export const offerView = z
  .object({
    number: z.string(),
    kind,
    country: z.string(),
    locality: z.string().nullable(),
    region: z.string().nullable(),
    capabilities: z.array(ability),
    needsAddress: z.boolean().describe('It is sold only with the SID of an address.'),
    price: price.nullable().describe('null: the provider does not say.'),
  })
  .meta({ id: 'OfferedNumber' })
export const offers = z.object({ items: z.array(offerView) })

export const provisionNumber = z
  .object({
    ...{ number, country: country.default('US'), kind: kind.default('local') },
    name: z.string().trim().min(1).max(100).optional().describe('What colleagues call it. Default: the number.'),
    addressSid: sid('AD').optional().describe('What some countries ask for: an address that was entered at Twilio.'),
    bundleSid: sid('BU').optional().describe('The same: papers that Twilio approved.'),
    agreed: price.optional().describe('What whoever buys it was told that it costs. Another price is refused with conflict.'),
    idempotencyKey: z
      .string()
      .optional()
      .describe('Or the header Idempotency-Key: asked again with it, it is the same number.'),
  })
  .strict()

export const numberView = z
  .object({
    id,
    number: z.string(),
    name: z.string().nullable(),
    status: z.enum(statuses),
    wanted: z.enum(['active', 'suspended', 'released']).describe('Where it is going; another than status: it is on its way.'),
    country: z.string(),
    region: z.string().nullable(),
    areaCode: z.string().nullable(),
    kind: z.string(),
    capabilities: z.array(z.string()),
    price: z.object({ monthlyCents: z.number().int().nullable(), currency: z.string() }),
    mayCost: z.boolean().describe('The provider may be charging for it.'),
    steps: z.array(
      z.object({ id: z.enum(['buy', 'webhooks', 'service', 'connect', 'give_back', 'finish']), state: z.enum(stepStates) }),
    ),
    waitingFor: z.string().nullable().describe('Why the present step did not succeed; it is tried again.'),
    nextTryAt: time.nullable(),
    attempts: z.number().int().describe('Of the present step, that did not succeed.'),
    failure: z.object({ code: z.string(), text: z.string() }).nullable().describe('Why it was given up, and what to do.'),
    reason: z.string().nullable(),
    accountId: id.nullable().describe('The account that speaks through it, once it is there.'),
    messagingServiceSid: z.string().nullable(),
    webhooks: z.object({ voice: z.string(), voiceStatus: z.string().nullable(), texts: z.string(), set: z.boolean() }),
    provisionedAt: time.nullable(),
    releasedAt: time.nullable(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'PhoneNumber' })
export type NumberView = z.infer<typeof numberView>
export const deliveryView = z
  .object({
    state: z
      .enum(['right', 'wrong', 'gone', 'unknown'])
      .describe(
        'gone: the account at the provider does not have the number. wrong with all right: it is in another messaging service. unknown: it could not be asked.',
      ),
    at: time,
    text: z.string().nullable().describe('Why it could not be asked.'),
    items: z.array(
      z.object({
        what: z.enum(['calls', 'call_status', 'texts']),
        right: z.boolean(),
        should: z.string().describe('Where this server takes it in.'),
        is: z.string().nullable().describe('Where the provider delivers it. null: nowhere, by GET, or to an application.'),
      }),
    ),
  })
  .meta({ id: 'NumberDelivery' })
export type Delivery = z.infer<typeof deliveryView>
export const numberList = z.object({
  items: z.array(numberView),
  limit: z.number().int().describe('How many the business may have at once.'),
})
