/** What a caller hears, as TwiML. Pure. */
import type { CallAnswer } from '../../ports/telephony.ts'

/** Characters that Say takes. */
const longestSay = 4096
/** Rings for at least and at most, in seconds. */
const [fewestSeconds, mostSeconds] = [5, 600]

export function renderTwiml(answer: CallAnswer): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs[answer.kind](answer as never)}</Response>`
}

const verbs: { [K in CallAnswer['kind']]: (answer: Extract<CallAnswer, { kind: K }>) => string } = {
  ring({ to, callerId, seconds, byKey, urls }) {
    const number = element(
      'Number',
      {
        ...(byKey ? { url: urls.whisper } : {}),
        statusCallbackEvent: 'initiated ringing answered completed',
        statusCallback: urls.leg,
      },
      content(to),
    )
    const timeout = String(Math.min(mostSeconds, Math.max(fewestSeconds, Math.round(seconds))))
    return element('Dial', { action: urls.dialled, method: 'POST', timeout, callerId, answerOnBridge: 'true' }, number)
  },
  say_and_hang_up: ({ text, language }) => say(text, language) + element('Hangup'),
  ask_for_key({ text, language, seconds, url }) {
    const gather = { numDigits: '1', timeout: String(seconds), action: url, method: 'POST' }
    return element('Gather', gather, say(text, language)) + element('Hangup')
  },
  go_on: () => '',
  hang_up: () => element('Hangup'),
}

const say = (text: string, language: string): string =>
  element('Say', { language: spoken(language) }, content([...text].slice(0, longestSay).join('')))

function element(name: string, attributes: Record<string, string | undefined> = {}, inner = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => (value === undefined ? '' : ` ${key}="${quoted(value)}"`))
  return inner === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${inner}</${name}>`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
/** Characters that XML 1.0 cannot carry are left out: one of them would make the whole answer unreadable. */
const carried = (text: string): string =>
  text
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is left out
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
const content = (text: string): string => carried(text).replace(/[&<>]/g, (character) => entities[character] ?? character)
const quoted = (text: string): string => carried(text).replace(/[&<>"]/g, (character) => entities[character] ?? character)

/** Say refuses a language that it does not know, so an unknown one is left to its default. */
const voices = new Set(
  `arb cmn-CN cs-CZ cy-GB da-DK de-AT de-DE el-GR en-AU en-GB en-IE en-IN en-NZ en-US en-ZA es-ES es-MX es-US fi-FI fr-BE fr-CA fr-FR he-IL
   hi-IN hu-HU id-ID is-IS it-IT ja-JP ko-KR ms-MY nb-NO nl-BE nl-NL pl-PL pt-BR pt-PT ro-RO ru-RU sk-SK sv-SE th-TH tr-TR uk-UA vi-VN`.split(
    /\s+/,
  ),
)
const usual: Record<string, string> = {
  ar: 'arb',
  en: 'en-US',
  es: 'es-ES',
  fr: 'fr-FR',
  de: 'de-DE',
  nl: 'nl-NL',
  pt: 'pt-PT',
  zh: 'cmn-CN',
}

function spoken(language: string): string | undefined {
  if (voices.has(language)) return language
  const base = language.toLowerCase().split('-')[0] ?? ''
  return usual[base] ?? [...voices].find((voice) => voice.startsWith(`${base}-`))
}
