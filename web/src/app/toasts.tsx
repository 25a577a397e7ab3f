/** Short notices at the foot of the page, with an undo where there is one. */
import { CloseButton } from '@mantine/core'
import { useEffect } from 'react'
import { createStore, useStore } from './store.ts'
import { useText } from './text.tsx'
import css from './toasts.module.css'

export interface Toast {
  id: number
  text: string
  tone: 'plain' | 'bad'
  action?: { label: string; run: () => void }
}

const shown = createStore<Toast[]>([])
let last = 0
/** Long enough to read and to reach the undo. */
const SHOWN_MS = 7_000

export function toast(of: { text: string; tone?: Toast['tone']; action?: Toast['action'] }): void {
  last += 1
  shown.set((before) => [...before.slice(-2), { tone: 'plain', ...of, id: last }])
}
const dismiss = (id: number) => shown.set((before) => before.filter((one) => one.id !== id))

export function Toasts() {
  const all = useStore(shown)
  return (
    <div className={css.stack} role="status" aria-live="polite">
      {all.map((one) => (
        <ToastLine key={one.id} one={one} />
      ))}
    </div>
  )
}

function ToastLine({ one }: { one: Toast }) {
  const { t } = useText()
  useEffect(() => {
    const timer = setTimeout(() => dismiss(one.id), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [one.id])
  const { action } = one
  return (
    <div className={css.toast} data-tone={one.tone}>
      <span>{one.text}</span>
      {action && (
        <button
          type="button"
          className={css.action}
          onClick={() => {
            dismiss(one.id)
            action.run()
          }}
        >
          {action.label}
        </button>
      )}
      <CloseButton size="sm" variant="transparent" c="inherit" aria-label={t('app.close')} onClick={() => dismiss(one.id)} />
    </div>
  )
}
