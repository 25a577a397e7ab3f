import { describe, expect, test } from 'vitest'
import { emergencyIn, jobTypeOf, type Trade, tradeOf } from './trades.ts'

test.each([
  ['plumbing', 'plumbing'],
  ['Baker Street Plumbers Ltd', 'plumbing'],
  ['Plomería', 'plumbing'],
  ['electrician', 'electrical'],
  ['HVAC', 'heating'],
  ['Schlüsseldienst', 'locksmith'],
  ['garage_doors', 'garage_doors'],
  ['Garage doors', 'garage_doors'],
  ['Elektriker', 'electrical'],
  ['Чистка котлов, отопление', 'heating'],
  ['bakery', 'general'],
  [null, 'general'],
])('a business that calls itself %s is of the trade %s', (name, trade) => {
  expect(tradeOf(name)).toBe(trade)
})

describe('emergencies', () => {
  const is: [Trade, string][] = [
    ['plumbing', 'A pipe burst in my kitchen!'],
    ['plumbing', "There's water everywhere"],
    ['plumbing', 'the basement is flooding'],
    ['plumbing', "I can't turn off the water"],
    ['plumbing', 'Se reventó la tubería'],
    ['plumbing', 'hay agua por todas partes'],
    ['plumbing', 'прорвало трубу'],
    ['electrical', 'Sparks are coming out of the outlet'],
    ['electrical', 'The whole house is out'],
    ['electrical', 'Se fue la luz'],
    ['electrical', 'el contacto echa chispas'],
    ['heating', 'We have no heat and a newborn'],
    ['heating', 'no hay calefacción'],
    ['heating', 'pipes are frozen'],
    ['locksmith', "I'm locked out of my house"],
    ['locksmith', 'Me quedé afuera'],
    ['locksmith', 'somebody broke in last night'],
    ['garage_doors', 'The door fell and is hanging by one cable'],
    ['garage_doors', 'my car is stuck inside'],
    ['garage_doors', 'se rompió el resorte'],
    ['general', 'the cellar is flooded'],
    ['general', 'this is an emergency'],
  ]
  test.each(is)('%s: "%s"', (trade, text) => {
    expect(emergencyIn(text, trade)).toMatchObject({ danger: null })
  })
  test.each([
    ['I smell gas in the hallway', 'gas'],
    ['Huele a gas', 'gas'],
    ['пахнет газом', 'gas'],
    ['the CO alarm went off', 'gas'],
    ['There is smoke coming from the panel', 'fire'],
    ['huele a quemado', 'fire'],
    ['my husband got an electric shock', 'person'],
    ['the baby is locked in: baby locked in the car', 'person'],
    ['hay un niño encerrado', 'person'],
  ])('everybody is warned of danger: "%s"', (text, danger) => {
    for (const trade of ['plumbing', 'locksmith', 'general'] as const)
      expect(emergencyIn(text, trade)).toMatchObject({ danger })
  })
  test.each<[Trade, string]>([
    ['plumbing', 'My tap is dripping'],
    ['plumbing', 'Need a quote for a new bathroom'],
    ['plumbing', "It's not an emergency, the toilet runs"],
    ['plumbing', 'no es una emergencia, gotea el grifo'],
    ['electrical', 'Please install a flood light'],
    ['electrical', 'The smoke detector needs a new battery'],
    ['electrical', 'an outlet for the fireplace'],
    ['heating', 'I would like a tune up'],
    ['locksmith', 'How much is a spare key?'],
    ['locksmith', 'a pipe burst'],
    ['garage_doors', 'The remote does not work'],
    ['plumbing', 'Hello'],
    ['plumbing', ''],
  ])('%s: "%s" is none', (trade, text) => {
    expect(emergencyIn(text, trade)).toBeNull()
  })
})

test.each<[Trade, string, string | null]>([
  ['plumbing', 'the sink is clogged', 'drain'],
  ['plumbing', 'no hot water since yesterday', 'water_heater'],
  ['plumbing', 'gotea el grifo', 'leak'],
  ['electrical', 'a breaker trips', 'panel'],
  ['heating', 'the thermostat is blank', 'thermostat'],
  ['locksmith', 'please rekey two doors', 'rekey'],
  ['garage_doors', 'broken spring', 'spring'],
  ['plumbing', 'hello there', null],
  ['general', 'the sink is clogged', null],
])('%s: "%s" is the job %s', (trade, text, job) => {
  expect(jobTypeOf(text, trade)).toBe(job)
})
