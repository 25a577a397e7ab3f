/** Messages in the order of time, with everything that hangs on them, as rows. Pure: the same for the same seed and time. */
import { preview } from '../../kernel/text.ts'
import { timesOf } from './days.ts'
import { byWeight, type Random } from './random.ts'
import { type Sheets, stamp } from './sheets.ts'
import { type Business, createThreads, type Thread } from './threads.ts'
import { textOf } from './words.ts'

export interface Plan {
  businesses: Business[]
  messages: number
  from: number
  to: number
}

/** Of the newest messages also what becomes small with time: receipts, attempts, where both meet. And events of fewer. */
const recentShare = 0.1
const eventShare = 0.02
const mostEvents = 200_000
const windowMs = 86_400_000

export interface Story {
  /** Writes up to `count` further messages; false when all are written. */
  write(count: number): boolean
  /** Writes what only the end tells: the threads that are still open. */
  end(): void
  written(): number
  /** Messages by business. */
  messages: number[]
}

export function createStory(random: Random, plan: Plan, sheets: Sheets): Story {
  const { businesses } = plan
  const days = Math.max(1, (plan.to - plan.from) / 86_400_000)
  const which = byWeight(businesses.map(({ share }) => share))
  const shares = businesses.reduce((sum, { share }) => sum + share, 0)
  const threads = businesses.map((business) =>
    createThreads(random, business, {
      perDay: (plan.messages * business.share) / shares / days,
      deeds: {
        newContact: (contact, at) => writeContact(sheets, business, contact, at),
        settled: (thread) => writeThread(sheets, business, thread),
      },
    }),
  )
  const messages = businesses.map(() => 0)
  const times = timesOf(random, { from: plan.from, to: plan.to, count: plan.messages })
  const recentFrom = plan.messages * (1 - recentShare)
  const eventsFrom = plan.messages - Math.min(mostEvents, plan.messages * eventShare)
  let written = 0
  return {
    messages,
    written: () => written,
    write(count) {
      for (let n = 0; n < count; n++) {
        const { value: at, done } = times.next()
        if (done) return false
        const b = which(random)
        const [business, lines] = [businesses[b] as Business, threads[b] as (typeof threads)[number]]
        const thread = lines.next(at)
        writeLine({
          random,
          sheets,
          business,
          thread,
          at,
          recent: written >= recentFrom,
          event: written >= eventsFrom,
          to: plan.to,
        })
        lines.written(thread)
        messages[b] = (messages[b] as number) + 1
        written += 1
      }
      return true
    },
    end() {
      for (const one of threads) one.end()
    },
  }
}

function writeContact(sheets: Sheets, business: Business, contact: Thread['contact'], at: number): void {
  const since = stamp(at)
  sheets.add('contacts', [business.id, contact.id, contact.name, `+${contact.digits}`, since, since])
  sheets.add('contact_identities', [business.id, '', 'wa_id', contact.digits, contact.id, '{"seed": true}', since])
}

function writeThread(sheets: Sheets, business: Business, thread: Thread): void {
  const time = (ms: number | null) => (ms === null ? null : stamp(ms))
  sheets.add('conversations', [
    ...[
      business.id,
      thread.id,
      thread.account,
      thread.contact.id,
      thread.closedAt === null ? 'open' : 'closed',
      thread.assignee,
    ],
    ...[
      thread.seq,
      thread.seq,
      thread.human,
      thread.unread,
      stamp(thread.lastAt),
      time(thread.lastInboundAt),
      time(thread.lastHumanAt),
    ],
    ...[preview(thread.lastText), thread.lastDirection, thread.lastInboundExternal],
    thread.lastInboundAt === null ? null : stamp(thread.lastInboundAt + windowMs),
    ...[time(thread.closedAt), stamp(thread.createdAt), stamp(thread.lastAt)],
  ])
}

