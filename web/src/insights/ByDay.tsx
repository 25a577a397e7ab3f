/** The days: a bar each, and the numbers of those on which somebody rang. */
import type { Funnel } from '../../../client/index.ts'
import { useText } from '../app/text.tsx'
import { dayBars } from '../rules/funnel.ts'
import css from './insights.module.css'

const columns = ['calls', 'missed', 'texted', 'replied', 'leads', 'completed'] as const

export function ByDay({ funnel: { days } }: { funnel: Funnel }) {
  const { t, clock } = useText()
  const number = new Intl.NumberFormat(clock.language, { maximumFractionDigits: 2 })
  // A date alone is its day everywhere.
  const day = new Intl.DateTimeFormat(clock.language, { day: 'numeric', month: 'short', timeZone: 'UTC' })
  const written = (date: string) => day.format(Date.parse(date))
  return (
    <section aria-labelledby="by-day">
      <h2 id="by-day" className={css.part}>
        {t('funnel.byDay')}
      </h2>
      <div className={css.chart} role="img" aria-label={t('funnel.chart')}>
        {dayBars(days).map((one) => (
          <span
            key={one.date}
            className={css.day}
            title={`${written(one.date)}: ${t('funnel.calls')} ${number.format(one.calls)}, ${t('funnel.missed')} ${number.format(one.missed)}`}
          >
            <span className={css.calls} style={{ blockSize: `${one.height * 100}%` }}>
              <span className={css.missed} style={{ blockSize: `${one.missedShare * 100}%` }} />
            </span>
          </span>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is scrolled sideways has to be reached by keys */}
      <section className={css.tableBox} aria-labelledby="by-day" tabIndex={0}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">{t('funnel.day')}</th>
              {columns.map((name) => (
                <th key={name} scope="col">
                  {t(`funnel.${name}`)}
                </th>
              ))}
              <th scope="col">{t('funnel.won')}</th>
            </tr>
          </thead>
          <tbody>
            {days
              .filter(({ calls }) => calls > 0)
              .reverse()
              .map((one) => (
                <tr key={one.date}>
                  <th scope="row">{written(one.date)}</th>
                  {columns.map((name) => (
                    <td key={name}>{number.format(one[name])}</td>
                  ))}
                  <td>{number.format(one.wonValue)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </section>
    </section>
  )
}
