/** What connects an address that Twilio carries: whose account it is in, and what opens that. */
import { z } from 'zod'
import { isSafeAddress } from '../../platform/outbound-address.ts'
import type { AccountConnection } from '../../ports/channel.ts'

const sid = (prefix: string, name: string) =>
  z.string().regex(new RegExp(`^${prefix}[0-9a-zA-Z]{32}$`), `is the ${name}: ${prefix} and 32 characters`)
/** A line break in a header is an error whose text quotes the header, so it is caught here. */
const secret = z.string().regex(/^[\x21-\x7e]{8,256}$/, 'is the secret without spaces or line breaks')

export const twilioConfig = z.object({
  accountSid: sid('AC', 'account SID').describe('The account, or sub-account, that the number belongs to.'),
  messagingServiceSid: sid('MG', 'messaging service SID')
    .optional()
    .describe('A messaging service that the number is in: what is sent goes through it.'),
  apiUrl: z
    .string()
    .refine(isSafeAddress, 'Has to be an https address (http only within this machine or a private network).')
    .optional()
    .describe('Where Twilio is reached. Leave it empty unless you use a proxy or the simulator.'),
})

export const twilioCredentials = z.object({
  authToken: secret.describe('The primary auth token of the account: it signs what Twilio delivers.'),
  apiKeySid: sid('SK', 'API key SID').optional().describe('An API key that the calls are made with instead of the token.'),
  apiKeySecret: secret.optional(),
})

/** A number, a short code, or a number on WhatsApp. */
export const twilioAddress = z
  .string()
  .regex(/^(whatsapp:)?\+[1-9]\d{6,14}$|^\d{3,8}$/, 'is a number like +15550100009, a short code, or whatsapp:+15550100009')

export interface Connection extends z.infer<typeof twilioConfig> {
  /** As it stands in From and To. */
  address: string
  /** What is written before the call: `user:password`. */
  login: string
  /** Every secret in it: none may be told to anybody. */
  secrets: readonly string[]
  /** Of the app at whose webhook address Twilio delivers. */
  appSlug: string
}

/** Undefined where the account is not set up so that anything could be sent; `problem` names the fields, never values. */
export function connectionOf(account: AccountConnection): { connection?: Connection; problem?: string } {
  // An empty setting is one that was never filled in.
  const filled = (given: Record<string, string>) =>
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
  const config = twilioConfig.safeParse(filled(account.config))
  const credentials = twilioCredentials.safeParse(filled(account.credentials))
  const address = twilioAddress.safeParse(account.externalId)
  if (!config.success || !credentials.success || !address.success) {
    const wrong = [config, credentials].flatMap((result) => (result.error?.issues ?? []).map((issue) => issue.path.join('.')))
    return { problem: `The connection is not complete: ${[...wrong, ...(address.success ? [] : ['number'])].join(', ')}.` }
  }
  const { authToken, apiKeySid, apiKeySecret } = credentials.data
  const byKey = apiKeySid !== undefined && apiKeySecret !== undefined
  return {
    connection: {
      ...config.data,
      address: address.data,
      login: byKey ? `${apiKeySid}:${apiKeySecret}` : `${config.data.accountSid}:${authToken}`,
      secrets: [authToken, ...(apiKeySecret === undefined ? [] : [apiKeySecret])],
      appSlug: account.config.appSlug ?? '',
    },
  }
}

const hosts = {
  api: 'https://api.twilio.com',
  messaging: 'https://messaging.twilio.com',
  content: 'https://content.twilio.com',
  pricing: 'https://pricing.twilio.com',
} as const
export type Host = keyof typeof hosts

/** Each part of the API has a host of its own; a proxy or the simulator has all of them. Without a slash at the end. */
export const baseOf = ({ apiUrl }: Pick<Connection, 'apiUrl'>, host: Host): string =>
  apiUrl === undefined ? hosts[host] : apiUrl.replace(/\/+$/, '')

export const accountPath = ({ accountSid }: Pick<Connection, 'accountSid'>): string => `/2010-04-01/Accounts/${accountSid}`
