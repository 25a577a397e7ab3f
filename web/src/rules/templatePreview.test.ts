import { expect, test } from 'vitest'
import { template } from './sample.ts'
import { canBeSent, fill, missing, parametersOf, searchTemplates, textOf } from './templatePreview.ts'

const values = { 'header:1': '7', 'body:1': ' Ana ', 'body:2': '42', 'body:time': '18:00', 'button:0': 'x' }

test('places are filled wherever they stand; numbers of header and body are not mixed up', () => {
  expect(textOf(template(), values)).toBe('Hello Ana, your order 42 is ready. Ana, come by 18:00.')
  expect(fill('Order {{1}}', 'header', values)).toEqual([
    { text: 'Order ', place: null },
    { text: '7', place: 'header:1', filled: true },
  ])
})
test('a place without a value stays visible', () => {
  expect(fill('Hi {{ 1 }}!', 'body', { 'body:1': '  ' })).toEqual([
    { text: 'Hi ', place: null },
    { text: '{{ 1 }}', place: 'body:1', filled: false },
    { text: '!', place: null },
  ])
})
test('what a value says is never filled in again', () => {
  expect(textOf(template({ body: '{{1}} {{2}}' }), { 'body:1': '{{2}}', 'body:2': 'x' })).toBe('{{2}} x')
})
test('what is missing is named', () => {
  expect(missing(template(), { ...values, 'body:2': ' ' }).map((place) => place.label)).toEqual(['Number'])
  expect(missing(template(), values)).toEqual([])
})
test('only the places of this template are sent', () => {
  expect(parametersOf(template(), { ...values, 'body:9': 'left over' })).toEqual({
    body: { 1: 'Ana', 2: '42', time: '18:00' },
    buttons: { 0: 'x' },
    headerText: { 1: '7' },
  })
  const withImage = template({ places: [{ slot: 'headerMedia', name: '1', label: 'Image', example: null }] })
  expect(parametersOf(withImage, { 'headerMedia:1': 'media-id' })).toEqual({ body: {}, buttons: {}, headerMediaId: 'media-id' })
})
test('templates are found by name, words and language; only approved ones can be sent', () => {
  const list = [template(), template({ id: 'b', name: 'hello', body: 'Welcome', language: 'es', status: 'rejected' })]
  expect(searchTemplates(list, 'ready order').map((one) => one.id)).toEqual(['t'])
  expect(searchTemplates(list, 'es').map((one) => one.id)).toContain('b')
  expect(list.map(canBeSent)).toEqual([true, false])
})
