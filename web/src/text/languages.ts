/** The languages there are. English is in the first bundle, the others are loaded when chosen. */
import { en } from './en.ts'
import type { Catalogue } from './t.ts'

export const languages = { en: 'English', es: 'Español', pt: 'Português', ru: 'Русский', ar: 'العربية' } as const
export type Language = keyof typeof languages

const rightToLeft: ReadonlySet<string> = new Set(['ar'])
export const directionOf = (language: Language): 'ltr' | 'rtl' => (rightToLeft.has(language) ? 'rtl' : 'ltr')

export const isLanguage = (value: string | null | undefined): value is Language =>
  value !== null && value !== undefined && value in languages

/** The chosen one, else the first of the browser's that there is, else English. */
export function pickLanguage(chosen: string | null, preferred: readonly string[]): Language {
  if (isLanguage(chosen)) return chosen
  const found = preferred.map((one) => one.toLowerCase().split('-')[0]).find(isLanguage)
  return found ?? 'en'
}

export async function loadCatalogue(language: Language): Promise<Catalogue> {
  if (language === 'es') return (await import('./es.ts')).es
  if (language === 'pt') return (await import('./pt.ts')).pt
  if (language === 'ru') return (await import('./ru.ts')).ru
  if (language === 'ar') return (await import('./ar.ts')).ar
  return en
}
