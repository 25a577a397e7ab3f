import { useText } from '../app/text.tsx'
import { HoldLines, PlaceHold } from './HoldLines.tsx'
import { Card } from './parts.tsx'
import css from './settings.module.css'
import { useHolds } from './useHolds.ts'

/** All holds of the business, and one on all of it. */
export function Holds() {
  const { t } = useText()
  const holds = useHolds()
  if (!holds.may || !holds.inForce) return null
  return (
    <Card title={t('holds.title')} text={t('holds.text')} testId="holds">
      {holds.inForce.length === 0 && <p className={css.cardText}>{t('holds.none')}</p>}
      <HoldLines items={holds.inForce} holds={holds} named />
      {holds.inForce.every((one) => one.contactId !== null) && <PlaceHold holds={holds} />}
    </Card>
  )
}
