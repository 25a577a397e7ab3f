/** Webhooks as Meta signs them, for those that the simulator would not send by itself. */
import { createHmac } from 'node:crypto'
import type { Business } from './business.ts'

export const sign = (body: Buffer | string, secret: string): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

/** Posts bytes to an app's address, signed with its secret unless another signature is given. Returns the status. */
export async function postWebhook(
  business: Business,
  body: Buffer | string,
  options: { signature?: string; url?: string } = {},
): Promise<number> {
  const response = await fetch(options.url ?? business.webhookUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-hub-signature-256': options.signature ?? sign(body, business.appSecret),
    },
    body: new Uint8Array(Buffer.from(body)),
  })
  await response.arrayBuffer()
  return response.status
}

/** The body that tells of texts by customers to a number, all in one change. */
export function textsBody(business: Business, texts: { id: string; from: string; text: string; at?: number }[]): string {
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550000000', phone_number_id: business.phoneNumberId },
    contacts: [...new Set(texts.map((text) => text.from))].map((from) => ({ profile: { name: `C ${from}` }, wa_id: from })),
    messages: texts.map(({ id, from, text, at }) => ({
      from,
      id,
      timestamp: String(Math.floor((at ?? Date.now()) / 1000)),
      type: 'text',
      text: { body: text },
    })),
  }
  const entry = [{ id: business.wabaId, changes: [{ field: 'messages', value }] }]
  return JSON.stringify({ object: 'whatsapp_business_account', entry })
}
