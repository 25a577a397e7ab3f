import type { Message } from '../../../../../client/index.ts'
import { Formatted } from '../Formatted.tsx'
import css from './bodies.module.css'
import { fieldsOf } from './fields.ts'

export function Caption({ message }: { message: Message }) {
  const caption = fieldsOf(message.body).text('caption')
  if (!caption) return null
  return (
    <div className={css.caption}>
      <Formatted text={caption} />
    </div>
  )
}
