/** A file that is not here: still on its way, refused, or lost, in words. */
import { Loader } from '@mantine/core'
import IconAlertCircle from '@tabler/icons-react/dist/esm/icons/IconAlertCircle.mjs'
import type { Media } from '../../../../../client/index.ts'
import { useText } from '../../../app/text.tsx'
import type { TextKey } from '../../../text/t.ts'
import css from './bodies.module.css'

export function MediaState({ media, kind }: { media: Media | undefined; kind: TextKey }) {
  const { t } = useText()
  const state = media?.state ?? 'missing'
  const words: Record<string, TextKey> = { pending: 'media.pending', failed: 'media.failed', refused: 'media.refused' }
  return (
    <div className={css.mediaState} data-state={state}>
      {state === 'pending' ? <Loader size={16} aria-hidden /> : <IconAlertCircle size={18} aria-hidden />}
      <span>
        {t(kind)} · {t(words[state] ?? 'media.missing')}
        {media?.error && <small>{media.error}</small>}
      </span>
    </div>
  )
}
