/** One number: what it costs, how far it is, what it waits for, and what may be done with it. */
import { Button } from '@mantine/core'
import IconAlertCircle from '@tabler/icons-react/dist/esm/icons/IconAlertCircle.mjs'
import IconCircle from '@tabler/icons-react/dist/esm/icons/IconCircle.mjs'
import IconCircleCheck from '@tabler/icons-react/dist/esm/icons/IconCircleCheck.mjs'
import IconLoader2 from '@tabler/icons-react/dist/esm/icons/IconLoader2.mjs'
import { type ReactNode, useState } from 'react'
import type { PhoneNumber } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { useText } from '../../app/text.tsx'
import { clockTime, shortDate } from '../../text/time.ts'
import { Confirm, useChange } from '../parts.tsx'
import css from '../settings.module.css'
import { Delivery } from './Delivery.tsx'
import own from './numbers.module.css'
import { priceText } from './price.ts'

/** As which of the states of a channel it is shown: the same colours mean the same. */
const looks = {
  provisioning: 'pending',
  provisioned: 'pending',
  active: 'connected',
  suspended: 'held',
  released: 'off',
} as const
type Asked = 'suspend' | 'release'

export function NumberCard({ one, may }: { one: PhoneNumber; may: boolean }) {
  const { t, clock } = useText()
  const onItsWay = one.wanted !== one.status
  const isThere = !onItsWay && (one.status === 'active' || one.status === 'suspended')
  const [checking, setChecking] = useState(false)
  const state = one.wanted === 'released' && one.status !== 'released' ? 'releasing' : one.status
  const price = one.price.monthlyCents === null ? null : priceText(clock.language, one.price.monthlyCents, one.price.currency)
  return (
    <section className={css.card} data-testid="number" data-status={one.status}>
      <header className={css.cardHead}>
        <div>
          <h3>
            <bdi dir="ltr">{one.number}</bdi>
          </h3>
          <small>
            {[
              one.name === one.number ? null : one.name,
              one.region,
              one.country,
              ...one.capabilities.map((each) => t(`numbers.can.${each as 'sms'}`)),
              price === null ? null : t('numbers.monthly', { price }),
            ]
              .filter(Boolean)
              .join(' · ')}
          </small>
        </div>
        <span className={css.state} data-state={state === 'releasing' ? 'pending' : looks[one.status]}>
          {t(`numbers.state.${state}`)}
        </span>
      </header>
      {one.status === 'suspended' && !onItsWay && <p className={css.stateText}>{t('numbers.suspended.text')}</p>}
      {one.failure && (
        <div className={own.told} role="note">
          <strong>{t('numbers.failed')}</strong>
          <p dir="auto">{one.failure.text}</p>
          {one.status === 'released' && <p>{t('numbers.failed.nothingPaid')}</p>}
        </div>
      )}
      {onItsWay && <Way one={one} />}
      {one.status === 'released' && one.releasedAt && !one.failure && (
        <p className={css.stateText}>{t('numbers.releasedAt', { date: shortDate(clock, one.releasedAt) })}</p>
      )}
      {one.waitingFor && (
        <div className={own.told} role="status" data-testid="waiting">
          <p dir="auto">{one.waitingFor}</p>
          {one.nextTryAt && <p>{t('numbers.nextTry', { time: clockTime(clock, one.nextTryAt) })}</p>}
        </div>
      )}
      {isThere && checking && <Delivery number={one} />}
      {may && one.status !== 'released' && (
        <Actions one={one} price={price}>
          {isThere && (
            <Button
              size="compact-sm"
              variant="default"
              aria-expanded={checking}
              aria-label={`${t('numbers.do.check')}: ${one.number}`}
              onClick={() => setChecking(!checking)}
            >
              {t('numbers.do.check')}
            </Button>
          )}
        </Actions>
      )}
    </section>
  )
}

const icons = { done: IconCircleCheck, now: IconLoader2, waiting: IconAlertCircle, open: IconCircle } as const

/** Told as it goes: whoever does not see it hears of each step. */
function Way({ one }: { one: PhoneNumber }) {
  const { t } = useText()
  return (
    <ol className={own.way} aria-live="polite" data-testid="steps">
      {one.steps.map(({ id, state }) => {
        const Icon = icons[state]
        return (
          <li key={id} data-state={state} data-step={id}>
            <Icon size={18} aria-hidden />
            <span>
              {t(`numbers.step.${id}`)}
              <span className="visually-hidden"> – {t(`numbers.step.is.${state}`)}</span>
            </span>
          </li>
        )
      })}
    </ol>
  )
}

function Actions({ one, price, children }: { one: PhoneNumber; price: string | null; children: ReactNode }) {
  const { api, queries } = useConsole()
  const { t } = useText()
  const [asked, setAsked] = useState<Asked | null>(null)
  const change = useChange({
    run: (verb: 'suspend' | 'resume' | 'release' | 'retry') => api.numbers[verb](one.id),
    after: () => {
      void queries.invalidateQueries({ queryKey: keys.numbers })
      void queries.invalidateQueries({ queryKey: keys.accounts })
    },
  })
  const stands = one.wanted === one.status
  const button = (verb: Parameters<typeof change.mutate>[0], ask?: Asked) => (
    <Button
      size="compact-sm"
      variant="default"
      loading={change.isPending && change.variables === verb}
      aria-label={`${t(`numbers.do.${verb}`)}: ${one.number}`}
      onClick={() => (ask ? setAsked(ask) : change.mutate(verb))}
    >
      {t(`numbers.do.${verb}`)}
    </Button>
  )
  return (
    <div className={own.bar}>
      {one.waitingFor && button('retry')}
      {children}
      {one.status === 'active' && stands && button('suspend', 'suspend')}
      {one.status === 'suspended' && stands && button('resume')}
      {one.wanted !== 'released' && button('release', 'release')}
      <Confirm
        opened={asked !== null}
        title={t(`numbers.do.${asked ?? 'suspend'}`)}
        text={t(`numbers.confirm.${asked ?? 'suspend'}`, { number: one.number, price: price ?? '–' })}
        action={t(`numbers.do.${asked ?? 'suspend'}`)}
        onConfirm={() => asked && change.mutate(asked)}
        onClose={() => setAsked(null)}
      />
    </div>
  )
}
