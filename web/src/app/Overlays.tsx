/** The palette, the list of keys, the start of a conversation, and the choice of a time: loaded when first opened. */

import { useNavigate } from '@tanstack/react-router'
import { Suspense } from 'react'
import { asked } from '../bookings/asked.ts'
import { useKeys } from './keyboard.ts'
import { overlay } from './overlay.ts'
import { part } from './part.ts'
import { useStore } from './store.ts'

const Palette = part(async () => (await import('../palette/Palette.tsx')).Palette)
const Keys = part(async () => (await import('../palette/Keys.tsx')).Keys)
const Booking = part(async () => (await import('../bookings/BookDialog.tsx')).BookDialog)
const Start = part(async () => (await import('../inbox/StartConversation.tsx')).StartConversation)

export function Overlays() {
  const open = useStore(overlay)
  const forWhom = useStore(asked)
  const navigate = useNavigate()
  useKeys({
    'mod+k': () => overlay.set((before) => (before === 'palette' ? null : 'palette')),
    '?': () => overlay.set('keys'),
    s: () => void navigate({ to: '/search', search: {} }),
  })
  const close = () => overlay.set(null)
  return (
    <Suspense>
      {open === 'palette' && <Palette onClose={close} />}
      {open === 'keys' && <Keys onClose={close} />}
      {open === 'start' && <Start onClose={close} />}
      {forWhom && <Booking asked={forWhom} onClose={() => asked.set(null)} />}
    </Suspense>
  )
}
