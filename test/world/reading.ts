/** What the API shows, as journeys ask for it: by the customer's number. */
import type { ConversationView, MessageView } from '../../src/inbox/schema.ts'
import type { Caller } from './api.ts'
import type { World } from './world.ts'

/** The newest conversation with a number. Fails where there is none. */
export async function conversationWith(world: World, phone: string, as?: Caller): Promise<ConversationView> {
  const answer = await world.api<{ items: ConversationView[] }>('GET', `/conversations?status=all&q=${phone}`, undefined, as)
  const [found] = answer.body.items
  if (!found) throw new Error(`There is no conversation with ${phone}.`)
  return found
}

/** A thread as it is drawn, oldest first, at most 200 lines. */
export async function threadOf(world: World, conversationId: string): Promise<MessageView[]> {
  const answer = await world.api<{ items: MessageView[] }>('GET', `/conversations/${conversationId}/messages?limit=200`)
  return answer.body.items
}

export const threadWith = async (world: World, phone: string): Promise<MessageView[]> =>
  threadOf(world, (await conversationWith(world, phone)).id)

export async function lastLineWith(world: World, phone: string): Promise<MessageView> {
  const line = (await threadWith(world, phone)).at(-1)
  if (!line) throw new Error(`The thread with ${phone} is empty.`)
  return line
}

export const messageNow = async (world: World, id: string): Promise<MessageView> =>
  (await world.api<MessageView>('GET', `/messages/${id}`)).body

interface History {
  attempts: {
    n: number
    outcome: string
    code: string | null
    text: string | null
    startedAt: string
    finishedAt: string | null
    nextAt: string | null
  }[]
  receipts: { status: string; applied: boolean; errorCode: string | null }[]
}
export const historyOf = async (world: World, id: string): Promise<History> =>
  (await world.api<History>('GET', `/messages/${id}/history`)).body
