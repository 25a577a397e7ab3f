import { expect, test } from 'vitest'
import type { CallSettings } from '../../../client/index.ts'
import { changesOf, soundOf, wallClock, wrongFields } from './callSettings.ts'

const saved: CallSettings = {
  ...{ forwardTo: '+14155550001', ringSeconds: 20, answerByKey: false, minimumAnsweredSeconds: null },
  ...{ greeting: 'Sorry.', greetingWithoutText: 'Sorry!', cooldownMinutes: 60, automaticText: true },
  ...{ text: 'Hi', afterHoursText: null, quietHours: { from: '22:00', to: '07:00' }, leadsFromTexts: true },
}

test('what was changed and changed back is no change, and an emptied telephone is none', () => {
  expect(changesOf(saved, { ringSeconds: 20, text: 'Hi', quietHours: { from: '22:00', to: '07:00' } })).toEqual({})
  expect(changesOf(saved, { forwardTo: ' ', cooldownMinutes: 0 })).toEqual({ forwardTo: null, cooldownMinutes: 0 })
  expect(changesOf({ ...saved, forwardTo: null }, { forwardTo: '' })).toEqual({})
})

test('each field that cannot be saved is named, and the others still count in a preview', () => {
  expect(wrongFields(saved)).toEqual({})
  const edits = {
    ...{ forwardTo: 'the shop', ringSeconds: '' as const, minimumAnsweredSeconds: 121, cooldownMinutes: 1.5, text: '  ' },
    ...{ afterHoursText: '', quietHours: { from: '08:00', to: '08:00' }, automaticText: false },
  }
  const wrong = wrongFields({ ...saved, ...edits })
  expect(Object.keys(wrong).sort()).toEqual(
    ['afterHoursText', 'cooldownMinutes', 'forwardTo', 'minimumAnsweredSeconds', 'quietHours', 'ringSeconds', 'text'].sort(),
  )
  expect(wrong.minimumAnsweredSeconds?.values).toEqual({ min: 1, max: 120 })
  expect(soundOf(changesOf(saved, edits), wrong)).toEqual({ automaticText: false })
})

test('a clock on the wall shows the day and the time of its zone', () => {
  const at = Date.UTC(2026, 0, 1, 3, 5)
  expect(wallClock('America/New_York', at)).toEqual({ day: '2025-12-31', time: '22:05' })
  expect(wallClock('Asia/Tokyo', at)).toEqual({ day: '2026-01-01', time: '12:05' })
})
