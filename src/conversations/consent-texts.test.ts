import { expect, test } from 'vitest'
import { consentText } from './consent-texts.ts'

const sender = { name: 'Baker Street Plumbing', phone: '+1 650 555 0123', email: null }

test.each(['en', 'es', 'pt-BR', 'ru', 'ar', 'de', 'fr', 'tlh'])(
  'in %s all three are one text that names the business',
  (language) => {
    for (const answer of ['stop', 'start', 'help'] as const) {
      const text = consentText(answer, language, sender)
      expect(text).toContain('Baker Street Plumbing')
      expect(text).toMatch(answer === 'stop' ? /START/ : /STOP/)
      expect([...text].length).toBeLessThan(200)
    }
    expect(consentText('help', language, sender)).toContain('+1 650 555 0123')
  },
)

test('a business without a number or address is named all the same', () => {
  expect(consentText('help', 'en', { ...sender, phone: null })).toMatch(/^Baker Street Plumbing\. Reply STOP/)
})
