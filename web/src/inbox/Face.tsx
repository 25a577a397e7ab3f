/** A person as initials on a quiet colour that stays the same for the same person. */
import type { PersonStatus } from '../../../client/index.ts'
import { Dot } from '../people/Dot.tsx'
import css from './face.module.css'

const TONES = 6

export function Face({ id, name, size = 32, status }: { id: string; name: string; size?: number; status?: PersonStatus }) {
  const face = (
    <span
      className={css.face}
      data-tone={toneOf(id)}
      style={{ width: size, height: size, fontSize: Math.round(size * 0.38) }}
      data-initials={initials(name)}
      aria-hidden
    />
  )
  if (!status) return face
  return (
    <span className={css.dotted}>
      {face}
      <Dot status={status} />
    </span>
  )
}

function toneOf(id: string): number {
  let sum = 0
  for (const char of id) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 9973
  return sum % TONES
}

/** Up to two letters; a number has none, so its last two digits stand in. */
export function initials(name: string): string {
  const words = name.split(/\s+/).map((word) => word.match(/\p{L}/u)?.[0] ?? '')
  const letters = words.filter(Boolean)
  if (letters.length === 0) return name.replace(/\D/g, '').slice(-2) || '?'
  return ((letters[0] ?? '') + (letters.length > 1 ? (letters.at(-1) ?? '') : '')).toUpperCase()
}
