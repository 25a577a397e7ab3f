import { Button, Skeleton, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Operator } from '../../../client/index.ts'
import { useBoot } from '../app/boot.ts'
import { keys } from '../app/cache.ts'
import { reasonOf } from '../app/reason.ts'
import { useSignedIn } from '../app/signedIn.ts'
import { Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { Card, Confirm, Head, useChange } from '../settings/parts.tsx'
import css from '../settings/settings.module.css'
import { shortDate } from '../text/time.ts'

export function Operators() {
  const { api, queries } = useBoot()
  const { session } = useSignedIn()
  const { t, clock } = useText()
  const [email, setEmail] = useState('')
  const [asking, setAsking] = useState<Operator | null>(null)
  const all = useQuery({ queryKey: keys.operators, queryFn: ({ signal }) => api.platform.operators.list({ signal }) })
  const again = () => void queries.invalidateQueries({ queryKey: keys.operators })
  const add = useChange({
    run: () => api.platform.operators.add(email.trim()),
    quiet: true,
    done: t('app.saved'),
    after: () => {
      setEmail('')
      again()
    },
  })
  const remove = useChange({ run: (userId: string) => api.platform.operators.remove(userId), after: again })
  return (
    <>
      <Head title={t('platform.operators')} lead={t('platform.operators.text')} />
      <Card title={t('platform.operator.add')} text={t('platform.operator.add.text')} onSubmit={add.mutate}>
        <div className={css.inline}>
          <TextInput
            label={t('signIn.email')}
            type="email"
            dir="ltr"
            required
            withAsterisk={false}
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <Button type="submit" loading={add.isPending}>
            {t('platform.operator.submit')}
          </Button>
        </div>
        {add.isError && (
          <p className={css.error} role="alert">
            {reasonOf(add.error, t)}
          </p>
        )}
      </Card>
      {all.isPending && <Skeleton height={96} radius={12} />}
      {all.isError && <Failed text={t('context.failed')} reason={reasonOf(all.error, t)} onRetry={() => void all.refetch()} />}
      {all.data && (
        <ul className={`${css.card} ${css.lines}`}>
          {all.data.items.map((one) => (
            <li key={one.userId} className={css.line}>
              <div>
                <strong dir="ltr">{one.email}</strong>
                <small>{t('platform.operator.since', { date: shortDate(clock, one.createdAt) })}</small>
              </div>
              {one.userId === session.user.id ? (
                <span className={css.state}>{t('team.you')}</span>
              ) : (
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={`${t('team.remove')}: ${one.email}`}
                  onClick={() => setAsking(one)}
                >
                  {t('team.remove')}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      <Confirm
        opened={asking !== null}
        title={t('team.remove')}
        text={t('platform.operator.removeConfirm', { email: asking?.email ?? '' })}
        action={t('team.remove')}
        onConfirm={() => asking && remove.mutate(asking.userId)}
        onClose={() => setAsking(null)}
      />
    </>
  )
}
