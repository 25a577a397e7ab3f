import type { PersonStatus } from '../../../client/index.ts'
import css from './dot.module.css'

/** A status as colour and shape; the word stands beside it or is the title. */
export function Dot({ status, title }: { status: PersonStatus; title?: string }) {
  return <span className={css.dot} data-status={status} title={title} aria-hidden />
}
