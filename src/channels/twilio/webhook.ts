/** How Twilio delivers: one address for SMS and WhatsApp alike, signed over that address; it wants TwiML or nothing. */
import type { ChannelWebhook } from '../../ports/channel.ts'
import { type Form, readForm } from './signature.ts'

/** Last part of the webhook address, and the provider under which its apps are kept. */
export const webhookPath = 'twilio'

/** An answer without a verb says nothing to the customer: replies go out through the API. Anything but XML would be an error. */
const answer = { type: 'text/xml; charset=utf-8', body: '<?xml version="1.0" encoding="UTF-8"?><Response/>' }

export const webhookFor = (channel: 'sms' | 'whatsapp'): ChannelWebhook => ({
  path: webhookPath,
  takes: (rawBody) => channelOf(readForm(rawBody)) === channel,
  answer,
  // Twilio calls again only where no connection came about, and gives up after 15 seconds.
  onlyOnce: true,
})

/** WhatsApp's addresses have its name before them; what has no address at all is SMS. */
export const channelOf = (form: Form): 'sms' | 'whatsapp' =>
  [form.get('From'), form.get('To')].some((values) => values?.[0]?.startsWith('whatsapp:')) ? 'whatsapp' : 'sms'

/** What a status callback is called with: it comes back with every receipt, and is signed with the rest of the address. */
export function callbackUrl(publicUrl: string, appSlug: string, about: { address: string; messageId: string }): string {
  const query = new URLSearchParams({ account: about.address, message: about.messageId })
  return `${publicUrl.replace(/\/+$/, '')}/webhooks/${webhookPath}${appSlug === '' ? '' : `/${appSlug}`}?${query}`
}

/** What was called, from the headers that are kept with a delivery. */
export function calledWith(headers: Record<string, string> | undefined): { account?: string; message?: string } {
  const path = headers?.[':path'] ?? ''
  const query = new URLSearchParams(path.includes('?') ? path.slice(path.indexOf('?')) : '')
  const [account, message] = [query.get('account'), query.get('message')]
  return { ...(account ? { account } : {}), ...(message ? { message } : {}) }
}
