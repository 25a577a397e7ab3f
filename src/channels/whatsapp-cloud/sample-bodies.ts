/** Webhook bodies for the tests of this folder, in the provider's shape. */

export const PHONE_ID = '5550100'
export const WABA = '880001'
const OUR_NUMBER = '15550009999'
export const CUSTOMER = '15550001111'

export const metadata = { display_phone_number: OUR_NUMBER, phone_number_id: PHONE_ID }
export const contact = (more: object = {}) => ({ profile: { name: 'Mara Lind' }, wa_id: CUSTOMER, ...more })

export const change = (field: string | undefined, value: unknown) => (field === undefined ? { value } : { value, field })
export const body = (...changes: unknown[]) => ({ object: 'whatsapp_business_account', entry: [{ id: WABA, changes }] })

export const messages = (...items: unknown[]) =>
  body(change('messages', { messaging_product: 'whatsapp', metadata, contacts: [contact()], messages: items }))
export const statuses = (...items: unknown[]) =>
  body(change('messages', { messaging_product: 'whatsapp', metadata, statuses: items }))
export const phoneChange = (field: string, value: object) =>
  body(change(field, { messaging_product: 'whatsapp', metadata, ...value }))
export const accountChange = (field: string, value: unknown, time = 1_790_000_000) => ({
  object: 'whatsapp_business_account',
  entry: [{ id: WABA, time, changes: [change(field, value)] }],
})

export const message = (type: string, payload?: unknown, more: object = {}) => ({
  from: CUSTOMER,
  id: `wamid.${type}`,
  timestamp: '1790000000',
  type,
  ...(payload === undefined ? {} : { [type]: payload }),
  ...more,
})
export const status = (word: string, more: object = {}) => ({
  id: 'wamid.out',
  status: word,
  timestamp: '1790000100',
  recipient_id: CUSTOMER,
  ...more,
})
