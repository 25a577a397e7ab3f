/** What connects an integration: the region its organisation is in, and the client that may call it. */
import { z } from 'zod'
import { isSafeAddress } from '../../platform/outbound-address.ts'
import type { CentreConnection } from '../../ports/contact-centre.ts'

const address = z
  .string()
  .refine(isSafeAddress, 'Has to be an https address (http only within this machine or a private network).')

export const genesysConfig = z
  .object({
    // Free text: regions are added every year.
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,4}$/i, 'Looks like mypurecloud.de or euw2.pure.cloud.')
      .optional()
      .describe('Where the organisation is: what stands behind "login." in the address of the sign-in page.'),
    apiUrl: address.optional().describe('Address of the API. Leave it empty unless you use a proxy or the simulator.'),
    loginUrl: address.optional().describe('Address that gives tokens. Leave it empty unless you use a proxy or the simulator.'),
  })
  .refine(({ region, apiUrl, loginUrl }) => region !== undefined || (apiUrl !== undefined && loginUrl !== undefined), {
    path: ['region'],
    message: 'The region is needed.',
  })

// What goes into a header must not break it: an error about a header quotes the header.
const printable = (max: number) => z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${max}}$`), 'Has no spaces or line breaks.')

export const genesysCredentials = z.object({
  clientId: printable(256)
    .refine((id) => !id.includes(':'), 'Has no colon.')
    .describe('Id of the OAuth client (grant type Client Credentials).'),
  clientSecret: printable(1024).describe('Secret of the OAuth client.'),
})

/** A UUID at Genesys; the pattern keeps an id from leaving its place in a path. */
export const pathId = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/)

export interface Connection {
  tenantId: string
  integrationId: string
  clientId: string
  clientSecret: string
  /** Both without a slash at the end. */
  api: string
  login: string
}

/** Undefined where nothing could be called; `problem` names the fields, never values. */
export function connectionOf(centre: CentreConnection): { connection?: Connection; problem?: string } {
  // An empty setting is one that was never filled in.
  const filled = Object.fromEntries(Object.entries(centre.config).filter(([, value]) => value !== ''))
  const config = genesysConfig.safeParse(filled)
  const credentials = genesysCredentials.safeParse(centre.credentials)
  const integration = pathId.safeParse(centre.integrationId)
  const wrong = [config, credentials].flatMap((result) => (result.error?.issues ?? []).map((issue) => issue.path.join('.')))
  if (!config.success || !credentials.success || !integration.success) {
    const names = [...wrong, ...(integration.success ? [] : ['integrationId'])]
    return { problem: `The connection is not complete: ${names.join(', ')}.` }
  }
  const { region, apiUrl, loginUrl } = config.data
  const at = (url: string | undefined, host: string) => (url ?? `https://${host}.${region}`).replace(/\/+$/, '')
  return {
    connection: {
      tenantId: centre.tenantId,
      integrationId: integration.data,
      ...credentials.data,
      api: at(apiUrl, 'api'),
      login: at(loginUrl, 'login'),
    },
  }
}
