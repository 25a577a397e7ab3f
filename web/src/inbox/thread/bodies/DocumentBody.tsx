import IconDownload from '@tabler/icons-react/dist/esm/icons/IconDownload.mjs'
import IconFileText from '@tabler/icons-react/dist/esm/icons/IconFileText.mjs'
import type { Message } from '../../../../../client/index.ts'
import { useConsole } from '../../../app/context.ts'
import { useText } from '../../../app/text.tsx'
import { fileSize } from '../../../text/time.ts'
import css from './bodies.module.css'
import { Caption } from './Caption.tsx'
import { fieldsOf } from './fields.ts'
import { MediaState } from './MediaState.tsx'

export function DocumentBody({ message }: { message: Message }) {
  const { t, clock } = useText()
  const { api } = useConsole()
  const media = message.media[0]
  const body = fieldsOf(message.body)
  const name = body.text('fileName') ?? media?.fileName ?? t('media.document')
  const kind = (name.match(/\.(\w{1,5})$/)?.[1] ?? media?.mimeType?.split('/')[1] ?? '').toUpperCase()
  const size = typeof media?.byteSize === 'number' ? fileSize(clock, media.byteSize) : null
  return (
    <>
      {media?.url ? (
        <a className={css.document} href={api.media.contentUrl(media.id, { download: true })} download={name}>
          <IconFileText size={26} stroke={1.5} aria-hidden />
          <span className={css.documentWords}>
            <bdi className={css.documentName}>{name}</bdi>
            <small>{[kind, size].filter(Boolean).join(' · ')}</small>
          </span>
          <IconDownload size={18} role="img" aria-label={t('media.download')} />
        </a>
      ) : (
        <>
          <bdi className={css.documentName}>{name}</bdi>
          <MediaState media={media} kind="media.document" />
        </>
      )}
      <Caption message={message} />
    </>
  )
}
