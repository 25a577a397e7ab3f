import { describe, expect, test } from 'vitest'
import type { TurnLine, Verdict } from '../../ports/answerer.ts'
import { decide } from './dialogue.ts'
import type { BusinessFacts } from './facts.ts'

const business: BusinessFacts = {
  name: 'Baker Street Plumbing',
  tradeType: 'plumbing',
  language: 'en',
  greetingTemplate: "Hello! I'm here to help with your [TRADE] needs. What can I assist you with today?",
  area: { centre: { latitude: 39.7817, longitude: -89.6501 }, radius: 25, unit: 'mi' },
}

type Given = string | Partial<TurnLine>
let n = 0
const line = (direction: TurnLine['direction'], sender: string, given: Given): TurnLine => {
  n += 1
  const text = typeof given === 'string' ? given : null
  return {
    ...{ id: `line-${n}`, seq: n, direction, sender, type: 'text', text, at: '2026-11-26T10:00:00Z' },
    ...(typeof given === 'string' ? {} : given),
  }
}
/** A talk: what the customer says in each turn; the assistant's answers are made by the rules and become part of the thread. */
function talk(turns: readonly (Given | readonly Given[])[], facts: Partial<BusinessFacts> = {}, before: TurnLine[] = []) {
  const lines = [...before]
  const verdicts: Verdict[] = []
  for (const turn of turns) {
    for (const said of Array.isArray(turn) ? turn : [turn]) lines.push(line('inbound', 'customer', said as Given))
    const verdict = decide(lines, { ...business, ...facts })
    verdicts.push(verdict)
    for (const body of 'bodies' in verdict ? (verdict.bodies ?? []) : [])
      lines.push(line('outbound', 'ai', 'text' in body && body.text ? body.text : ''))
  }
  return { verdicts, last: verdicts.at(-1) as Verdict, lines }
}
const textOf = (verdict: Verdict | undefined): string =>
  verdict && 'bodies' in verdict ? (verdict.bodies ?? []).map((body) => ('text' in body ? body.text : '')).join('\n') : ''

test('it greets by trade, asks one thing after the other, and gives all of it to people', () => {
  const { verdicts, last } = talk(['Hi', 'My kitchen tap is dripping', '12 Oak Street, Springfield', 'this week is fine'])
  expect(verdicts.map((one) => one.kind)).toEqual(['reply', 'reply', 'reply', 'hand_over'])
  const said = verdicts.map(textOf)
  expect(said[0]).toBe("Hello! I'm here to help with your plumbing needs. What can I assist you with today?")
  expect(said[1]).toMatch(/address/)
  expect(said[2]).toMatch(/urgent/)
  expect(said[3]).toMatch(/Baker Street Plumbing; a person will get back/)
  expect(last).toMatchObject({
    to: 'human',
    reason: 'complete',
    note: 'Problem: My kitchen tap is dripping\nAddress: 12 Oak Street, Springfield\nUrgency: this week',
    learned: {
      problem: 'My kitchen tap is dripping',
      address: '12 Oak Street, Springfield',
      urgency: 'normal',
      jobType: 'leak',
    },
  })
})

test('what was found out says from which line it is', () => {
  const { last, lines } = talk(['Hi', 'My tap drips', '12 Oak Street', 'today'])
  const idOf = (text: string) => lines.find((one) => one.text === text)?.id
  expect(last.learned?.sources).toEqual({
    ...{ problem: [idOf('My tap drips')], jobType: [idOf('My tap drips')], address: [idOf('12 Oak Street')] },
    urgency: [idOf('today')],
  })
})

test('who says everything at once is asked nothing', () => {
  const { last } = talk(['The toilet at 12 Oak Street, Springfield is clogged, please come today'])
  expect(last).toMatchObject({ kind: 'hand_over', learned: { urgency: 'high', jobType: 'drain' } })
})

test('several quick lines are one turn; what was said is not asked again', () => {
  const { verdicts } = talk([['hello', 'the sink is clogged', 'at 12 Oak Street']])
  expect(textOf(verdicts[0])).toMatch(/automatic assistant of Baker Street Plumbing.*How urgent/)
})

describe('an emergency', () => {
  test('is told to the owner at once, and asked is only where', () => {
    const { verdicts, last } = talk(['A pipe burst, water everywhere!', '12 Oak Street'])
    expect(verdicts[0]).toMatchObject({
      kind: 'reply',
      alert: { kind: 'emergency', danger: null },
      learned: { urgency: 'emergency' },
    })
    expect(textOf(verdicts[0])).toMatch(/alerted the owner.*What is the address/)
    expect(last).toMatchObject({ kind: 'hand_over', reason: 'complete', learned: { urgency: 'emergency' } })
    expect(last.alert).toBeUndefined()
    expect(textOf(last)).not.toMatch(/urgent/)
  })

  test('that comes up in the middle is one from then on, whatever is said later', () => {
    const { last } = talk(['My tap drips', '12 Oak Street and now the kitchen is flooding', 'no rush'])
    expect(last).toMatchObject({ kind: 'hand_over', learned: { urgency: 'emergency' } })
  })

  test('with danger begins with what to do', () => {
    expect(textOf(talk(['I smell gas']).last)).toMatch(/^This sounds dangerous. Leave the building/)
    expect(textOf(talk(['smoke from the outlet'], { tradeType: 'electrical' }).last)).toMatch(/911 or 112/)
  })

  test('in Spanish is one for a business that speaks English, in its language', () => {
    const { last } = talk(['Hola, se reventó la tubería'])
    expect(last).toMatchObject({ alert: { kind: 'emergency' }, learned: { urgency: 'emergency' } })
    expect(textOf(last)).toMatch(/^This sounds like an emergency/)
  })
})

