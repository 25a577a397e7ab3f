/**
 * The demo: one business with a WhatsApp number and a telephone number at simulators, conversations and calls that really went
 * through them, and a mail server that shows what it was given. Never in production.
 */
import { randomBytes } from 'node:crypto'
import { createMailCatcher } from '../../simulators/mail/index.ts'
import { mailCatcherPlugin } from '../../simulators/mail/plugin.ts'
import { createTwilioSimulator } from '../../simulators/twilio/index.ts'
import { twilioSimulatorPlugin } from '../../simulators/twilio/plugin.ts'
import { createWhatsAppSimulator, type WhatsAppSimulator } from '../../simulators/whatsapp-cloud/index.ts'
import { whatsAppSimulatorPlugin } from '../../simulators/whatsapp-cloud/plugin.ts'
import { addWhatsAppAccount, loadConnection } from '../conversations/accounts.ts'
import { newId } from '../kernel/ids.ts'
import type { Config } from '../platform/config.ts'
import { type Database, inTenant } from '../platform/db/tx.ts'
import type { HttpServer } from '../platform/http.ts'
import type { Secrets } from '../platform/secrets.ts'
import { addChannelApp, findChannelApp } from '../tenancy/apps.ts'
import type { Actor } from '../tenancy/can.ts'
import { makePassword } from '../tenancy/passwords.ts'
import { addMember, createTenant } from '../tenancy/tenants.ts'
import type { App } from './build.ts'
import { playBookings } from './demo-bookings.ts'
import { playCalls } from './demo-calls.ts'
import { demoCustomers, demoTemplates, playDemo } from './demo-story.ts'
import { connectTelephones, telephonesPath } from './demo-telephones.ts'
import { onlyFromHere } from './only-here.ts'

export const mailsPath = '/mails'
export const demoEmail = 'sam@harbour.example'
const slug = 'demo'
const appId = '100200300400500'
const phoneNumberId = '106540352242922'
const wabaId = '102290129340398'
const displayPhone = '+1 555 078 3881'

export interface Demo {
  /** What the server is to send mail with, where nothing else is configured. */
  mail: Pick<Config, 'SMTP_URL' | 'MAIL_FROM'>
  /** Mounts the simulators at /simulator and /telephones, and the mails at /mails. */
  mount(server: HttpServer, url: () => string): Promise<void>
  /** After the server listens: points both at each other and, the first time, plays the story. Returns the new sign-in, once. */
  begin(app: App): Promise<{ email: string; password: string } | null>
  stop(): void
}

/** Whether this start has a demo: asked for, or there already, or nothing at all is configured or stored yet. */
export async function wantsDemo(config: Config, db: Database, embedded: boolean): Promise<boolean> {
  if (config.NODE_ENV === 'production' || config.PARLEY_DEMO === false) return false
  if (config.PARLEY_DEMO) return true
  const { rows } = await db.pool.query<{ any: boolean }>('SELECT EXISTS (SELECT FROM users) AS any')
  if (!rows[0]?.any) return embedded && !config.WHATSAPP_APP_SECRET
  return (await demoTenant(db)) !== null
}

async function demoTenant(db: Database): Promise<string | null> {
  const { rows } = await db.pool.query<{ tenant_id: string }>(
    'SELECT m.tenant_id FROM users u CROSS JOIN LATERAL parley.find_memberships(u.id) m WHERE lower(u.email) = lower($1) LIMIT 1',
    [demoEmail],
  )
  return rows[0]?.tenant_id ?? null
}

export async function createDemo(): Promise<Demo> {
  const simulator = createWhatsAppSimulator({ autoRead: true, unknownRecipients: 'create' })
  const telephones = createTwilioSimulator()
  const catcher = createMailCatcher()
  return {
    mail: { SMTP_URL: await catcher.listen(), MAIL_FROM: 'Harbour Plumbing <parley@harbour.example>' },
    async mount(server, url) {
      await server.register(whatsAppSimulatorPlugin, { prefix: '/simulator', simulator, publicUrl: url })
      await server.register(twilioSimulatorPlugin, { prefix: telephonesPath, simulator: telephones, publicUrl: url })
      await server.register(async (at) => {
        at.addHook('onRequest', onlyFromHere)
        await at.register(mailCatcherPlugin, { prefix: mailsPath, simulator: catcher, publicUrl: url })
      })
    },
    async begin(app) {
      const local = app.localUrl()
      const known = await demoTenant(app.db)
      const made = known ? null : await makeBusiness(app.db, app.secrets)
      const tenantId = known ?? (made?.tenantId as string)
      const accountId = await connect(app, simulator, tenantId, local)
      await connectTelephones(app, telephones, tenantId)
      if (made) {
        const actor = ownerOf(tenantId, made.userId)
        await playDemo(app, simulator, actor, { tenantId, accountId, phoneNumberId })
        await playCalls(app, telephones, actor)
        await playBookings(app, actor)
      }
      return made ? { email: demoEmail, password: made.password } : null
    },
    stop() {
      simulator.close()
      telephones.close()
      catcher.close()
    },
  }
}

