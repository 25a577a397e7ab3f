/** What happens in the demo: customers of a plumber write through the simulator, Sam answers through the API's own verbs. */
import { crc32, deflateSync } from 'node:zlib'
import type { WhatsAppSimulator } from '../../simulators/whatsapp-cloud/index.ts'
import { patch, send, syncTemplates } from '../inbox/verbs.ts'
import { inTenant } from '../platform/db/tx.ts'
import type { Actor } from '../tenancy/can.ts'
import type { App } from './build.ts'

export const demoCustomers = [
  { phone: '16505551201', name: 'Ana Duarte', country: 'US' },
  { phone: '447700900134', name: 'Priya Shah', country: 'GB' },
  { phone: '5511987654321', name: 'João Batista', country: 'BR' },
  { phone: '201001234567', name: 'ليلى حسن', country: 'EG' },
  { phone: '16505551277', name: 'Marcus Chen', country: 'US' },
]

export const demoTemplates = [
  {
    name: 'appointment_reminder',
    language: 'en',
    category: 'UTILITY' as const,
    components: [
      { type: 'HEADER', format: 'TEXT', text: 'Your visit on {{1}}', example: { header_text: ['Monday'] } },
      {
        type: 'BODY',
        text: 'Hello {{1}}, this is Harbour Plumbing. We will be with you on {{2}} between {{3}}. Does that still suit you?',
        example: { body_text: [['Ana', 'Monday, 9 March', '9 and 11 am']] },
      },
      { type: 'FOOTER', text: 'Reply to this message to change it' },
      {
        type: 'BUTTONS',
        buttons: [
          { type: 'QUICK_REPLY', text: 'Yes, see you then' },
          { type: 'QUICK_REPLY', text: 'Another time, please' },
        ],
      },
    ],
  },
  {
    name: 'quote_ready',
    language: 'en',
    category: 'UTILITY' as const,
    components: [
      {
        type: 'BODY',
        text: 'Hello {{1}}, your quote for the {{2}} is ready: {{3}}. Shall we go ahead?',
        example: { body_text: [['Ana', 'boiler', '$420']] },
      },
    ],
  },
]

interface Place {
  tenantId: string
  accountId: string
  phoneNumberId: string
}

/** Plays the story and waits until it is stored. */
export async function playDemo(app: App, simulator: WhatsAppSimulator, actor: Actor, place: Place): Promise<void> {
  const to = place.phoneNumberId
  const say = async (conversationId: string, text: string): Promise<void> => {
    const { messageId } = await send(app.inbox, actor, { conversationId, body: { type: 'text', text } })
    await until(
      async () => (await statusOf(app, place, messageId)) !== 'queued' && (await statusOf(app, place, messageId)) !== 'sending',
    )
  }
  await syncTemplates(app.inbox, place.tenantId, place.accountId)

  simulator.customerSends({ from: '16505551277', to, text: 'Hi, do you also install water softeners?' })
  const softener = await arrived(app, place, '+16505551277', 1)
  await say(
    softener,
    'We do, Marcus. For a house of four we usually fit the 10-litre one: $890 installed. Would you like a visit?',
  )
  simulator.customerSends({ from: '16505551277', to, text: 'Let me think about it 👍' })
  await arrived(app, place, '+16505551277', 3)
  await grow24HoursOlder(app, simulator, place, softener, '16505551277')

  simulator.customerSends({ from: '201001234567', to, text: 'مساء الخير، هل تعملون يوم الجمعة؟' })
  const friday = await arrived(app, place, '+201001234567', 1)
  await say(friday, 'Good evening! Yes, on Fridays until noon.')
  simulator.customerSends({ from: '201001234567', to, text: 'ممتاز، شكرًا جزيلًا' })
  await arrived(app, place, '+201001234567', 3)
  await patch(app.inbox, actor, friday, { status: 'closed' })

  simulator.customerSends({ from: '447700900134', to, text: 'Hello, could you send me an invoice for last week’s repair?' })
  const invoice = await arrived(app, place, '+447700900134', 1)
  await patch(app.inbox, actor, invoice, { assigneeId: actor.userId ?? null })
  await say(invoice, 'Of course, Priya. To which address should it be made out?')
  simulator.customerSends({
    from: '447700900134',
    to,
    type: 'location',
    payload: { latitude: 51.5237, longitude: -0.1585, name: 'Shah & Daughters', address: '221B Baker Street, London' },
  })
  await arrived(app, place, '+447700900134', 4)

  simulator.customerSends({ from: '5511987654321', to, text: 'Bom dia! Quanto custa trocar uma torneira?' })
  await arrived(app, place, '+5511987654321', 1)

  simulator.customerSends({ from: '16505551201', to, text: 'Water is coming through the kitchen ceiling!!' })
  await arrived(app, place, '+16505551201', 1)
  simulator.customerSends({
    from: '16505551201',
    to,
    type: 'image',
    media: { bytes: stain(), mimeType: 'image/png', caption: 'It is getting bigger' },
  })
  const leak = await arrived(app, place, '+16505551201', 2)
  await say(
    leak,
    'Hello Ana, please close the main tap (it is usually under the sink). We can be there in 40 minutes. Is that alright?',
  )
  simulator.customerSends({ from: '16505551201', to, text: 'Found it, closed. Yes please!' })
  await arrived(app, place, '+16505551201', 4)
}

