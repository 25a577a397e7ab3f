import type { TwilioSimulator } from './index.ts'
import { messageView } from './messages.ts'
import type { Delivery, Json, Message } from './types.ts'

export const threadView = (message: Message): Json => ({
  ...messageView(message),
  direction: message.direction,
  at: message.createdAt,
  extra: message.extra,
  media: message.media.map(({ sid, contentType }) => ({ sid, contentType })),
})

export const deliveryView = ({ answer, ...delivery }: Delivery, whole: boolean): Json => ({
  ...delivery,
  params: whole ? delivery.params : undefined,
  answer: whole ? answer : undefined,
})

/** What the handset shows: who there is, and what is switched on. */
export const stateView = ({ world }: TwilioSimulator): Json => ({
  now: world.clock.now(),
  accounts: [...world.accounts.values()].map(({ sid, friendlyName, status, trial }) => ({ sid, friendlyName, status, trial })),
  businesses: [
    ...[...world.numbers.values()].map(({ phoneNumber, friendlyName }) => ({ address: phoneNumber, name: friendlyName })),
    ...[...world.senders.keys()].map((address) => ({ address, name: address.replace('whatsapp:', 'WhatsApp ') })),
  ],
  phones: [...world.phones.values()],
  faults: world.faults.list(),
  sent: [...world.messages.values()].filter(({ direction }) => direction === 'outbound-api').length,
  alerts: world.alerts.slice(-5),
})
