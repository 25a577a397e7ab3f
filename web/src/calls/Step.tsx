import type { ReactNode } from 'react'
import css from './calls.module.css'

export function Step({ title, at, mark, children }: { title: string; at?: string; mark?: string; children?: ReactNode }) {
  return (
    <li className={css.step} data-mark={mark}>
      <h3>{title}</h3>
      {at && <time>{at}</time>}
      <div>{children}</div>
    </li>
  )
}
