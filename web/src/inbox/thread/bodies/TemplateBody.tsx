import type { Message } from '../../../../../client/index.ts'
import { useText } from '../../../app/text.tsx'
import { Formatted } from '../Formatted.tsx'
import css from './bodies.module.css'
import { fieldsOf } from './fields.ts'

export function TemplateBody({ message }: { message: Message }) {
  const { t } = useText()
  const body = fieldsOf(message.body)
  const media = message.media[0]
  const buttons = body.texts('buttons')
  return (
    <>
      <small className={css.kind}>
        {t('message.template')} · <bdi>{body.text('name')}</bdi>
      </small>
      {media?.url && media.mimeType?.startsWith('image/') && (
        <img className={css.templateImage} src={media.url} alt="" loading="lazy" />
      )}
      {body.text('header') && <strong dir="auto">{body.text('header')}</strong>}
      <Formatted text={body.text('text') ?? message.text ?? body.text('name') ?? ''} />
      {body.text('footer') && (
        <small className={css.description} dir="auto">
          {body.text('footer')}
        </small>
      )}
      {buttons.length > 0 && (
        <ul className={css.offered}>
          {buttons.map((one) => (
            <li key={one} dir="auto">
              {one}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
