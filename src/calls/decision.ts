/**
 * What happens to a call: the table of decisions. The first line that fits counts; its name and the version of the table are kept
 * with the call and with the text. docs/missed-calls.md is made from it. Pure.
 */
import type { Registration } from '../conversations/window.ts'

/** How a call ended, as far as the caller is concerned. */
export type Outcome = 'answered' | 'short' | 'voicemail' | 'no_answer' | 'busy' | 'failed' | 'canceled' | 'unanswered'
export const outcomes: readonly Outcome[] = [
  'answered',
  'short',
  'voicemail',
  'no_answer',
  'busy',
  'failed',
  'canceled',
  'unanswered',
]

export interface Facts {
  direction: 'inbound' | 'outbound'
  outcome: Outcome
  callerKind: 'phone' | 'withheld' | 'other'
  /** The caller is a number of the business itself, or the telephone that rings. */
  ownNumber: boolean
  contactBlocked: boolean
  /** A text to this number failed because it is a landline. */
  landline: boolean
  autoResponse: boolean
  optedOut: boolean
  /** Where texts of the number stand with the carriers, as far as it matters for this caller. */
  registration: Registration
  /** The number, or the business, sends nothing at present. */
  suspended: boolean
  /** The caller was texted because of a call within the time in which nobody is texted twice. */
  recentlyTexted: boolean
  /** It became known so long after it began that a text would be about nothing. */
  late: boolean
  /** It was put off or became known late, and they wrote to each other or talked since. */
  inTouch: boolean
  quiet: boolean
  open: boolean
  afterHoursText: boolean
}

/** none: no text. now, later: a text at once, or when quiet hours end. refused: kept in the thread as one that could not go. */
export type Texting = 'none' | 'now' | 'later' | 'refused'
export type Wording = 'standard' | 'after_hours'

export interface Decision {
  rule: string
  text: Texting
  wording: Wording
  /** Whether the call is a lead. */
  lead: boolean
  /** Whether somebody of the business has to be told that the caller was not texted. */
  alert: boolean
}

export interface Rule extends Decision {
  when: (facts: Facts) => boolean
  /** For people: when it fits, and why it is so. */
  means: string
}

/** Raised with every change of the table that makes any call end otherwise. */
export const ruleVersion = 2

const nothing = { text: 'none', wording: 'standard', lead: false, alert: false } as const
const leadAlone = { text: 'none', wording: 'standard', lead: true, alert: true } as const
const texted = { text: 'now', wording: 'standard', lead: true, alert: false } as const

const ended =
  (outcome: Outcome) =>
  (facts: Facts): boolean =>
    facts.outcome === outcome

export const rules: readonly Rule[] = [
  {
    ...{ rule: 'outbound', ...nothing, when: (f) => f.direction === 'outbound' },
    means: "The call is the business's own: the leg that rings it, or one it made.",
  },
  { rule: 'answered', ...nothing, when: ended('answered'), means: 'Somebody talked to the caller.' },
  {
    ...{ rule: 'own_number', ...nothing, when: (f) => f.ownNumber },
    means: 'The caller is a number of the business, or the telephone that rings: a text would go round in a circle.',
  },
  { rule: 'blocked', ...nothing, when: (f) => f.contactBlocked, means: 'The business blocked this contact.' },
  {
    ...{ rule: 'withheld', ...leadAlone, when: (f) => f.callerKind === 'withheld' },
    means: 'The caller hides the number: there is nobody to text.',
  },
  {
    ...{ rule: 'not_a_telephone', ...leadAlone, when: (f) => f.callerKind === 'other' },
    means: 'The call comes from a browser or an internet telephone, which takes no texts.',
  },
  {
    ...{ rule: 'landline', ...leadAlone, when: (f) => f.landline },
    means: 'An earlier text to this number failed because it is a landline.',
  },
  {
    ...{ rule: 'opted_out', ...leadAlone, when: (f) => f.optedOut },
    means: 'The caller asked for no more messages. Calling does not take that back; writing START does.',
  },
  {
    ...{ rule: 'in_touch', text: 'none', wording: 'standard', lead: true, alert: false, when: (f) => f.inTouch },
    means: 'The text was put off, or the call became known late, and since then they wrote to each other or talked.',
  },
  { rule: 'automatic_off', ...leadAlone, when: (f) => !f.autoResponse, means: 'The business switched automatic texts off.' },
  {
    ...{ rule: 'repeated', text: 'none', wording: 'standard', lead: true, alert: false, when: (f) => f.recentlyTexted },
    means: 'The caller was texted because of a call a short while ago (`cooldownMinutes`): one text is enough.',
  },
  {
    ...{ rule: 'too_late', ...leadAlone, when: (f) => f.late },
    means: 'The call became known more than an hour after it began (the server was away): a text would be about nothing.',
  },
  {
    ...{ rule: 'suspended', ...leadAlone, when: (f) => f.suspended },
    means: 'The number or the business cannot send at present. A text that goes out days later would be about nothing.',
  },
  {
    ...{ rule: 'not_registered', text: 'refused', wording: 'standard', lead: true, alert: true },
    when: (f) => f.registration === 'pending' || f.registration === 'rejected',
    means: 'The carriers in the United States have not approved the business. The attempt is kept in the thread as not sent.',
  },
  {
    ...{ rule: 'quiet_hours', text: 'later', wording: 'standard', lead: true, alert: false, when: (f) => f.quiet },
    means: 'It is quiet hours (`quietHours`): the call is looked at again when they end.',
  },
  {
    ...{ rule: 'after_hours', text: 'now', wording: 'after_hours', lead: true, alert: false },
    when: (f) => !f.open && f.afterHoursText,
    means: 'The business is closed and has a text for that (`afterHoursText`). Without one the usual text goes at any hour.',
  },
  { rule: 'busy', ...texted, when: ended('busy'), means: 'The telephone that rings was busy.' },
  { rule: 'no_answer', ...texted, when: ended('no_answer'), means: 'It rang and nobody answered.' },
  { rule: 'failed', ...texted, when: ended('failed'), means: 'The telephone that rings could not be reached.' },
  { rule: 'canceled', ...texted, when: ended('canceled'), means: 'The caller hung up while it rang.' },
  {
    ...{ rule: 'voicemail', ...texted, when: ended('voicemail') },
    means: 'Something picked up and nobody was connected: voicemail, or whoever picked up did not take it.',
  },
  {
    ...{ rule: 'short', ...texted, when: ended('short') },
    means: 'They were connected for less than the business counts as answered (`minimumAnsweredSeconds`).',
  },
  {
    ...{ rule: 'unanswered', ...texted, when: ended('unanswered') },
    means:
      'The call ended without the business having been connected: no telephone to ring is set, or nothing was told of one.',
  },
]

/** The rows end with one for every outcome, so that one always fits. */
export function decide(facts: Facts): Decision {
  const found = rules.find((rule) => rule.when(facts))
  if (!found) throw new Error(`No rule fits a call that ended as ${facts.outcome}.`)
  const { rule, text, wording, lead, alert } = found
  return { rule, text, wording, lead, alert }
}
