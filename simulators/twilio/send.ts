import { renderContent } from './contents.ts'
import { numberAt } from './numbers.ts'
import { isOptedOut } from './outcomes.ts'
import { isWhatsApp, numberOf } from './phones.ts'
import { RestError } from './rest-error.ts'
import { senderFor } from './services.ts'
import { plan } from './statuses.ts'
import type { Account, Message, Service } from './types.ts'
import { newSid, type World } from './world.ts'

const maxBody = 1600
const maxMedia = 10
const [soonestMs, latestMs] = [15 * 60_000, 35 * 86_400_000]

/** Takes a message, or rejects with a RestError: nothing was taken then. */
export async function createMessage(world: World, account: Account, form: URLSearchParams): Promise<Message> {
  const to = form.get('To') ?? ''
  const mediaUrls = form.getAll('MediaUrl')
  checkTo(world, account, to)
  checkContent(form, mediaUrls)
  const channel = isWhatsApp(to) ? 'whatsapp' : 'sms'
  const { from, service } = senderOf(world, account, form, channel)
  if (from === to) throw new RestError(21266, "'To' and 'From' number cannot be the same")
  // Known at once of a number; a service finds out later.
  if (from !== null && isOptedOut(world, to, from)) throw new RestError(21610)
  const sendAt = scheduledFor(world, form, service)
  const content = contentOf(world, account, form)
  const now = world.clock.now()
  const message: Message = {
    sid: newSid(world, mediaUrls.length > 0 ? 'MM' : 'SM'),
    accountSid: account.sid,
    direction: 'outbound-api',
    channel,
    from,
    to,
    body: asSent(account, service, content ?? form.get('Body') ?? ''),
    media: [],
    mediaUrls,
    status: sendAt !== undefined ? 'scheduled' : service ? 'accepted' : 'queued',
    errorCode: null,
    serviceSid: service?.sid ?? null,
    ...(form.get('ContentSid') ? { contentSid: form.get('ContentSid') as string } : {}),
    ...(callbackOf(form, service) ? { statusCallback: callbackOf(form, service) as string } : {}),
    ...(sendAt === undefined ? {} : { sendAt }),
    createdAt: now,
    updatedAt: now,
    sentAt: null,
    extra: {},
  }
  world.messages.set(message.sid, message)
  await plan(world, message)
  return message
}

const trialMark = 'Sent from your Twilio trial account - '
/** The list shows what went out, not what was given. */
function asSent(account: Account, service: Service | undefined, body: string): string {
  const smart = service !== undefined && service.settings.SmartEncoding !== 'false'
  const written = smart
    ? body
        .replace(/[\u2018\u2019]/g, "'")
        .replace(/[\u201c\u201d]/g, '"')
        .replace(/[\u2013\u2014]/g, '-')
    : body
  return account.trial && body !== '' ? trialMark + written : written
}

const callbackOf = (form: URLSearchParams, service: Service | undefined): string | undefined =>
  form.get('StatusCallback') ?? service?.settings.StatusCallback

function checkTo(world: World, account: Account, to: string): void {
  if (to === '') throw new RestError(21604)
  const number = numberOf(to)
  const known = isWhatsApp(to) && /^[A-Z]{2}\.[A-Za-z0-9]{1,128}$/.test(number)
  if (!known && !/^\+[1-9]\d{6,14}$/.test(number)) throw new RestError(21211, `Invalid 'To' Phone Number: ${to}`)
  if (world.settings.closedRegions.some((prefix) => number.startsWith(prefix))) throw new RestError(21408)
  if (account.trial && !account.verified.has(number)) throw new RestError(21608)
}

function checkContent(form: URLSearchParams, mediaUrls: readonly string[]): void {
  const body = form.get('Body') ?? ''
  if (body === '' && mediaUrls.length === 0 && !form.get('ContentSid')) throw new RestError(21602)
  if ([...body].length > maxBody) throw new RestError(21617)
  if (mediaUrls.length > maxMedia) throw new RestError(21623)
  if (!mediaUrls.every((url) => URL.canParse(url) && /^https?:/.test(url))) throw new RestError(21620)
}

function senderOf(
  world: World,
  account: Account,
  form: URLSearchParams,
  channel: Message['channel'],
): { from: string | null; service: Service | undefined } {
  const sid = form.get('MessagingServiceSid')
  const from = form.get('From')
  if (sid) {
    const service = world.services.get(sid)
    if (!service || service.accountSid !== account.sid) throw new RestError(21701, undefined, 404)
    if (senderFor(world, service, channel) === undefined) throw new RestError(21704)
    return { from, service }
  }
  if (!from) throw new RestError(21603)
  if (isWhatsApp(from) !== (channel === 'whatsapp')) throw new RestError(21910)
  if (channel === 'whatsapp' && world.senders.get(from)?.accountSid !== account.sid) throw new RestError(63007)
  const number = channel === 'sms' ? numberAt(world, from) : undefined
  if (channel === 'sms' && !(number?.accountSid === account.sid && number.capabilities.sms))
    throw new RestError(21606, `The 'From' phone number ${from} is not a valid message-capable Twilio phone number.`)
  return { from, service: undefined }
}

function scheduledFor(world: World, form: URLSearchParams, service: Service | undefined): number | undefined {
  if (form.get('ScheduleType') !== 'fixed') return undefined
  if (!service) throw new RestError(35118)
  const at = Date.parse(form.get('SendAt') ?? '')
  if (Number.isNaN(at)) throw new RestError(35111)
  const ahead = at - world.clock.now()
  if (ahead < soonestMs || ahead > latestMs) throw new RestError(35114)
  return at
}

function contentOf(world: World, account: Account, form: URLSearchParams): string | undefined {
  const sid = form.get('ContentSid')
  if (!sid) return undefined
  const content = world.contents.get(sid)
  if (!content || content.accountSid !== account.sid) throw new RestError(20404, `The Content ${sid} was not found`, 404)
  return renderContent(content, form.get('ContentVariables'))
}
