/** Whether calls and texts of a bought number still arrive here, asked of the provider; and setting it again where they do not. */
import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { NumberDelivery, PhoneNumber } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { reasonOf } from '../../app/reason.ts'
import { Failed } from '../../app/Trouble.tsx'
import { useText } from '../../app/text.tsx'
import { clockTime } from '../../text/time.ts'
import { useChange } from '../parts.tsx'
import css from '../settings.module.css'
import own from './numbers.module.css'

/** Looked at again within this it is not asked again: each look is a question to the provider. */
const freshMs = 60_000

export function Delivery({ number }: { number: PhoneNumber }) {
  const { api, queries } = useConsole()
  const { t } = useText()
  const { set } = number.webhooks
  const found = useQuery({
    // What was done to the number since makes the answer an old one.
    queryKey: keys.numberDelivery(number.id, number.updatedAt),
    queryFn: ({ signal }) => api.numbers.check(number.id, { signal }),
    enabled: set,
    staleTime: freshMs,
    retry: false,
  })
  const again = useChange({
    run: () => api.numbers.setAgain(number.id),
    after: () => void queries.invalidateQueries({ queryKey: keys.numbers }),
  })
  const right = found.data?.state === 'right'
  return (
    <div className={own.delivery} data-testid="delivery">
      {!set && <p role="status">{number.waitingFor ?? t('delivery.setting')}</p>}
      {set && found.isPending && <Skeleton height={64} radius={8} />}
      {set && found.isError && (
        <Failed text={t('delivery.unknown')} reason={reasonOf(found.error, t)} onRetry={() => void found.refetch()} />
      )}
      {set && found.data && <Found found={found.data} />}
      {set && (
        <div className={own.bar}>
          {found.data?.state !== 'gone' && (
            <Button
              size="compact-sm"
              variant={found.data && !right ? 'filled' : 'default'}
              loading={again.isPending}
              aria-label={`${t('delivery.again')}: ${number.number}`}
              onClick={() => again.mutate()}
            >
              {t('delivery.again')}
            </Button>
          )}
          <Button size="compact-sm" variant="default" loading={found.isFetching} onClick={() => void found.refetch()}>
            {t('delivery.check')}
          </Button>
        </div>
      )}
    </div>
  )
}

function Found({ found }: { found: NumberDelivery }) {
  const { t, clock } = useText()
  const wrong = found.items.filter(({ right }) => !right)
  const elsewhere = found.state === 'wrong' && wrong.length === 0
  return (
    <>
      <p className={css.preview} data-open={found.state === 'right' || undefined} role="status">
        <strong>{t(elsewhere ? 'delivery.service' : `delivery.${found.state}`)}</strong>{' '}
        <small>{t('delivery.at', { time: clockTime(clock, found.at) })}</small>
      </p>
      {found.text && <p dir="auto">{found.text}</p>}
      {wrong.length > 0 && (
        <ul className={css.lines}>
          {wrong.map((one) => (
            <li key={one.what} className={css.line}>
              <div>
                {t(`delivery.${one.what}`)}
                <small>
                  <bdi dir={one.is ? 'ltr' : undefined}>{one.is ?? t('delivery.nowhere')}</bdi>
                </small>
              </div>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
