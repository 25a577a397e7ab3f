/** What the assistant says next: one question after the other, and people as soon as they are needed. Pure. */
import { isWithin } from '../../kernel/distance.ts'
import type { TurnLine, Verdict } from '../../ports/answerer.ts'
import type { BusinessFacts } from './facts.ts'
import { learnedFrom, noteFor } from './summary.ts'
import { greetingOf, textsOf } from './texts.ts'
import type { Texts } from './texts-shape.ts'
import { tradeOf } from './trades.ts'
import { missing, type Understanding, understand } from './understanding.ts'

/** Lines the assistant says before people have it, whatever is still missing: somebody who goes in circles is helped by nobody. */
const maxSaid = 8

export function decide(lines: readonly TurnLine[], business: BusinessFacts): Verdict {
  const trade = tradeOf(business.tradeType)
  const texts = textsOf(business.language)
  const known = understand(lines, trade)
  const learned = learnedFrom(known, business.area)
  const found = learned ? { learned } : {}
  const alert = known.newEmergency ? { alert: { kind: 'emergency' as const, danger: known.danger } } : {}
  const say = (...parts: string[]): Verdict => ({
    kind: 'reply',
    bodies: [{ type: 'text', text: parts.filter(Boolean).join(' ') }],
    ...found,
    ...alert,
  })
  const give = (reason: string, ...parts: string[]): Verdict => ({
    kind: 'hand_over',
    to: 'human',
    reason,
    note: noteFor(known, business.area, texts),
    bodies: [{ type: 'text', text: parts.filter(Boolean).join(' ') }],
    ...found,
    ...alert,
  })

  if (known.place && business.area && !isWithin(business.area, known.place.value))
    return give('out_of_area', texts.outOfArea(business.name))
  const warning = known.newEmergency ? texts.emergency(known.danger) : ''
  if (known.person) return give('asked_for_person', warning, texts.person(business.name))
  const said = lines.filter((line) => line.direction === 'outbound' && line.sender === 'ai').length
  const next = said >= maxSaid ? null : missing(known)
  const honest = honestly(known, texts)
  if (next === null) return give('complete', warning, honest, texts.done(business.name))
  // In an emergency nobody is asked how urgent it is: that is known. Where to go is.
  const question = texts.ask[next](known.tries[next] > 0)
  if (known.greeted || known.people) return say(warning, honest, known.tries[next] === 0 ? texts.noted : '', question)
  if (next === 'problem') return say(greetingOf(business, texts, trade), honest)
  return say(warning, texts.opening(business.name), honest, question)
}

/** What it was asked and cannot do, in words: nobody is left to believe that they were answered. */
function honestly(known: Understanding, texts: Texts): string {
  return [
    known.unreadable ? texts.cannot.read : '',
    known.questions.includes('price') ? texts.cannot.price : '',
    known.questions.includes('when') && known.urgency?.value !== 'emergency' ? texts.cannot.when : '',
  ]
    .filter(Boolean)
    .join(' ')
}
