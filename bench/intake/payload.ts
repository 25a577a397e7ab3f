/** One text message as Meta sends it, about 900 bytes, from a sender of its own. */
import { createHash, createHmac } from 'node:crypto'

export const appSecret = 'bench-app-secret-0123456789'
export const phoneNumberId = '106540352242922'

const prefixes = new Map<string, string>()
/** Six digits of its own for every run, so that no sender of one is met again in another. */
function prefixOf(run: string): string {
  const known = prefixes.get(run) ?? String(createHash('sha256').update(run).digest().readUInt32BE() % 1e6).padStart(6, '0')
  prefixes.set(run, known)
  return known
}

export function makeBody(run: string, n: number): Buffer {
  const phone = `44${prefixOf(run)}${String(n).padStart(7, '0')}`
  return Buffer.from(
    JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [
        {
          id: '102290129340398',
          changes: [
            {
              value: {
                messaging_product: 'whatsapp',
                metadata: { display_phone_number: '15550783881', phone_number_id: phoneNumberId },
                contacts: [{ profile: { name: `Customer ${n}` }, wa_id: phone, user_id: `US.${run}${n}` }],
                messages: [
                  {
                    from: phone,
                    from_user_id: `US.${run}${n}`,
                    id: `wamid.${run}.${n}.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=`,
                    timestamp: String(Math.floor(Date.now() / 1000)),
                    type: 'text',
                    text: {
                      body: `Message ${n}: the tap in the kitchen drips again, could somebody have a look at it this week? ${'Afternoons suit us best. '.repeat(9)}`,
                    },
                  },
                ],
              },
              field: 'messages',
            },
          ],
        },
      ],
    }),
  )
}

export const sign = (body: Buffer): string => `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`
