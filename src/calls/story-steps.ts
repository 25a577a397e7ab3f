/** What was said and done after a call, as few steps: lines of one side in a row are one. Pure. */

export interface StoryLine {
  id: string
  conversation_id: string
  type: string
  /** customer, human, ai, agent, automation, campaign, device or system. */
  sender: string
  author_name: string | null
  content: string | null
  body: Record<string, unknown> | null
  created_at: Date
}

export interface StoryStep {
  kind: 'said' | 'handed_over' | 'lead_moved'
  by: string
  name: string | null
  at: Date
  conversationId: string
  /** The first line of the step. */
  messageId: string
  text: string | null
  lines: number
  from: string | null
  to: string | null
}

/** Characters of the first line that are shown. */
const longest = 240

/** Lines oldest first. */
export function stepsOf(lines: readonly StoryLine[]): StoryStep[] {
  const steps: StoryStep[] = []
  for (const line of lines) {
    const made = stepOf(line)
    if (!made) continue
    const last = steps.at(-1)
    if (last?.kind === 'said' && made.kind === 'said' && sameSide(last, made)) last.lines += 1
    else steps.push(made)
  }
  return steps
}

const sameSide = (a: StoryStep, b: StoryStep): boolean =>
  a.by === b.by && a.name === b.name && a.conversationId === b.conversationId

function stepOf(line: StoryLine): StoryStep | null {
  const base = {
    ...{
      by: line.sender,
      name: line.author_name,
      at: line.created_at,
      conversationId: line.conversation_id,
      messageId: line.id,
    },
    ...{ text: null, lines: 1, from: null, to: null },
  }
  if (line.type !== 'activity')
    return { ...base, kind: 'said', text: line.content === null ? null : [...line.content].slice(0, longest).join('') }
  const { event, data } = (line.body ?? {}) as { event?: string; data?: Record<string, unknown> }
  if (event !== 'handed_over' && event !== 'lead_moved') return null
  const word = (name: string): string | null => (typeof data?.[name] === 'string' ? data[name] : null)
  return { ...base, kind: event, from: word('from'), to: word('to') }
}
