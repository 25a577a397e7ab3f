import type { Lead } from '../../../client/index.ts'
import { useText } from '../app/text.tsx'
import type { Translate } from '../text/t.ts'
import type { Clock } from '../text/time.ts'
import css from './leads.module.css'

export const leadName = (lead: Lead, t: Translate): string =>
  lead.name ?? lead.contact.name ?? lead.phone ?? lead.contact.phone ?? t('leads.nameless')

/** Without a currency: the business has one and knows which. */
export function Amount({ value }: { value: number }) {
  const { clock } = useText()
  return <b>{new Intl.NumberFormat(clock.language, { maximumFractionDigits: 2 }).format(value)}</b>
}

export function Urgency({ urgency }: { urgency: Lead['urgency'] }) {
  const { t } = useText()
  if (urgency === 'normal') return null
  return (
    <span className={css.urgency} data-urgency={urgency}>
      {t(`leads.urgency.${urgency}`)}
    </span>
  )
}

export const distanceText = ({ value, unit }: NonNullable<Lead['distance']>, clock: Clock): string =>
  new Intl.NumberFormat(clock.language, {
    style: 'unit',
    unit: unit === 'mi' ? 'mile' : 'kilometer',
    maximumFractionDigits: 1,
  }).format(value)