/** The customer's conversation, once it has so many lines. */
async function arrived(app: App, place: Place, phone: string, messages: number): Promise<string> {
  let found: string | undefined
  await until(async () => {
    found = await inTenant(app.db, place.tenantId, async (tx) => {
      const { rows } = await tx.query<{ id: string }>(
        'SELECT c.id FROM conversations c JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id WHERE c.tenant_id = $1 AND k.phone = $2 AND c.last_seq >= $3',
        [place.tenantId, phone, messages],
      )
      return rows[0]?.id
    })
    return found !== undefined
  })
  return found as unknown as string
}

const statusOf = (app: App, place: Place, messageId: string): Promise<string | undefined> =>
  inTenant(app.db, place.tenantId, async (tx) => {
    const { rows } = await tx.query<{ status: string }>(
      'SELECT status FROM message_tracking WHERE tenant_id = $1 AND id = $2',
      [place.tenantId, messageId],
    )
    return rows[0]?.status
  })

export async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (await condition()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('The demo did not get through to its simulator.')
}

/** One conversation whose window is over, to show what a template is for. */
async function grow24HoursOlder(
  app: App,
  simulator: WhatsAppSimulator,
  place: Place,
  conversationId: string,
  customer: string,
): Promise<void> {
  simulator.thread(place.phoneNumberId, customer).lastCustomerMessageAt = simulator.clock.now() - 30 * 3_600_000
  await inTenant(app.db, place.tenantId, (tx) =>
    tx.query(
      `UPDATE conversations SET last_message_at = last_message_at - interval '30 hours', last_inbound_at = last_inbound_at - interval '30 hours',
              window_expires_at = window_expires_at - interval '30 hours', unread_count = 0 WHERE tenant_id = $1 AND id = $2`,
      [place.tenantId, conversationId],
    ),
  )
}

/** A drawn photograph: a damp stain on a pale ceiling. */
function stain(width = 480, height = 360): Buffer {
  const raw = Buffer.alloc((width * 3 + 1) * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const far = Math.hypot(x - 250 + 18 * Math.sin(y / 17), (y - 170) * 1.25 + 14 * Math.sin(x / 23)) / 120
      const damp = far < 1 ? 0.55 + 0.45 * far ** 3 : 1
      const light = (232 - y / 12) * damp
      raw.set(
        [light, light * (0.97 - 0.1 * (1 - damp)), light * (0.92 - 0.25 * (1 - damp))].map(Math.round),
        y * (width * 3 + 1) + 1 + x * 3,
      )
    }
  }
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data])
    const framed = Buffer.alloc(body.length + 8)
    framed.writeUInt32BE(data.length, 0)
    body.copy(framed, 4)
    framed.writeUInt32BE(crc32(body), body.length + 4)
    return framed
  }
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0])
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
