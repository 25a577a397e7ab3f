import { expect, test } from 'vitest'
import { isOrigin, withConversation } from './desk.ts'

test('addresses are those of pages: a scheme and a host, nothing behind it', () => {
  const given = [
    'https://a.example',
    'https://*.a.example:8443',
    'http://localhost:80',
    'http://a.example',
    'https://a.example/x',
    'a.example',
  ]
  expect(given.filter(isOrigin)).toEqual(given.slice(0, 3))
})
test("the conversation's place stands before the #", () => {
  expect(withConversation('https://p.example/widget/b#parley_widget_x.y', '{{gcConversationId}}')).toBe(
    'https://p.example/widget/b?conversation={{gcConversationId}}#parley_widget_x.y',
  )
})
