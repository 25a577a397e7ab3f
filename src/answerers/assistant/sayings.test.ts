import { expect, test } from 'vitest'
import { looksLikeAddress } from './addresses.ts'
import { isGreeting, questionsIn, urgencyIn, wantsPerson } from './sayings.ts'

test.each([
  'Hi',
  'hello??',
  'Hey there',
  'Good morning!',
  'I need help please',
  'hola, buenas tardes',
  'Привет',
  'مرحبا',
  'Yes',
  '👋',
  'I just called you',
])('"%s" says nothing of a problem', (text) => expect(isGreeting(text)).toBe(true))
test.each(['Hi, my tap drips', 'hello, no heat', 'Hola, se tapó el fregadero', 'water heater', 'My lock is broken'])(
  '"%s" does',
  (text) => expect(isGreeting(text)).toBe(false),
)

test.each([
  ['Today please', 'high'],
  ['ASAP', 'high'],
  ['lo antes posible', 'high'],
  ['срочно!', 'high'],
  ['tomorrow is fine', 'normal'],
  ['esta semana', 'normal'],
  ['no rush', 'low'],
  ["It's not urgent", 'low'],
  ['sin prisa', 'low'],
  ['не срочно', 'low'],
  ['the tap drips', null],
])('"%s" is %s', (text, urgency) => expect(urgencyIn(text)).toBe(urgency))

test.each([
  'Can I talk to someone?',
  'a real person please',
  'Please call me',
  'quiero hablar con alguien',
  'llámeme por favor',
  'Перезвоните мне',
  'an agent please',
])('"%s" asks for a person', (text) => expect(wantsPerson(text)).toBe(true))
test.each([
  'My person at the bank',
  'I am the owner of the house',
  'the manager of the building lives at 5 Elm St',
  'recall me the address',
])('"%s" does not', (text) => expect(wantsPerson(text)).toBe(false))

test('what it cannot answer is noticed', () => {
  expect(questionsIn('How much is it and when can you come?')).toEqual(['price', 'when'])
  expect(questionsIn('¿Cuánto cuesta?')).toEqual(['price'])
  expect(questionsIn('the tap drips')).toEqual([])
})

test.each([
  '123 Main St',
  '123 Main Street, Springfield, IL 62701',
  '45 Oak Ave apt 2',
  'Calle 5 de Mayo 12, col. Centro',
  'I live at 9 Elm Road',
  'ул. Ленина, д. 5, кв. 12',
  'Hauptstraße 12, 10115 Berlin straße 12',
  'mi dirección es Av. Juárez 100',
])('"%s" is an address, asked for or not', (text) => expect(looksLikeAddress(text, false)).toBe(true))
test.each([
  'My tap drips',
  'I called 3 times',
  'It costs 20 dollars?',
  'we have 2 bathrooms',
  'the street',
  'tomorrow at 5',
  'call me at 6505550123',
  '',
])('"%s" is none where nobody asked', (text) => expect(looksLikeAddress(text, false)).toBe(false))
test.each(['62701', 'Springfield 62701', 'Oak Street', 'Ленина 5'])('"%s" is enough where it was asked for', (text) =>
  expect(looksLikeAddress(text, true)).toBe(true),
)
test.each(['what?', 'why do you need that', 'at home', 'the blue house'])('"%s" is not', (text) =>
  expect(looksLikeAddress(text, true)).toBe(false),
)
