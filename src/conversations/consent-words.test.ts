import { expect, test } from 'vitest'
import { consentWord } from './consent-words.ts'

test.each([
  ...['STOP', 'stop', ' Stop ', 'Stop.', '"STOP"', 'StopAll', 'unsubscribe', 'opt-out', 'Opt Out', 'revoke'],
  ...['baja', 'Parar', 'alto', 'sair', 'descadastrar', 'стоп', 'Отписаться', 'قف', 'إلغاء الاشتراك'],
  ...['Stopp!', 'abmelden', 'arrêt', 'ARRE\u0302T', 'se désabonner'],
])('"%s" ends it on every channel', (text) => {
  expect([consentWord(text, false), consentWord(text, true)]).toEqual(['stop', 'stop'])
})

test.each([
  ...[
    'STOP\u200b',
    '\u200fقف',
    'إيقاف\u200f',
    'STOP,',
    '*STOP*',
    '(stop)',
    'STOP…',
    '- stop',
    'ＳＴＯＰ',
    'STOP \u{1f6d1}',
    'stop \u{2757}\ufe0f',
  ],
])('"%s" is the same with what keyboards and people put around it', (text) => {
  expect(consentWord(text, false)).toBe('stop')
})

test.each(['stop?', 'توقف؟', '¿alto?', 'stop by', 'nonstop', 'stop thanks', 'STOPS', '?', '…', '\u200b'])(
  '"%s" is none',
  (text) => {
    expect([consentWord(text, false), consentWord(text, true)]).toEqual([undefined, undefined])
  },
)

test.each(['START', 'unstop', 'alta', 'старт', 'ابدأ', 'démarrer'])('"%s" begins it again', (text) => {
  expect([consentWord(text, false), consentWord(text, true)]).toEqual(['start', 'start'])
})

test.each([
  ['cancel', 'stop'],
  ['END', 'stop'],
  ['quit', 'stop'],
  ['cancelar', 'stop'],
  ['help', 'help'],
  ['Info', 'help'],
  ['ayuda', 'help'],
  ['помощь', 'help'],
])('"%s" counts where the carriers of texts count it, and is a word like any other elsewhere', (text, meant) => {
  expect([consentWord(text, true), consentWord(text, false)]).toEqual([meant, undefined])
})

test.each([
  ...['please stop by at 5', 'stop it', "don't stop", 'STOP please', 'non-stop', 'yes', 'YES', 'full stop', '🛑', '', '   '],
  ...['stop\nstop', 'I want to start', 'is there a bus stop?', 'canceled', 'help me', 'СТОП-кран', 'x'.repeat(5000)],
])('"%s" is something that somebody said', (text) => {
  expect(consentWord(text, true)).toBeUndefined()
})

test('nothing to read is no word', () => {
  expect(consentWord(null, true)).toBeUndefined()
})
