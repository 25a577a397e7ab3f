import { answer, hangUp, say, transfer, type } from './agents.ts'
import { attachmentItem, storeFile } from './files.ts'
import type { Conversation, Message, Script, Step } from './types.ts'
import type { World } from './world.ts'

export function addScript(world: World, script: Script): string {
  const id = `script-${++world.counters.script}`
  world.scripts.push({ ...script, id, used: 0 })
  return id
}

/** Plays what fits this line; steps follow each other on the simulator's clock. */
export function runScripts(world: World, conversation: Conversation, message: Message, isNew: boolean): void {
  for (const script of world.scripts) {
    if (!fits(script, conversation, message, isNew)) continue
    script.used++
    play(world, conversation.id, script.steps, message.text ?? '')
  }
}

function fits(script: World['scripts'][number], conversation: Conversation, message: Message, isNew: boolean): boolean {
  if (script.times !== undefined && script.used >= script.times) return false
  if (script.integrationId !== undefined && script.integrationId !== conversation.integrationId) return false
  if (script.on === 'conversation' && !isNew) return false
  return script.contains === undefined || (message.text ?? '').includes(script.contains)
}

/** Until the conversation ends. */
function play(world: World, conversationId: string, [step, ...rest]: readonly Step[], heard: string): void {
  if (!step) return
  const epoch = world.epoch
  world.agenda.in(step.do === 'wait' ? step.ms : 0, () => {
    if (epoch !== world.epoch || world.conversations.get(conversationId)?.endedAt !== undefined) return
    actions[step.do](world, conversationId, step as never, heard)
    play(world, conversationId, rest, heard)
  })
}

type Actions = { [K in Step['do']]: (world: World, id: string, step: Extract<Step, { do: K }>, heard: string) => unknown }

const actions: Actions = {
  wait: () => undefined,
  answer: (world, id, { agent }) => answer(world, id, agent),
  say: (world, id, { text }, heard) => say(world, id, { text: text.replaceAll('{text}', heard) }),
  quick_replies: (world, id, { text, options }) => say(world, id, { text, content: options.map(quickReply) }),
  structured: (world, id, { text, content }) => say(world, id, { text, content }),
  attach: (world, id, { base64, mimeType, fileName, text }) => {
    const file = storeFile(world, { bytes: Buffer.from(base64, 'base64'), mimeType, fileName })
    return say(world, id, { content: [attachmentItem(world, file)], text })
  },
  type: (world, id, { ms }) => type(world, id, ms),
  transfer: (world, id, { agent }) => transfer(world, id, agent),
  disconnect: (world, id) => hangUp(world, id),
}

export const quickReply = ({ text, payload }: { text: string; payload?: string }) => ({
  contentType: 'QuickReply',
  quickReply: { text, payload: payload ?? text, action: 'Message' },
})
