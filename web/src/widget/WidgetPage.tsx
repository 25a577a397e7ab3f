import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { ParleyError } from '../../../client/index.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { clockTime } from '../text/time.ts'
import { askEveryMs, type WidgetApi } from './api.ts'
import { Customer } from './Customer.tsx'
import { History } from './History.tsx'
import { Templates } from './Templates.tsx'
import css from './widget.module.css'

const tabs = ['history', 'templates'] as const

export function WidgetPage({ api }: { api: WidgetApi }) {
  const { t, clock } = useText()
  const [tab, setTab] = useState<(typeof tabs)[number]>('history')
  const about = useQuery({
    queryKey: ['customer'],
    queryFn: api.customer,
    refetchInterval: (query) => (isOver(query.state.error) ? false : askEveryMs),
  })
  const name = about.data?.customer.name ?? about.data?.customer.phone
  useEffect(() => {
    document.title = name ? `${name} · Parley` : 'Parley'
  }, [name])
  if (isOver(about.error)) return <Empty title={t('widget.expired')} text={t('widget.expired.text')} />
  if (about.error instanceof ParleyError && about.error.status === 404)
    return <Empty title={t('widget.unknown')} text={t('widget.unknown.text')} />
  if (about.isError && !about.data)
    return <Failed text={t('context.failed')} reason={reasonOf(about.error, t)} onRetry={() => void about.refetch()} />
  if (!about.data) return <Waiting />
  return (
    <main className={css.page} aria-label={t('widget.label')}>
      {about.isError && (
        <p className={css.stale} role="status">
          {t('widget.stale', { time: clockTime(clock, new Date(about.dataUpdatedAt).toISOString()) })}
        </p>
      )}
      <Customer widget={about.data} />
      <div className={css.tabs} role="tablist">
        {tabs.map((one) => (
          <button
            key={one}
            type="button"
            role="tab"
            id={`tab-${one}`}
            aria-selected={tab === one}
            aria-controls={`panel-${one}`}
            tabIndex={tab === one ? 0 : -1}
            onClick={() => setTab(one)}
            onKeyDown={(event) => {
              if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
              const other = one === 'history' ? 'templates' : 'history'
              setTab(other)
              document.getElementById(`tab-${other}`)?.focus()
            }}
          >
            {t(`widget.${one}`)}
          </button>
        ))}
      </div>
      <section className={css.panel} role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`}>
        {tab === 'history' ? (
          <History api={api} conversations={about.data.conversations} />
        ) : (
          <Templates api={api} widget={about.data} onSent={() => setTab('history')} />
        )}
      </section>
    </main>
  )
}

/** The link itself is refused: asking again changes nothing. */
const isOver = (error: Error | null): boolean => error instanceof ParleyError && error.status === 401

function Waiting() {
  return (
    <div className={css.waiting} aria-busy="true">
      <span />
      <span />
      <span />
    </div>
  )
}
