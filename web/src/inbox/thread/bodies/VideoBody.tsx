import type { Message } from '../../../../../client/index.ts'
import { useText } from '../../../app/text.tsx'
import css from './bodies.module.css'
import { Caption } from './Caption.tsx'
import { MediaState } from './MediaState.tsx'

export function VideoBody({ message }: { message: Message }) {
  const { t } = useText()
  const media = message.media[0]
  return (
    <>
      {media?.url ? (
        <video className={css.video} src={media.url} controls preload="metadata" playsInline aria-label={t('media.video')}>
          <track kind="captions" />
        </video>
      ) : (
        <MediaState media={media} kind="media.video" />
      )}
      <Caption message={message} />
    </>
  )
}
