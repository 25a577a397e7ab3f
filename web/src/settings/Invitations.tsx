import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { CreatedInvitation, Invitation } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { shortDate } from '../text/time.ts'
import { Once, useChange } from './parts.tsx'
import css from './settings.module.css'

/** Those who were asked and have not come yet; who came is among the members. */
export function Invitations() {
  const { api } = useConsole()
  const { t } = useText()
  const all = useQuery({ queryKey: keys.invitations, queryFn: ({ signal }) => api.invitations.list({ signal }), staleTime: 0 })
  const waiting = all.data?.items.filter((one) => one.state === 'open' || one.state === 'expired') ?? []
  if (all.isError)
    return <Failed text={t('context.failed')} reason={reasonOf(all.error, t)} onRetry={() => void all.refetch()} />
  if (waiting.length === 0) return null
  return (
    <section className={css.card} aria-label={t('team.invitations')} data-testid="invitations">
      <h3 className={css.cardTitle}>{t('team.invitations')}</h3>
      <ul className={css.lines}>
        {waiting.map((one) => (
          <Line key={one.id} one={one} />
        ))}
      </ul>
    </section>
  )
}

function Line({ one }: { one: Invitation }) {
  const { api, queries } = useConsole()
  const { t, clock } = useText()
  const [fresh, setFresh] = useState<CreatedInvitation | null>(null)
  const again = () => void queries.invalidateQueries({ queryKey: keys.invitations })
  const renew = useChange({
    run: () => api.invitations.renew(one.id),
    after: (next: CreatedInvitation) => {
      setFresh(next)
      again()
    },
  })
  const revoke = useChange({ run: () => api.invitations.revoke(one.id), done: t('team.invitation.revoked'), after: again })
  const until = shortDate(clock, one.expiresAt)
  return (
    <li className={css.line}>
      <div>
        <strong dir="ltr">{one.email}</strong>
        <small>
          {[
            t(`role.${one.role}`),
            t('team.invitedBy', { name: one.invitedBy }),
            one.state === 'expired' ? t('team.invitation.expired') : t('team.invitation.until', { date: until }),
          ].join(' · ')}
        </small>
        {fresh && <Once text={t('team.invite.link', { email: one.email })} value={fresh.url} />}
      </div>
      <span className={css.lineEnd}>
        <Button size="compact-xs" variant="default" loading={renew.isPending} onClick={() => renew.mutate()}>
          {t('team.invitation.renew')}
        </Button>
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`${t('team.invitation.revoke')}: ${one.email}`}
          loading={revoke.isPending}
          onClick={() => revoke.mutate()}
        >
          {t('team.invitation.revoke')}
        </Button>
      </span>
    </li>
  )
}
