import type { Conversation, Label } from '../../../client/index.ts'
import css from './labels.module.css'
import { useLabelsOf } from './useLabels.ts'

export function Chip({ label }: { label: Pick<Label, 'name' | 'colour'> }) {
  return (
    <span className={css.chip} data-colour={label.colour} title={label.name} data-testid="label">
      <bdi>{label.name}</bdi>
    </span>
  )
}

/** Labels of a conversation; of more than `most` the rest is a number. */
export function Chips({ conversation, most = 20, wrap }: { conversation: Conversation; most?: number; wrap?: boolean }) {
  const labels = useLabelsOf(conversation)
  if (labels.length === 0) return null
  const rest = labels.slice(most)
  return (
    <span className={css.chips} data-wrap={wrap}>
      {labels.slice(0, most).map((one) => (
        <Chip key={one.id} label={one} />
      ))}
      {rest.length > 0 && (
        <span className={css.rest} title={rest.map((one) => one.name).join(', ')}>
          +{rest.length}
        </span>
      )}
    </span>
  )
}