describe('a person', () => {
  test('is fetched as soon as somebody asks for one, with what is known', () => {
    const { last } = talk(['My tap drips', 'Can I talk to someone please?'])
    expect(last).toMatchObject({ kind: 'hand_over', to: 'human', reason: 'asked_for_person' })
    expect((last as { note?: string }).note).toMatch(/Problem: My tap drips\nAddress: not known.*Asks for a person/s)
  })

  test('who was there has been there: handed back, it goes on instead of fetching one again', () => {
    const first = talk(['My tap drips', 'I want to talk to someone'])
    const people = [...first.lines, line('outbound', 'human', 'Hi, this is Ann.'), line('inbound', 'customer', 'Thanks Ann')]
    const again = decide(people, business)
    expect(again.kind).toBe('reply')
    expect(textOf(again)).toMatch(/address/)
    expect(textOf(again)).not.toMatch(/Hello/)
  })
})

describe('what it cannot do it says', () => {
  test.each([
    ['How much is a new tap?', /cannot give prices/],
    ['When can you come?', /cannot make appointments/],
    [{ type: 'audio' }, /cannot listen to recordings/],
  ])('%s', (said, honest) => {
    const { last } = talk(['My tap drips', said as Given])
    expect(textOf(last)).toMatch(honest)
    expect(textOf(last)).toMatch(/address/)
  })
})

describe('the address', () => {
  const north = (miles: number) => ({
    latitude: 39.7817 + ((miles * 1.609344) / 6371.0088) * (180 / Math.PI),
    longitude: -89.6501,
  })
  const at = (miles: number): Given => ({ type: 'location', text: null, place: north(miles) })

  test('at 24.9 miles is accepted, at 25.1 refused politely and told to people', () => {
    expect(textOf(talk(['My tap drips', at(24.9)]).last)).toMatch(/How urgent/)
    const far = talk(['My tap drips', at(25.1)]).last
    expect(far).toMatchObject({ kind: 'hand_over', reason: 'out_of_area', learned: { distance: 25.1, inArea: false } })
    expect(textOf(far)).toMatch(/sorry.*outside the area/)
  })

  test('that is none is asked for again and never refused; after that people find out', () => {
    const { verdicts, last } = talk(['My tap drips', 'what for?', 'the blue house', 'today'])
    expect(textOf(verdicts[1])).toMatch(/could not find an address/)
    expect(textOf(verdicts[2])).toMatch(/How urgent/)
    expect(last).toMatchObject({ kind: 'hand_over', reason: 'complete' })
    expect((last as { note?: string }).note).toMatch(/Address: not known/)
  })

  test('is not checked where nobody knows where the business is', () => {
    expect(textOf(talk(['My tap drips', at(4000)], { area: null }).last)).toMatch(/How urgent/)
  })
})

describe('texts', () => {
  test.each(['en', 'es', 'pt-BR', 'ru', 'ar', 'de', 'fr', 'xx'])(
    'in %s each question is one, and none is left empty',
    (language) => {
      const { verdicts } = talk(['👋', 'leak', '...', '12 Oak Street', 'today'], { language })
      const said = verdicts.map(textOf)
      expect(said.every((text) => text.length > 10 && text.length < 480)).toBe(true)
      expect(new Set(said).size).toBe(said.length)
      expect(verdicts.at(-1)?.kind).toBe('hand_over')
      for (const text of said) expect(text).not.toMatch(/\[TRADE\]|undefined|null/)
    },
  )

  test("the business's own greeting is said as it is; in another language than English the standard one is ours", () => {
    expect(textOf(talk(['hi'], { greetingTemplate: '[TRADE]? We fix it.', tradeType: 'electrical' }).last)).toBe(
      'electrical? We fix it.',
    )
    expect(textOf(talk(['hola'], { language: 'es' }).last)).toMatch(/plomería/)
    expect(textOf(talk(['hi'], { tradeType: 'aquarium care' }).last)).toMatch(/your aquarium care needs/)
  })
})

test('it never goes in circles: after a while people have it, whatever was said', () => {
  const { verdicts } = talk(Array.from({ length: 12 }, () => 'ok'))
  const end = verdicts.findIndex((one) => one.kind === 'hand_over')
  expect(end).toBeGreaterThan(0)
  expect(end).toBeLessThanOrEqual(8)
})

test('an automatic text for a missed call is not the assistant: it introduces itself', () => {
  const before = [line('outbound', 'system', 'Sorry we missed your call. How can we help?')]
  expect(textOf(talk(['My tap drips'], {}, before).last)).toMatch(/^Hello, this is the automatic assistant/)
})

test('whatever is said, it answers, and the same lines get the same answer', () => {
  for (const text of ['', ' ', '\u0000', '<script>', 'a'.repeat(5000), '🚿🚿🚿', '12', '[TRADE]', '$&', "');--"]) {
    const lines = [line('inbound', 'customer', text)]
    expect(decide(lines, business)).toEqual(decide(lines, business))
    expect(textOf(decide(lines, business))).not.toBe('')
  }
})
