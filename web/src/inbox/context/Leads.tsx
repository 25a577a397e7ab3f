/** What may become of this person, beside the conversation: each lead with what it is worth, the call it began with, and its appointments. */
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Suspense } from 'react'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { part } from '../../app/part.ts'
import { useText } from '../../app/text.tsx'
import css from './context.module.css'

const Appointments = part(async () => (await import('../../bookings/Appointments.tsx')).Appointments)

export function Leads({ contactId }: { contactId: string }) {
  const { api } = useConsole()
  const { t, clock } = useText()
  const money = new Intl.NumberFormat(clock.language, { maximumFractionDigits: 2 })
  const leads = useQuery({
    queryKey: keys.leadTwins(contactId),
    queryFn: async ({ signal }) => (await api.leads.list({ contactId, status: 'all' }, { signal })).items,
  }).data
  if (!leads || leads.length === 0) return null
  return (
    <section className={css.part} aria-label={t('context.leads')}>
      <h3 className={css.title}>{t('context.leads')}</h3>
      <ul className={css.leads}>
        {leads.map((one) => {
          const value = one.conversionValue ?? one.estimatedValue
          return (
            <li key={one.id}>
              <Link to="/leads" search={{ lead: one.id }}>
                {t(`leads.status.${one.status}`)}
              </Link>
              {value !== null && <b>{money.format(value)}</b>}
              {one.callId && (
                <Link to="/calls/$callId" params={{ callId: one.callId }} search={{}}>
                  {t('leads.call')}
                </Link>
              )}
              {one.joinedInto === null && one.status !== 'completed' && one.status !== 'lost' && (
                <div className={css.wide}>
                  <Suspense fallback={<Skeleton height={32} />}>
                    <Appointments lead={one} />
                  </Suspense>
                </div>
              )}
            </li>
          )
        })}
      </ul>
    </section>
  )
}
