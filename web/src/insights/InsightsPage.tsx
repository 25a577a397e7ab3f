/** From calls to jobs, in numbers: what became of the calls of some days, what it is worth, and where callers are lost. */
import { Button, NativeSelect, Skeleton } from '@mantine/core'
import IconDownload from '@tabler/icons-react/dist/esm/icons/IconDownload.mjs'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { Funnel as Report } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { mayLook, useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { periods, stepsOf } from '../rules/funnel.ts'
import { ByDay } from './ByDay.tsx'
import css from './insights.module.css'

export function InsightsPage() {
  const { session } = useConsole()
  const { t } = useText()
  return mayLook(session) ? <Funnel /> : <Empty title={t('funnel.forbidden')} />
}

function Funnel() {
  const { api } = useConsole()
  const { t } = useText()
  const navigate = useNavigate()
  const { days = 30 } = useSearch({ from: '/insights' })
  const funnel = useQuery({ queryKey: keys.funnel(days), queryFn: ({ signal }) => api.reports.funnel({ days }, { signal }) })
  return (
    <div className={css.page}>
      <header className={css.head}>
        <h1 className={css.title}>{t('funnel.title')}</h1>
        <NativeSelect
          size="xs"
          aria-label={t('funnel.period')}
          value={String(days)}
          onChange={(event) =>
            void navigate({ to: '/insights', search: { days: Number(event.currentTarget.value) }, replace: true })
          }
          data={periods.map((n) => ({ value: String(n), label: t('funnel.last', { n }) }))}
        />
        <Button
          component="a"
          href={api.reports.funnelUrl({ days })}
          download="funnel.csv"
          size="xs"
          variant="default"
          leftSection={<IconDownload size={15} aria-hidden />}
        >
          CSV
        </Button>
      </header>
      {funnel.isPending && <Skeleton height={320} m={16} />}
      {funnel.isError && !funnel.data && (
        <Failed text={t('context.failed')} reason={reasonOf(funnel.error, t)} onRetry={() => void funnel.refetch()} />
      )}
      {funnel.data && funnel.data.all.calls === 0 && <Empty title={t('funnel.empty')} text={t('funnel.empty.text')} />}
      {funnel.data && funnel.data.all.calls > 0 && <Numbers funnel={funnel.data} />}
    </div>
  )
}

function Numbers({ funnel }: { funnel: Report }) {
  const { t, clock } = useText()
  const percent = new Intl.NumberFormat(clock.language, { style: 'percent', maximumFractionDigits: 0 })
  const number = new Intl.NumberFormat(clock.language, { maximumFractionDigits: 2 })
  const { all, lost } = funnel
  return (
    <div className={css.body}>
      <ol className={css.steps} aria-label={t('funnel.title')}>
        {stepsOf(all).map(({ step, count, of, share, width }) => (
          <li key={step} data-step={step}>
            <span className={css.name}>{t(`funnel.${step}`)}</span>
            <b>{number.format(count)}</b>
            <span className={css.track} aria-hidden>
              <span className={css.bar} style={{ inlineSize: `${width * 100}%` }} />
            </span>
            <small>{of && share !== null && t('funnel.of', { percent: percent.format(share), step: t(`funnel.${of}`) })}</small>
          </li>
        ))}
      </ol>
      <dl className={css.sums}>
        <div>
          <dt>{t('funnel.won')}</dt>
          <dd data-sum="won">{number.format(all.wonValue)}</dd>
        </div>
        <div>
          <dt>{t('funnel.estimated')}</dt>
          <dd data-sum="estimated">{number.format(all.estimatedValue)}</dd>
        </div>
      </dl>
      {lost.length > 0 && (
        <section aria-labelledby="why-lost">
          <h2 id="why-lost" className={css.part}>
            {t('funnel.why')}
          </h2>
          <ul className={css.reasons}>
            {lost.map((one) => (
              <li key={one.reason}>
                <bdi>{one.reason}</bdi> <b>{number.format(one.leads)}</b>
                {one.estimatedValue > 0 && (
                  <small>{t('calls.lead.estimated', { value: number.format(one.estimatedValue) })}</small>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
      <ByDay funnel={funnel} />
      <p className={css.dim}>{t('funnel.zone', { zone: funnel.zone })}</p>
    </div>
  )
}
