/**
 * Who writes next. A business has some threads that are under way at once; one that has had its lines ends, closed or left open, and a
 * new one begins, with somebody new or with somebody who wrote before: few of them write most.
 */
import { type Person, personOf } from './people.ts'
import type { Random } from './random.ts'

export interface Business {
  id: string
  accounts: string[]
  /** users.id of those who answer. */
  agents: string[]
  /** Of all messages. */
  share: number
}

export interface Contact extends Person {
  id: string
  /** The thread that is open, or was closed less than a day ago. */
  thread: Thread | null
}

export interface Thread {
  id: string
  contact: Contact
  account: string
  assignee: string | null
  /** How many lines it will have before it ends. */
  until: number
  underWay: boolean
  createdAt: number
  seq: number
  human: number
  unread: number
  lastAt: number
  lastInboundAt: number | null
  lastHumanAt: number | null
  lastInboundExternal: string | null
  lastText: string
  lastDirection: 'inbound' | 'outbound'
  closedAt: number | null
}

export interface Deeds {
  newContact(contact: Contact, at: number): void
  /** It is as it will stay. */
  settled(thread: Thread): void
}

export interface Threads {
  /** The thread of the next line. */
  next(at: number): Thread
  /** After its line was written. */
  written(thread: Thread): void
  /** Settles all that are not. */
  end(): void
}

/** A person to so many messages, threads of so many lines, both on average. */
const messagesPerContact = 20
const linesPerThread = 12
/** Some threads of those that do not go on stay open. */
const leftOpen = 0.06
/** As in receive_messages: within a day a closed thread is reopened. */
const reopenMs = 86_400_000

export function createThreads(random: Random, business: Business, given: { perDay: number; deeds: Deeds }): Threads {
  const { deeds } = given
  const contacts: Contact[] = []
  const underWay: Thread[] = []
  const all: Set<Thread> = new Set()
  const closing: Thread[] = []
  let closingFrom = 0
  // So many that each lasts for about half a day.
  const atOnce = Math.max(3, Math.round(given.perDay / linesPerThread / 2))

  const newContact = (at: number): Contact => {
    const contact = { ...personOf(random, contacts.length), id: random.id(at), thread: null }
    contacts.push(contact)
    deeds.newContact(contact, at)
    return contact
  }
  const someContact = (at: number): Contact => {
    if (contacts.length === 0 || random.next() < linesPerThread / messagesPerContact) return newContact(at)
    return contacts[Math.floor(contacts.length * random.next() ** 3)] as Contact
  }
  /** Seldom a hundred lines, often three. */
  const length = () => Math.min(600, 1 + Math.floor(-(linesPerThread - 1) * Math.log(1 - random.next() * 0.99999)))

  function begin(at: number): Thread {
    const contact = someContact(at)
    const known = contact.thread
    if (known?.underWay) return known
    const thread = known ?? newThread(contact, at)
    if (known) {
      known.closedAt = null
      known.until = known.seq + length()
    }
    thread.underWay = true
    underWay.push(thread)
    return thread
  }

  function newThread(contact: Contact, at: number): Thread {
    const thread: Thread = {
      id: random.id(at),
      contact,
      account: random.pick(business.accounts),
      assignee: random.next() < 0.65 ? random.pick(business.agents) : null,
      until: length(),
      ...{ underWay: false, createdAt: at, seq: 0, human: 0, unread: 0, lastAt: at, lastInboundAt: null, lastHumanAt: null },
      ...{ lastInboundExternal: null, lastText: '', lastDirection: 'inbound', closedAt: null },
    }
    contact.thread = thread
    all.add(thread)
    return thread
  }

  function settle(thread: Thread): void {
    deeds.settled(thread)
    all.delete(thread)
    if (thread.closedAt !== null) thread.contact.thread = null
  }

  /** Threads closed for longer than a day cannot be reopened any more. */
  function settleOld(at: number): void {
    for (let thread = closing[closingFrom]; thread; thread = closing[closingFrom]) {
      const since = thread.closedAt
      if (since !== null && all.has(thread) && since + reopenMs >= at) break
      closingFrom += 1
      if (since !== null && all.has(thread)) settle(thread)
    }
    if (closingFrom < 10_000) return
    closing.splice(0, closingFrom)
    closingFrom = 0
  }

  return {
    next(at) {
      settleOld(at)
      if (underWay.length < atOnce) return begin(at)
      // Who wrote a moment ago writes again before others do.
      return underWay[underWay.length - 1 - Math.floor(underWay.length * random.next() ** 2)] as Thread
    },
    written(thread) {
      if (thread.seq < thread.until) return
      underWay.splice(underWay.lastIndexOf(thread), 1)
      thread.underWay = false
      if (random.next() < leftOpen) return
      thread.closedAt = thread.lastAt
      thread.unread = 0
      closing.push(thread)
    },
    end() {
      for (const thread of all) settle(thread)
    },
  }
}
