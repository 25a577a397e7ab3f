import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { SessionItem } from '../../../client/index.ts'
import { useBoot } from '../app/boot.ts'
import { keys } from '../app/cache.ts'
import { useNow } from '../app/now.ts'
import { reasonOf } from '../app/reason.ts'
import { Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { deviceOf } from '../rules/device.ts'
import { listTime, shortDate } from '../text/time.ts'
import { Card, useChange } from './parts.tsx'
import css from './settings.module.css'

export function Sessions() {
  const { api, queries } = useBoot()
  const { t } = useText()
  const all = useQuery({ queryKey: keys.sessions, queryFn: ({ signal }) => api.session.list({ signal }), staleTime: 0 })
  const after = () => void queries.invalidateQueries({ queryKey: keys.sessions })
  const end = useChange({ run: (id: string) => api.session.end(id), done: t('sessions.ended'), after })
  const endOthers = useChange({ run: () => api.session.endOthers(), done: t('sessions.othersEnded'), after })
  const items = all.data?.items ?? []
  return (
    <Card title={t('sessions.title')} text={t('sessions.text')} testId="sessions">
      {all.isPending && <Skeleton height={96} radius={8} />}
      {all.isError && <Failed text={t('context.failed')} reason={reasonOf(all.error, t)} onRetry={() => void all.refetch()} />}
      <ul className={css.lines}>
        {items.map((one) => (
          <Line key={one.id} one={one} onEnd={() => end.mutate(one.id)} />
        ))}
      </ul>
      {items.length > 1 && (
        <div className={css.formBar}>
          <Button variant="default" size="xs" loading={endOthers.isPending} onClick={() => endOthers.mutate()}>
            {t('sessions.endOthers')}
          </Button>
        </div>
      )}
    </Card>
  )
}

function Line({ one, onEnd }: { one: SessionItem; onEnd: () => void }) {
  const { t, clock } = useText()
  const now = useNow()
  const device = deviceOf(one.userAgent)
  const name = device ? t('sessions.device', { browser: device.browser, system: device.system }) : t('sessions.unknown')
  const seen = listTime(clock, one.lastSeenAt, now) || t('time.now')
  return (
    <li className={css.line}>
      <div>
        <strong>{name}</strong>
        <small>
          {[one.ip, t('sessions.seen', { time: seen }), t('sessions.since', { date: shortDate(clock, one.createdAt) })]
            .filter(Boolean)
            .join(' · ')}
        </small>
      </div>
      {one.current ? (
        <span className={css.state} data-state="connected">
          {t('sessions.current')}
        </span>
      ) : (
        <Button size="compact-xs" variant="default" aria-label={`${t('sessions.end')}: ${name}`} onClick={onEnd}>
          {t('sessions.end')}
        </Button>
      )}
    </li>
  )
}
