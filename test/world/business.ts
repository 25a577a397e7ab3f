/** A business of a world: people of each role, an API key, an app at Meta and a number, all known to the simulator. */
import { randomBytes } from 'node:crypto'
import type { WhatsAppSimulator } from '../../simulators/whatsapp-cloud/index.ts'
import type { App } from '../../src/app/build.ts'
import { addWhatsAppAccount } from '../../src/conversations/accounts.ts'
import { newId } from '../../src/kernel/ids.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createApiKey } from '../../src/tenancy/api-keys.ts'
import { addChannelApp } from '../../src/tenancy/apps.ts'
import type { Role } from '../../src/tenancy/schema.ts'
import { signIn } from '../../src/tenancy/sign-in.ts'
import { addMember, createTenant } from '../../src/tenancy/tenants.ts'
import { digits } from './arrange.ts'

export interface Person {
  userId: string
  email: string
  /** The session cookie as a Cookie header. */
  cookie: string
}

export interface Business {
  tenantId: string
  accountId: string
  phoneNumberId: string
  wabaId: string
  slug: string
  /** The app at Meta: its id in the simulator, its secret and its verify token. */
  appId: string
  appSecret: string
  verifyToken: string
  accessToken: string
  webhookUrl: string
  people: Record<'owner' | 'admin' | 'agent' | 'colleague' | 'viewer', Person>
  /** An API key with the role agent. */
  key: string
}

export const password = 'correct horse battery staple'

export async function createBusiness(
  app: Pick<App, 'db' | 'secrets' | 'localUrl'>,
  simulator: WhatsAppSimulator,
  given: { name: string; graphUrl: string; portfolioId?: string },
): Promise<Business> {
  const tenantId = newId()
  const slug = `app-${digits(8)}`
  const [phoneNumberId, wabaId, appId] = [digits(15), digits(15), digits(15)]
  const [appSecret, verifyToken] = [randomBytes(16).toString('hex'), randomBytes(12).toString('hex')]
  const accessToken = `EAAB${randomBytes(16).toString('hex')}`
  const portfolioId = given.portfolioId ?? digits(12)
  const address = `+1555${digits(7)}`
  const { accountId, users, key } = await inTenant(app.db, tenantId, async (tx) => {
    await createTenant(tx, { publicId: slug, name: given.name, settings: { timezone: 'Europe/Lisbon', language: 'en' } })
    // Tests ask more in a minute than a business does.
    await tx.query('UPDATE tenants SET rate_limit = 1000000 WHERE id = $1', [tenantId])
    await addChannelApp(tx, app.secrets, {
      provider: 'whatsapp-cloud',
      slug,
      name: `${given.name} at Meta`,
      secret: appSecret,
      verifyToken,
    })
    const users: { userId: string; email: string }[] = []
    for (const [name, role] of Object.entries(roles)) {
      const email = `${name}-${slug}@business.example`
      users.push({
        userId: await addMember(tx, { email, password, firstName: name, lastName: 'Person', role }),
        email,
      })
    }
    return {
      accountId: await addWhatsAppAccount(tx, app.secrets, {
        ...{ phoneNumberId, wabaId, accessToken, portfolioId, address },
        name: `${given.name} main`,
        appSlug: slug,
        graphUrl: given.graphUrl,
      }),
      users,
      key: (await createApiKey(tx, { name: 'Integration', role: 'agent' })).key,
    }
  })
  const webhookUrl = `${app.localUrl()}/webhooks/whatsapp/${slug}`
  simulator.addApp({ id: appId, secret: appSecret, verifyToken, webhookUrl })
  simulator.addNumber({
    ...{ phoneNumberId, wabaId, accessToken, appId, portfolioId },
    displayPhoneNumber: address,
    verifiedName: given.name,
  })
  const [owner, agent, colleague, viewer, admin] = await Promise.all(users.map((user) => signedIn(app, user)))
  return {
    ...{ tenantId, accountId, phoneNumberId, wabaId, slug, appId, appSecret, verifyToken, accessToken, webhookUrl, key },
    people: { owner, admin, agent, colleague, viewer } as Business['people'],
  }
}

const roles = {
  owner: 'owner',
  agent: 'agent',
  colleague: 'agent',
  viewer: 'viewer',
  admin: 'admin',
} as const satisfies Record<string, Role>

/** Not through the route: it counts tries by address, and a world signs in many. */
async function signedIn(app: Pick<App, 'db' | 'secrets'>, user: { userId: string; email: string }): Promise<Person> {
  const { token } = await signIn(app, { email: user.email, password })
  return { ...user, cookie: `parley=${token}` }
}
