import { Skeleton } from '@mantine/core'
import css from './list.module.css'

const LINES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

export function RowSkeletons() {
  return (
    <div aria-hidden>
      {LINES.map((line) => (
        <div key={line} className={css.row}>
          <Skeleton circle height={36} style={{ flex: 'none' }} />
          <div className={css.words}>
            <Skeleton height={10} mt={5} width="55%" />
            <Skeleton height={10} mt={11} width="85%" />
          </div>
        </div>
      ))}
    </div>
  )
}
