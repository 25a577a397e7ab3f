/** Telephone numbers: those that are there with how far they are, those for sale, and with what they are bought. */
import { Button, Skeleton } from '@mantine/core'
import IconPlus from '@tabler/icons-react/dist/esm/icons/IconPlus.mjs'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { keys } from '../../app/cache.ts'
import { mayManage, useConsole } from '../../app/context.ts'
import { reasonOf } from '../../app/reason.ts'
import { Empty, Failed } from '../../app/Trouble.tsx'
import { useText } from '../../app/text.tsx'
import { Head } from '../parts.tsx'
import css from '../settings.module.css'
import { BuyNumber } from './BuyNumber.tsx'
import { NumberCard } from './NumberCard.tsx'
import { ProviderCard } from './ProviderCard.tsx'

export function NumbersPage() {
  const { api, session } = useConsole()
  const { t } = useText()
  const may = mayManage(session)
  const [buying, setBuying] = useState(false)
  const numbers = useQuery({ queryKey: keys.numbers, queryFn: ({ signal }) => api.numbers.list({ signal }) })
  const provider = useQuery({
    queryKey: keys.numberProvider,
    queryFn: ({ signal }) => api.numbers.provider({ signal }),
    enabled: may,
  })
  const items = numbers.data?.items ?? []
  const here = items.filter((one) => one.status !== 'released')
  const former = items.filter((one) => one.status === 'released')
  const room = numbers.data !== undefined && here.length < numbers.data.limit
  const ready = may && provider.data?.configured === true
  return (
    <>
      <Head title={t('settings.numbers')} lead={t('numbers.text')}>
        {ready && room && !buying && (
          <Button size="xs" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setBuying(true)}>
            {t('numbers.buy')}
          </Button>
        )}
      </Head>
      {numbers.isPending && <Skeleton height={96} radius={12} />}
      {numbers.isError && (
        <Failed text={t('context.failed')} reason={reasonOf(numbers.error, t)} onRetry={() => void numbers.refetch()} />
      )}
      {provider.isError && (
        <Failed text={t('context.failed')} reason={reasonOf(provider.error, t)} onRetry={() => void provider.refetch()} />
      )}
      {numbers.data && here.length === 0 && !buying && <Empty title={t('numbers.none')} text={t('numbers.none.text')} />}
      {here.map((one) => (
        <NumberCard key={one.id} one={one} may={may} />
      ))}
      {ready && buying && <BuyNumber onClose={() => setBuying(false)} />}
      {may && numbers.data && (
        <p className={css.lead} data-testid="number-limit">
          {t('numbers.limit', { n: numbers.data.limit })} {!room && t('numbers.full')}{' '}
          {session.operator ? (
            <Link to="/platform/tenants/$tenantId" params={{ tenantId: session.tenant.id }}>
              {t('numbers.more')}
            </Link>
          ) : (
            t('numbers.more')
          )}
        </p>
      )}
      {may && provider.data && <ProviderCard provider={provider.data} inUse={here.length > 0} />}
      {former.length > 0 && (
        <details data-testid="former-numbers">
          <summary>{t('numbers.former', { n: former.length })}</summary>
          {former.map((one) => (
            <NumberCard key={one.id} one={one} may={false} />
          ))}
        </details>
      )}
    </>
  )
}