interface Line {
  random: Random
  sheets: Sheets
  business: Business
  thread: Thread
  at: number
  recent: boolean
  event: boolean
  /** Nothing is later. */
  to: number
}

function writeLine(line: Line): void {
  const { random, sheets, business, thread, at } = line
  // The customer begins; then more comes from whoever did not write last.
  const inbound = thread.seq === 0 || random.next() < (thread.lastDirection === 'inbound' ? 0.38 : 0.72)
  const id = random.id(at)
  const wamid = `wamid.${random.hex(32)}`
  const text = textOf(random, thread.contact.script)
  const now = stamp(at)
  thread.seq += 1
  thread.lastAt = at
  thread.lastText = text
  thread.lastDirection = inbound ? 'inbound' : 'outbound'
  if (inbound) {
    thread.unread += 1
    thread.lastInboundAt = at
    thread.lastInboundExternal = wamid
    sheets.add('message_tracking', [
      ...[
        business.id,
        id,
        thread.account,
        thread.id,
        wamid,
        'INBOUND',
        'received',
        now,
        null,
        null,
        null,
        null,
        null,
        null,
        now,
        now,
      ],
    ])
  } else {
    thread.unread = 0
    thread.human += 1
    thread.lastHumanAt = at
    writeSent(line, id, wamid)
  }
  const agent = inbound ? null : (thread.assignee ?? random.pick(business.agents))
  sheets.add('messages', [
    ...[
      business.id,
      id,
      thread.id,
      thread.contact.id,
      thread.seq,
      inbound ? 'inbound' : 'outbound',
      inbound ? 'customer' : 'human',
      agent,
    ],
    ...['text', text, `{"text": "${text}"}`, inbound ? wamid : null, now, now],
  ])
  if (line.event)
    sheets.add('events', [
      ...[business.id, id, inbound ? 'message.received' : 'message.queued', thread.id, id],
      ...[inbound ? 'provider:whatsapp-cloud' : `user:${agent}`, now],
    ])
}

/** What became of a message of ours: most are read, some only delivered, a few refused. */
function writeSent({ random, sheets, business, thread, at, recent, to }: Line, id: string, wamid: string): void {
  const u = random.next()
  const status = u < 0.025 ? 'failed' : u < 0.06 ? 'sent' : u < 0.3 ? 'delivered' : 'read'
  const later = (ms: number) => Math.min(to, at + Math.ceil(ms))
  const sent = later(150 + random.next() * 900)
  const delivered = status === 'delivered' || status === 'read' ? later(1200 + random.next() * 9000) : null
  const read = status === 'read' ? later(11_000 + random.next() ** 3 * 7_200_000) : null
  const failed = status === 'failed' ? later(2000 + random.next() * 4000) : null
  const time = (ms: number | null) => (ms === null ? null : stamp(ms))
  const [code, words] = failed === null ? [null, null] : ['131026', 'Message undeliverable']
  const last = stamp(read ?? delivered ?? failed ?? sent)
  sheets.add('message_tracking', [
    ...[
      business.id,
      id,
      thread.account,
      thread.id,
      wamid,
      'OUTBOUND',
      status,
      last,
      stamp(sent),
      time(delivered),
      time(read),
      time(failed),
    ],
    ...[code, words, stamp(at), last],
  ])
  if (!recent) return
  sheets.add('send_attempts', [business.id, id, 1, 1, 'accepted', null, null, stamp(at), stamp(sent)])
  sheets.add('provider_refs', [business.id, thread.account, wamid, id, last])
  for (const [state, ms] of Object.entries({ sent, delivered, read, failed })) {
    if (ms === null) continue
    const [text, error] = state === 'failed' ? [words, code] : [null, null]
    sheets.add('message_statuses', [
      ...[
        business.id,
        random.id(ms),
        thread.account,
        id,
        wamid,
        state,
        `+${thread.contact.digits}`,
        text,
        error,
        stamp(ms),
        't',
        stamp(ms),
      ],
    ])
  }
}
