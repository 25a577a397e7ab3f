import { describe, expect, test } from 'vitest'
import { ar } from './ar.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import { directionOf, pickLanguage } from './languages.ts'
import { pt } from './pt.ts'
import { ru } from './ru.ts'
import { type Catalogue, createTranslate, type TextKey } from './t.ts'

const others: Record<string, Catalogue> = { es, pt, ru, ar }
const places = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()
const forms = (entry: Catalogue[TextKey]) => (typeof entry === 'string' ? [entry] : Object.values(entry))

describe.each(Object.entries(others))('the catalogue %s', (language, catalogue) => {
  test('says everything that English says, with the same places', () => {
    expect(Object.keys(catalogue)).toEqual(Object.keys(en))
    for (const key of Object.keys(en) as TextKey[]) {
      const expected = places(forms(en[key]).at(-1) ?? '')
      const other = forms(catalogue[key]).at(-1) ?? ''
      expect(places(other), key).toEqual(expected)
      expect(other.trim(), key).not.toBe('')
    }
  })

  test('has a form for every plural of its language', () => {
    const needed = new Intl.PluralRules(language).resolvedOptions().pluralCategories
    for (const [key, entry] of Object.entries(catalogue)) {
      // The compact-number forms of Spanish and Portuguese ("de millones") never occur with counts of ours.
      const required = needed.filter((form) => form !== 'many' || language === 'ru' || language === 'ar')
      if (typeof entry !== 'string') expect(Object.keys(entry), key).toEqual(expect.arrayContaining(required))
    }
  })
})

describe('plurals', () => {
  test('Russian knows one, few and many', () => {
    const t = createTranslate(ru, 'ru')
    const said = [1, 2, 5, 21, 22, 111].map((n) => t('thread.unread', { n }))
    expect(said[0]).toBe('1 новое сообщение')
    expect(said[1]).toBe('2 новых сообщения')
    expect(said[2]).toBe('5 новых сообщений')
    expect(said[3]).toBe('21 новое сообщение')
    expect(said[5]).toBe('111 новых сообщений')
  })

  test('Arabic has a form for two', () => {
    const t = createTranslate(ar, 'ar')
    expect(new Set([0, 1, 2, 3, 11, 100].map((n) => t('thread.unread', { n }).replace(/[\d٠-٩]+/g, ''))).size).toBeGreaterThan(
      3,
    )
  })

  test('a value is written as it is, and never filled in again', () => {
    expect(createTranslate(en, 'en')('thread.label', { name: '{n} $& <b>' })).toBe('Conversation with {n} $& <b>')
  })
})

test('the language is the chosen one, else the browser’s, else English', () => {
  expect(pickLanguage('ru', ['es-MX'])).toBe('ru')
  expect(pickLanguage(null, ['fi', 'pt-BR', 'en'])).toBe('pt')
  expect(pickLanguage('xx', [])).toBe('en')
  expect(directionOf('ar')).toBe('rtl')
})
