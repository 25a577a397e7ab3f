/** What connects a WhatsApp number: where the Graph API is, and the token that opens it. */
import { z } from 'zod'
import { isSafeAddress } from '../../platform/outbound-address.ts'
import type { AccountConnection } from '../../ports/channel.ts'

export const whatsAppCloudConfig = z.object({
  graphUrl: z
    .string()
    .refine(isSafeAddress, 'Has to be an https address (http only within this machine or a private network).')
    .default('https://graph.facebook.com')
    .describe('Address of the Graph API. Leave it as it is unless you use a proxy or the simulator.'),
  graphVersion: z
    .string()
    .regex(/^v\d{1,3}\.\d{1,2}$/, 'Looks like v25.0.')
    .default('v25.0')
    .describe('Version of the Graph API. A version lives about two years.'),
  wabaId: z
    .string()
    .regex(/^\d{1,32}$/, 'Only digits.')
    .optional()
    .describe('Id of the WhatsApp Business account; needed for synchronising templates.'),
})
export type WhatsAppCloudConfig = z.infer<typeof whatsAppCloudConfig>

export const whatsAppCloudCredentials = z.object({
  // A line break in a header is an error whose text quotes the header, so it is caught here.
  accessToken: z
    .string()
    .regex(/^[\x21-\x7e]{1,4096}$/, 'Has to be the token without spaces or line breaks.')
    .describe('Token of a system user with whatsapp_business_messaging and whatsapp_business_management.'),
})

/** Digits in the real API; the pattern keeps an id from leaving its place in a path. */
export const graphId = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/)

export interface Connection extends WhatsAppCloudConfig {
  phoneNumberId: string
  accessToken: string
  /** `${graphUrl}/${graphVersion}` without a slash at the end. */
  base: string
}

/** Undefined where the account is not set up so that anything could be sent; `problem` names the fields, never values. */
export function connectionOf(account: AccountConnection): { connection?: Connection; problem?: string } {
  // An empty setting is one that was never filled in.
  const filled = Object.fromEntries(Object.entries(account.config).filter(([, value]) => value !== ''))
  const config = whatsAppCloudConfig.safeParse(filled)
  const credentials = whatsAppCloudCredentials.safeParse(account.credentials)
  const phone = graphId.safeParse(account.externalId)
  const wrong = [config, credentials].flatMap((result) => (result.error?.issues ?? []).map((issue) => issue.path.join('.')))
  if (!config.success || !credentials.success || !phone.success) {
    return {
      problem: `The connection is not complete: ${[...wrong, ...(phone.success ? [] : ['phone number id'])].join(', ')}.`,
    }
  }
  const base = `${config.data.graphUrl.replace(/\/+$/, '')}/${config.data.graphVersion}`
  return { connection: { ...config.data, ...credentials.data, phoneNumberId: phone.data, base } }
}