const ownerOf = (tenantId: string, userId: string): Actor => ({
  ...{ tenantId, role: 'owner', userId, name: 'Sam Okafor', label: `user:${userId}` },
})

async function makeBusiness(db: Database, secrets: Secrets): Promise<{ tenantId: string; userId: string; password: string }> {
  const tenantId = newId()
  const password = makePassword()
  const userId = await inTenant(db, tenantId, async (tx) => {
    await createTenant(tx, {
      publicId: slug,
      name: 'Harbour Plumbing',
      settings: { timezone: Intl.DateTimeFormat().resolvedOptions().timeZone, language: 'en' },
    })
    await addChannelApp(tx, secrets, {
      provider: 'whatsapp-cloud',
      slug,
      name: 'Simulated Meta app',
      secret: randomBytes(16).toString('hex'),
      verifyToken: randomBytes(12).toString('hex'),
    })
    await addWhatsAppAccount(tx, secrets, {
      phoneNumberId,
      wabaId,
      name: 'Harbour Plumbing',
      address: displayPhone,
      accessToken: `SIM${randomBytes(24).toString('hex')}`,
      appSlug: slug,
      portfolioId: '900100200300',
    })
    await addMember(tx, {
      email: 'robin@harbour.example',
      password: makePassword(),
      firstName: 'Robin',
      lastName: 'Reyes',
      role: 'agent',
    })
    const owner = await addMember(tx, { email: demoEmail, password, firstName: 'Sam', lastName: 'Okafor', role: 'owner' })
    // The first person of a server runs it, in a demo too.
    await tx.query(`INSERT INTO platform_operators (user_id, granted_by) VALUES ($1, 'system')`, [owner])
    return owner
  })
  return { tenantId, userId, password }
}

/** The simulator lives in memory and the port may have changed: each start tells both where the other is. */
async function connect(app: App, simulator: WhatsAppSimulator, tenantId: string, local: string): Promise<string> {
  const { accountId, connection } = await inTenant(app.db, tenantId, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `UPDATE tenant_whatsapp_config SET graph_url = $2 WHERE tenant_id = $1 AND phone_number_id = $3 RETURNING channel_account_id AS id`,
      [tenantId, `${local}/simulator/graph`, phoneNumberId],
    )
    const id = rows[0]?.id as string
    return { accountId: id, connection: await loadConnection(tx, app.secrets, id) }
  })
  const secrets = await findChannelApp(app.db, app.secrets, 'whatsapp-cloud', slug)
  simulator.addApp({
    id: appId,
    secret: secrets?.secrets[0] ?? '',
    verifyToken: secrets?.verifyTokens[0] ?? '',
    webhookUrl: `${local}/webhooks/whatsapp/${slug}`,
  })
  simulator.addNumber({
    phoneNumberId,
    displayPhoneNumber: displayPhone,
    wabaId,
    accessToken: connection.credentials.accessToken ?? '',
    verifiedName: 'Harbour Plumbing',
    appId,
  })
  for (const customer of demoCustomers) simulator.addCustomer(customer)
  for (const template of demoTemplates) simulator.addTemplate(wabaId, template)
  await rememberWindows(app.db, simulator, tenantId)
  return accountId
}

/** What the simulator knew of open windows before it was started anew. */
async function rememberWindows(db: Database, simulator: WhatsAppSimulator, tenantId: string): Promise<void> {
  const { rows } = await inTenant(db, tenantId, (tx) =>
    tx.query<{ phone: string; name: string | null; at: Date }>(
      'SELECT k.phone, k.name, max(c.last_inbound_at) AS at FROM conversations c JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id WHERE c.tenant_id = $1 AND k.phone IS NOT NULL AND c.last_inbound_at IS NOT NULL GROUP BY 1, 2 LIMIT 500',
      [tenantId],
    ),
  )
  for (const { phone, name, at } of rows) {
    const digits = phone.slice(1)
    if (!demoCustomers.some((customer) => customer.phone === digits))
      simulator.addCustomer({ phone: digits, ...(name ? { name } : {}) })
    simulator.thread(phoneNumberId, digits).lastCustomerMessageAt = at.getTime()
  }
}
