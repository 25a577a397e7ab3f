/** The words, the clock and the direction of the page. */
import { DirectionProvider } from '@mantine/core'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { en } from '../text/en.ts'
import { directionOf, type Language, loadCatalogue, pickLanguage } from '../text/languages.ts'
import { createTranslate, type Translate } from '../text/t.ts'
import type { Clock } from '../text/time.ts'
import { remember, remembered } from './remember.ts'

export interface Text {
  t: Translate
  clock: Clock
  language: Language
  setLanguage: (language: Language) => void
}

const TextContext = createContext<Text | null>(null)

export function useText(): Text {
  const found = useContext(TextContext)
  if (!found) throw new Error('used outside of TextProvider')
  return found
}

export function TextProvider({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<Language>(() => pickLanguage(remembered('language'), navigator.languages))
  const [loaded, setLoaded] = useState<{ language: Language; t: Translate } | null>(() =>
    asked === 'en' ? { language: 'en', t: createTranslate(en, 'en') } : null,
  )
  useEffect(() => {
    let current = true
    void loadCatalogue(asked)
      .then((catalogue) => ({ language: asked, t: createTranslate(catalogue, asked) }))
      .catch(() => ({ language: 'en' as const, t: createTranslate(en, 'en') }))
      .then((next) => {
        if (!current) return
        document.documentElement.lang = next.language
        document.documentElement.dir = directionOf(next.language)
        setLoaded(next)
      })
    return () => {
      current = false
    }
  }, [asked])

  const value = useMemo(() => {
    if (!loaded) return null
    const setLanguage = (language: Language) => {
      remember('language', language)
      setAsked(language)
    }
    return { ...loaded, clock: { language: regional(loaded.language) }, setLanguage }
  }, [loaded])

  if (!value) return null
  const direction = directionOf(value.language)
  return (
    <DirectionProvider key={direction} initialDirection={direction} detectDirection={false}>
      <TextContext value={value}>{children}</TextContext>
    </DirectionProvider>
  )
}

/** The browser's own variant of the language, for its way of writing times: en-GB has 24 hours, en-US has not. */
const regional = (language: Language): string => navigator.languages.find((one) => one.split('-')[0] === language) ?? language
