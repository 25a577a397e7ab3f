/** A contact centre that does what the test says, in process: for the core's own tests. Journeys use the simulator. */
import { createHmac } from 'node:crypto'
import type { CentreEvent, CentreLine, CentreReceipt, CentreResult, ContactCentre } from '../../src/ports/contact-centre.ts'

export interface ScriptedCentre extends ContactCentre {
  /** Every line that reached it, repeats too, in the order of arrival. */
  lines: CentreLine[]
  /** What it took: a repeated id once. */
  taken: CentreLine[]
  receipts: CentreReceipt[]
  disconnected: string[]
  /** conversation id by customer, as long as it is open; made at the first line. */
  open: Map<string, string>
  /** Answers in this order; afterwards everything is accepted. A function may wait or throw. */
  script: (CentreResult | ((line: CentreLine) => Promise<CentreResult>))[]
  /** Set: every call ends so. */
  mood: CentreResult | null
  /** Whether the answer to a line tells the conversation. */
  tells: boolean
}

let made = 0

export function scriptedCentre(): ScriptedCentre {
  const known = new Set<string>()
  const centre: ScriptedCentre = {
    name: 'genesys',
    ...{ lines: [], taken: [], receipts: [], disconnected: [], open: new Map(), script: [], mood: null, tells: true },
    verify: ({ headers, rawBody }, secrets) =>
      secrets.some((secret) => headers['x-centre-signature'] === signCentre(secret, rawBody)),
    parse(rawBody) {
      try {
        const { events } = JSON.parse(rawBody.toString()) as { events: CentreEvent[] }
        return { events, label: events[0]?.kind ?? 'none' }
      } catch (error) {
        return { events: [], label: 'malformed', malformed: (error as Error).message }
      }
    },
    async send(_connection, line) {
      centre.lines.push(line)
      const next = centre.script.shift()
      if (typeof next === 'function') return await next(line)
      if (next) return next
      return centre.mood ?? centre.take(line)
    },
    async receipt(_connection, receipt) {
      if (centre.mood) return centre.mood
      centre.receipts.push(receipt)
      return { outcome: 'accepted' }
    },
    typing: async () => ({ outcome: 'accepted' }),
    async disconnect(_connection, conversationId) {
      if (centre.mood) return centre.mood
      centre.disconnected.push(conversationId)
      centre.end(conversationId)
      return { outcome: 'accepted' }
    },
    state: async (_connection, conversationId) => ([...centre.open.values()].includes(conversationId) ? 'open' : 'ended'),
    check: async () => ({ state: 'connected', text: 'It answers.' }),
    take(line: CentreLine): CentreResult {
      const conversationId = centre.open.get(line.customer.id) ?? `conversation-${++made}`
      centre.open.set(line.customer.id, conversationId)
      if (!known.has(line.messageId)) centre.taken.push(line)
      known.add(line.messageId)
      return {
        outcome: 'accepted',
        messageId: `centre-${line.messageId}`,
        ...(centre.tells ? { conversationId } : {}),
      }
    },
    end(conversationId: string) {
      for (const [customer, open] of centre.open) if (open === conversationId) centre.open.delete(customer)
    },
  } as ScriptedCentre
  return centre
}

export interface ScriptedCentre {
  take(line: CentreLine): CentreResult
  end(conversationId: string): void
}

export const signCentre = (secret: string, rawBody: Buffer): string =>
  createHmac('sha256', secret).update(rawBody).digest('hex')
