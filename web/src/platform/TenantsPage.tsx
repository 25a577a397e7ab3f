import { Alert, Button, NativeSelect, Skeleton, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { Tenant } from '../../../client/index.ts'
import { useBoot } from '../app/boot.ts'
import { keys } from '../app/cache.ts'
import { reasonOf } from '../app/reason.ts'
import { useSignedIn } from '../app/signedIn.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { Head } from '../settings/parts.tsx'
import css from '../settings/settings.module.css'
import { shortDate } from '../text/time.ts'
import { NewTenant } from './NewTenant.tsx'
import { Shell } from './Shell.tsx'

const states = ['active', 'suspended', 'deleted'] as const

export function TenantsPage() {
  return (
    <Shell>
      <Attention />
      <Tenants />
    </Shell>
  )
}

/** What upkeep of the database found and cannot put right by itself. */
function Attention() {
  const { api } = useBoot()
  const { t } = useText()
  const { session } = useSignedIn()
  const upkeep = useQuery({
    queryKey: keys.upkeep,
    queryFn: ({ signal }) => api.platform.upkeep({ signal }),
    enabled: session.operator,
  })
  if (!upkeep.data?.attention.length) return null
  return (
    <Alert color="orange" title={t('platform.attention')} role="status">
      {upkeep.data.attention.map((line) => (
        <p key={line} dir="ltr">
          {line}
        </p>
      ))}
    </Alert>
  )
}

function Tenants() {
  const { api } = useBoot()
  const { t } = useText()
  const navigate = useNavigate()
  const { q, status } = useSearch({ from: '/platform/tenants' })
  const [typed, setTyped] = useState(q ?? '')
  const [asked] = useDebouncedValue(typed.trim(), 200)
  const [making, setMaking] = useState(false)
  useEffect(() => {
    void navigate({
      to: '/platform/tenants',
      search: (before) => ({ ...(before.status ? { status: before.status } : {}), ...(asked ? { q: asked } : {}) }),
      replace: true,
    })
  }, [asked, navigate])
  const filter = { ...(q ? { q } : {}), ...(status ? { status } : {}) }
  const list = useInfiniteQuery({
    queryKey: [...keys.tenants, filter],
    queryFn: ({ pageParam, signal }) => api.tenants.list({ ...filter, cursor: pageParam ?? undefined }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    staleTime: 0,
  })
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  const total = list.data?.pages[0]?.total ?? 0
  return (
    <>
      <Head title={t('platform.tenants')} lead={list.data ? t('platform.tenants.n', { n: total }) : undefined}>
        <Button size="xs" onClick={() => setMaking(true)}>
          {t('tenant.new')}
        </Button>
      </Head>
      <div className={css.toolbar}>
        <TextInput
          type="search"
          label={t('platform.search')}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <NativeSelect
          label={t('platform.status')}
          value={status ?? ''}
          onChange={(event) => {
            const next = states.find((one) => one === event.currentTarget.value)
            void navigate({
              to: '/platform/tenants',
              search: { ...(q ? { q } : {}), ...(next ? { status: next } : {}) },
              replace: true,
            })
          }}
          data={[
            { value: '', label: t('platform.status.any') },
            ...states.map((one) => ({ value: one, label: t(`tenant.status.${one}`) })),
          ]}
        />
      </div>
      {list.isPending && <Skeleton height={240} radius={12} />}
      {list.isError && (
        <Failed text={t('context.failed')} reason={reasonOf(list.error, t)} onRetry={() => void list.refetch()} />
      )}
      {list.data && items.length === 0 && (
        <Empty title={t('platform.none')} text={t(q || status ? 'platform.none.filter' : 'platform.none.text')} />
      )}
      {items.length > 0 && (
        <ul className={`${css.card} ${css.lines}`} data-testid="tenants">
          {items.map((one) => (
            <li key={one.id}>
              <TenantRow one={one} />
            </li>
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('app.more')}
        </Button>
      )}
      <NewTenant opened={making} onClose={() => setMaking(false)} />
    </>
  )
}

function TenantRow({ one }: { one: Tenant }) {
  const { t, clock } = useText()
  return (
    <Link to="/platform/tenants/$tenantId" params={{ tenantId: one.id }} className={css.row}>
      <div>
        <strong>
          <bdi>{one.name}</bdi>
        </strong>
        <small>
          {[one.tenantId, one.plan, t('settings.keys.created', { date: shortDate(clock, one.createdAt) })].join(' · ')}
        </small>
      </div>
      {!one.onboardingCompleted && one.status === 'active' && (
        <span className={css.state} data-state="pending">
          {t('tenant.settingUp')}
        </span>
      )}
      <span className={css.state} data-state={one.status}>
        {t(`tenant.status.${one.status}`)}
      </span>
    </Link>
  )
}
