import type { Message } from '../../../../../client/index.ts'
import { useText } from '../../../app/text.tsx'
import css from './bodies.module.css'
import { MediaState } from './MediaState.tsx'

export function StickerBody({ message }: { message: Message }) {
  const { t } = useText()
  const media = message.media[0]
  if (!media?.url) return <MediaState media={media} kind="media.sticker" />
  return <img className={css.sticker} src={media.url} alt={t('media.sticker')} loading="lazy" width={144} height={144} />
}
