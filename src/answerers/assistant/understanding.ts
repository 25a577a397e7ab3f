/**
 * What is known from everything that was said, read from the beginning each time: the same lines always mean the same. A line
 * is an answer to what the assistant must have asked before it, which follows from what was known then. Pure.
 */
import type { Place } from '../../kernel/distance.ts'
import type { TurnLine } from '../../ports/answerer.ts'
import { looksLikeAddress } from './addresses.ts'
import { isGreeting, type Question, questionsIn, type Urgency, urgencyIn, wantsPerson } from './sayings.ts'
import { type Danger, emergencyIn, jobTypeOf, type Trade } from './trades.ts'

export type Slot = 'problem' | 'address' | 'urgency'
/** A thing that somebody said, and the lines that say it. */
export interface Said<T> {
  value: T
  lines: string[]
}

export interface Understanding {
  problem: Said<string> | null
  jobType: Said<string> | null
  address: Said<string> | null
  place: Said<Place> | null
  urgency: Said<Urgency> | null
  danger: Danger | null
  person: Said<true> | null
  /** What the next answer is to. */
  asked: Slot | null
  /** How often each was asked. */
  tries: Record<Slot, number>
  /** Whether the assistant has said something already, and a person has. */
  greeted: boolean
  people: boolean
  /** Of the lines that wait for an answer. */
  questions: Question[]
  unreadable: boolean
  /** An emergency that the lines before did not tell of. */
  newEmergency: boolean
}

const nothing = (): Understanding => ({
  ...{ problem: null, jobType: null, address: null, place: null, urgency: null, danger: null, person: null },
  ...{ asked: null, tries: { problem: 0, address: 0, urgency: 0 }, greeted: false, people: false },
  ...{ questions: [], unreadable: false, newEmergency: false },
})

/** The longest that is kept of somebody's words. */
const longest = 500

/** Times that one thing is asked for: then it is left to people. */
const maxTries = 2

/** What is missing, in the order in which it is asked; null where everything is known or was asked often enough. */
export function missing(known: Understanding): Slot | null {
  if (!known.problem && known.tries.problem < maxTries) return 'problem'
  if (!known.address && !known.place && known.tries.address < maxTries) return 'address'
  if (!known.urgency && known.tries.urgency < maxTries) return 'urgency'
  return null
}

/** `lines`: the whole conversation as far as it is known, oldest first; those that wait for an answer are the last ones. */
export function understand(lines: readonly TurnLine[], trade: Trade): Understanding {
  let known = nothing()
  for (const group of groupsOf(lines)) {
    if (group.direction === 'inbound') known = absorb(known, group.lines, trade)
    else known = answered(known, group)
  }
  return known
}

interface Group {
  direction: 'inbound' | 'outbound'
  sender: string
  lines: TurnLine[]
}

/** Lines of one side that follow each other. Notes and activity are nobody's. */
function groupsOf(lines: readonly TurnLine[]): Group[] {
  const groups: Group[] = []
  for (const line of lines) {
    if (line.direction === 'internal') continue
    const last = groups.at(-1)
    if (last && last.direction === line.direction && (line.direction === 'inbound' || last.sender === line.sender))
      last.lines.push(line)
    else groups.push({ direction: line.direction, sender: line.sender, lines: [line] })
  }
  return groups
}

/** Whatever the assistant said then, it asked for what was missing. What people and automatic texts say asks for nothing here. */
function answered(known: Understanding, group: Group): Understanding {
  if (group.sender === 'system' || group.sender === 'automation' || group.sender === 'campaign') return known
  // Whoever asked for a person has had one.
  if (group.sender !== 'ai') return { ...known, asked: null, people: true, person: null }
  // To whoever wanted a person it said that one comes, and asked nothing.
  const asked = known.person ? null : missing(known)
  const tries = asked ? { ...known.tries, [asked]: known.tries[asked] + 1 } : known.tries
  return { ...known, asked, tries, greeted: true }
}

function absorb(before: Understanding, lines: readonly TurnLine[], trade: Trade): Understanding {
  const known: Understanding = { ...before, questions: [], unreadable: false, newEmergency: false }
  for (const line of lines) {
    if (line.place) known.place = { value: line.place, lines: [line.id] }
    if (line.text === null || line.type === 'location') {
      known.unreadable ||= line.text === null && !line.place
      continue
    }
    read(known, line as TurnLine & { text: string }, trade)
  }
  return known
}

/** One line may say several things; what was known stays, unless it is said anew. */
function read(known: Understanding, { id, text }: TurnLine & { text: string }, trade: Trade): void {
  const emergency = emergencyIn(text, trade)
  if (emergency) {
    known.newEmergency ||= known.urgency?.value !== 'emergency'
    known.urgency = known.urgency?.value === 'emergency' ? known.urgency : { value: 'emergency', lines: [id] }
    known.danger ??= emergency.danger
  }
  if (wantsPerson(text)) known.person ??= { value: true, lines: [id] }
  for (const question of questionsIn(text)) if (!known.questions.includes(question)) known.questions.push(question)
  const urgency = urgencyIn(text)
  if (urgency && known.urgency?.value !== 'emergency') known.urgency = { value: urgency, lines: [id] }
  const job = jobTypeOf(text, trade)
  if (job && !known.jobType) known.jobType = { value: job, lines: [id] }
  const isAddress = looksLikeAddress(text, known.asked === 'address')
  if (isAddress && (!known.address || known.asked === 'address')) known.address = { value: kept(text), lines: [id] }
  // Somebody who was asked how soon has answered that, in whichever words; nothing they say then is the problem anew.
  if (known.asked === 'urgency' && !known.urgency && !isAddress && !isGreeting(text))
    known.urgency = { value: 'normal', lines: [id] }
  if (saysProblem(known, text, { emergency: emergency !== null, job: job !== null, isAddress }))
    known.problem =
      known.problem && known.asked !== 'problem'
        ? known.problem
        : { value: kept([known.problem?.value, text].filter(Boolean).join(' ')), lines: [...(known.problem?.lines ?? []), id] }
}

/** The first thing that is no greeting and no address; what asks for a price alone says nothing of it. */
function saysProblem(
  known: Understanding,
  text: string,
  found: { emergency: boolean; job: boolean; isAddress: boolean },
): boolean {
  if (known.problem && known.asked !== 'problem' && known.asked !== null) return false
  if (found.emergency || found.job) return true
  if (found.isAddress || isGreeting(text)) return false
  if (known.asked === 'address' || known.asked === 'urgency') return false
  const aside = wantsPerson(text) || urgencyIn(text) !== null || questionsIn(text).length > 0
  return !aside || text.trim().split(/\s+/).length > 6
}

const kept = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, longest)
