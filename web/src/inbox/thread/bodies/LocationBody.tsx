/** A place as a small drawing of our own: no map service learns whom a customer met where. */
import IconCopy from '@tabler/icons-react/dist/esm/icons/IconCopy.mjs'
import IconMapPin from '@tabler/icons-react/dist/esm/icons/IconMapPin.mjs'
import type { Message } from '../../../../../client/index.ts'
import { useText } from '../../../app/text.tsx'
import { toast } from '../../../app/toasts.tsx'
import css from './bodies.module.css'
import { fieldsOf } from './fields.ts'

export function LocationBody({ message }: { message: Message }) {
  const { t } = useText()
  const body = fieldsOf(message.body)
  const latitude = body.number('latitude') ?? 0
  const longitude = body.number('longitude') ?? 0
  const coordinates = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`
  const copy = () => {
    void navigator.clipboard.writeText(coordinates).then(() => toast({ text: t('app.copied') }))
  }
  return (
    <div className={css.location}>
      <Drawing latitude={latitude} longitude={longitude} label={t('media.location')} />
      {body.text('name') && <strong dir="auto">{body.text('name')}</strong>}
      {body.text('address') && <span dir="auto">{body.text('address')}</span>}
      <button type="button" className={css.coordinates} onClick={copy} aria-label={t('location.copy')}>
        <bdi>{coordinates}</bdi>
        <IconCopy size={13} aria-hidden />
      </button>
    </div>
  )
}

/** The world as a grid of 30 degrees with the place on it. */
function Drawing({ latitude, longitude, label }: { latitude: number; longitude: number; label: string }) {
  const x = ((longitude + 180) / 360) * 240
  const y = ((90 - latitude) / 180) * 120
  const meridians = Array.from({ length: 11 }, (_, at) => (at + 1) * 20)
  const parallels = Array.from({ length: 5 }, (_, at) => (at + 1) * 20)
  return (
    <div className={css.map} role="img" aria-label={label}>
      <svg viewBox="0 0 240 120" aria-hidden>
        {meridians.map((at) => (
          <line key={at} x1={at} x2={at} y1={0} y2={120} data-main={at === 120 || undefined} />
        ))}
        {parallels.map((at) => (
          <line key={at} x1={0} x2={240} y1={at} y2={at} data-main={at === 60 || undefined} />
        ))}
        <circle cx={x} cy={y} r={14} className={css.near} />
        <circle cx={x} cy={y} r={4} className={css.spot} />
      </svg>
      <IconMapPin size={16} aria-hidden />
    </div>
  )
}
