/** Receipts as Meta sends them, one to a webhook: sent, delivered and read of each message, one after the other. */
import { phoneNumberId } from '../intake/payload.ts'

export const statuses = ['sent', 'delivered', 'read'] as const

/** The provider's id of the n-th message of a run. */
export const wamidOf = (run: string, n: number): string =>
  `wamid.${run}.${n}.HBgLMTY1MDM4Nzk0MzkVAgARGBI0RTQ4RkE3MzhFMkRBOEI2QTEA`

export function makeReceipt(run: string, n: number): Buffer {
  const status = statuses[n % statuses.length] as string
  const message = Math.floor(n / statuses.length)
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
                statuses: [
                  {
                    id: wamidOf(run, message),
                    status,
                    timestamp: String(Math.floor(Date.now() / 1000) + (n % statuses.length)),
                    recipient_id: `44${String(message).padStart(10, '0')}`,
                    recipient_user_id: `US.${run}${message}`,
                    ...(status === 'read'
                      ? {}
                      : {
                          conversation: { id: `c-${run}-${message}`, origin: { type: 'service' } },
                          pricing: {
                            billable: false,
                            pricing_model: 'PMP',
                            category: 'service',
                            type: 'free_customer_service',
                          },
                        }),
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
