import { useText } from '../../app/text.tsx'
import { HoldLines, PlaceHold } from '../../settings/HoldLines.tsx'
import { useHolds } from '../../settings/useHolds.ts'
import css from './context.module.css'

/** For owners and admins: whether what was said with this person has to be kept. */
export function PersonHold({ contactId }: { contactId: string }) {
  const { t } = useText()
  const holds = useHolds()
  if (!holds.may || !holds.inForce) return null
  const own = holds.inForce.filter((one) => one.contactId === contactId)
  return (
    <section className={css.part} aria-label={t('holds.contact')} data-testid="person-hold">
      <h3 className={css.title}>{t('holds.contact')}</h3>
      {own.length === 0 && <p className={css.dim}>{t('holds.contact.text')}</p>}
      <HoldLines items={own} holds={holds} />
      {own.length === 0 && <PlaceHold holds={holds} contactId={contactId} />}
    </section>
  )
}
