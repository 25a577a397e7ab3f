import { Suspense, useState } from 'react'
import type { Message } from '../../../../../client/index.ts'
import { part } from '../../../app/part.ts'
import { useText } from '../../../app/text.tsx'
import css from './bodies.module.css'
import { Caption } from './Caption.tsx'
import { fieldsOf } from './fields.ts'
import { MediaState } from './MediaState.tsx'

const LightBox = part(async () => (await import('./LightBox.tsx')).LightBox)

export function ImageBody({ message }: { message: Message }) {
  const { t } = useText()
  const [open, setOpen] = useState(false)
  const [broken, setBroken] = useState(false)
  const media = message.media[0]
  if (!media?.url || broken) {
    return (
      <>
        <MediaState media={broken ? undefined : media} kind="media.image" />
        <Caption message={message} />
      </>
    )
  }
  const alt = fieldsOf(message.body).text('caption') ?? t('media.image')
  return (
    <>
      <button type="button" className={css.image} onClick={() => setOpen(true)} aria-label={`${t('media.open')}: ${alt}`}>
        <img src={media.url} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />
      </button>
      <Caption message={message} />
      {open && (
        <Suspense>
          <LightBox media={media} alt={alt} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}
