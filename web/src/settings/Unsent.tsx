/** Notices that could not be brought to somebody: to oneself, and for those who manage the team to whom else. */
import { useQuery } from '@tanstack/react-query'
import type { Unsent as One, TeamUnsent } from '../../../client/index.ts'
import { useBoot } from '../app/boot.ts'
import { useText } from '../app/text.tsx'
import { fullTime } from '../text/time.ts'
import { Card } from './parts.tsx'
import css from './settings.module.css'

export function OwnUnsent() {
  const { api } = useBoot()
  const { t } = useText()
  const unsent = useQuery({ queryKey: ['unsent', 'me'], queryFn: ({ signal }) => api.me.unsent({ signal }) })
  if (!unsent.data?.items.length) return null
  return (
    <Card title={t('unsent.title')} text={t('unsent.text')} testId="unsent">
      <ul className={css.lines}>
        {unsent.data.items.map((one) => (
          <Line key={`${one.means} ${one.outcome}`} one={one} />
        ))}
      </ul>
    </Card>
  )
}

export function TeamUnsentCard() {
  const { api } = useBoot()
  const { t } = useText()
  const unsent = useQuery({ queryKey: ['unsent', 'team'], queryFn: ({ signal }) => api.unsent({ signal }) })
  if (!unsent.data?.items.length) return null
  return (
    <Card title={t('unsent.team')} text={t('unsent.text')} testId="team-unsent">
      <ul className={css.lines}>
        {unsent.data.items.map((one) => (
          <Line key={`${one.member.id} ${one.means} ${one.outcome}`} one={one} />
        ))}
      </ul>
    </Card>
  )
}

function Line({ one }: { one: One | TeamUnsent }) {
  const { t, clock } = useText()
  return (
    <li className={css.line}>
      <div>
        {'member' in one && (
          <strong>
            <bdi>{one.member.name}</bdi>
          </strong>
        )}{' '}
        {one.outcome === 'unknown' ? t('unsent.unknown', { n: one.count }) : t(`unsent.${one.means}`, { n: one.count })}
        <small>{t('unsent.last', { time: fullTime(clock, one.lastAt), why: one.why ?? t('unsent.noWhy') })}</small>
      </div>
    </li>
  )
}
