/** Words by key, with plurals by the language's own rules, and the places filled in. */
import type { en } from './en.ts'

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }
export type TextKey = keyof typeof en
export type Catalogue = { [K in TextKey]: (typeof en)[K] extends string ? string : Forms }
export type Values = Record<string, string | number>
export type Translate = (key: TextKey, values?: Values) => string

/** The value `n` of a plural decides the form and is written in the language's digits. */
export function createTranslate(catalogue: Catalogue, language: string): Translate {
  const plural = new Intl.PluralRules(language)
  const number = new Intl.NumberFormat(language)
  return (key, values = {}) => {
    const entry: string | Forms = catalogue[key]
    const words = typeof entry === 'string' ? entry : (entry[plural.select(Number(values.n ?? 0))] ?? entry.other)
    return words.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name]
      if (value === undefined) return whole
      return typeof value === 'number' ? number.format(value) : value
    })
  }
}
