import { GraphError } from './graph-errors.ts'
import { parseReadReceipt } from './message-schema.ts'
import { threadOfMessage } from './threads.ts'
import type { BusinessNumber, Json } from './types.ts'
import type { World } from './world.ts'

// The typing dots stop by themselves (or at the next message).
const typingMs = 25_000

/** The business marks a message read, and with it all earlier ones; optionally shows that it types. Throws GraphError. */
export function markRead(world: World, number: BusinessNumber, body: unknown): Json {
  const { messageId, typing } = parseReadReceipt(body)
  const message = world.messages.get(messageId)
  if (message?.direction !== 'in' || message.phoneNumberId !== number.phoneNumberId) {
    throw new GraphError(131009, { details: 'Parameter message_id is not valid. The message does not exist.' })
  }
  const thread = threadOfMessage(world, message)
  const last = thread.messages.indexOf(message)
  thread.messages.forEach((earlier, index) => {
    if (index <= last && earlier.direction === 'in') earlier.businessRead = true
  })
  if (typing) thread.typingUntil = world.clock.now() + typingMs
  thread.revision++
  return { success: true }
}
