/** The one table of message types and their renderings. A type that is not here is shown as what it is. */
import type { ComponentType } from 'react'
import type { Message } from '../../../../../client/index.ts'
import { useText } from '../../../app/text.tsx'
import { Formatted } from '../Formatted.tsx'
import { AudioBody } from './AudioBody.tsx'
import css from './bodies.module.css'
import { ContactCards } from './ContactCards.tsx'
import { DocumentBody } from './DocumentBody.tsx'
import { fieldsOf } from './fields.ts'
import { ImageBody } from './ImageBody.tsx'
import { InteractiveBody } from './InteractiveBody.tsx'
import { LocationBody } from './LocationBody.tsx'
import { OrderBody } from './OrderBody.tsx'
import { StickerBody } from './StickerBody.tsx'
import { TemplateBody } from './TemplateBody.tsx'
import { VideoBody } from './VideoBody.tsx'

type Rendering = ComponentType<{ message: Message }>

const renderings: Record<string, Rendering> = {
  text: TextBody,
  note: TextBody,
  image: ImageBody,
  video: VideoBody,
  audio: AudioBody,
  document: DocumentBody,
  sticker: StickerBody,
  location: LocationBody,
  contacts: ContactCards,
  button: InteractiveBody,
  interactive: InteractiveBody,
  buttons: InteractiveBody,
  list: InteractiveBody,
  link: InteractiveBody,
  order: OrderBody,
  template: TemplateBody,
  unsupported: Unsupported,
}

export function Body({ message }: { message: Message }) {
  const Rendering = (Object.hasOwn(renderings, message.type) ? renderings[message.type] : undefined) ?? UnknownBody
  return <Rendering message={message} />
}

function TextBody({ message }: { message: Message }) {
  return <Formatted text={fieldsOf(message.body).text('text') ?? message.text ?? ''} large={message.type === 'text'} />
}

function Unsupported({ message }: { message: Message }) {
  const { t } = useText()
  const body = fieldsOf(message.body)
  return (
    <div className={css.unshown}>
      {t('message.unsupported')}
      {(body.text('originalType') || body.text('reason')) && (
        <small>{[body.text('originalType'), body.text('reason'), body.text('code')].filter(Boolean).join(' · ')}</small>
      )}
    </div>
  )
}

function UnknownBody({ message }: { message: Message }) {
  const { t } = useText()
  return (
    <div className={css.unshown}>
      <strong>{t('message.unknown', { type: message.type })}</strong>
      {message.text ? <Formatted text={message.text} /> : t('message.unsupported')}
    </div>
  )
}
