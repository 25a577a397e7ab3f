import { Button, NumberInput, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { PatchTenant, TenantDetail as Tenant } from '../../../client/index.ts'
import { useBoot } from '../app/boot.ts'
import { keys } from '../app/cache.ts'
import { reasonOf } from '../app/reason.ts'
import { Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { channelName } from '../inbox/ChannelMark.tsx'
import { Checklist } from '../settings/Checklist.tsx'
import { Card, Confirm, Head, useChange } from '../settings/parts.tsx'
import css from '../settings/settings.module.css'
import { fullTime } from '../text/time.ts'
import { Shell } from './Shell.tsx'

export function TenantPage() {
  const { tenantId } = useParams({ from: '/platform/tenants/$tenantId' })
  return (
    <Shell>
      <One key={tenantId} id={tenantId} />
    </Shell>
  )
}

function One({ id }: { id: string }) {
  const { api } = useBoot()
  const { t } = useText()
  const tenant = useQuery({ queryKey: keys.tenant(id), queryFn: ({ signal }) => api.tenants.get(id, { signal }), staleTime: 0 })
  if (tenant.isPending) return <Skeleton height={320} radius={12} />
  if (!tenant.data)
    return <Failed text={t('context.failed')} reason={reasonOf(tenant.error, t)} onRetry={() => void tenant.refetch()} />
  const one = tenant.data
  return (
    <>
      <Link to="/platform/tenants" search={{}} className={css.back}>
        {t('platform.tenants')}
      </Link>
      <Head title={one.name} lead={one.tenantId}>
        <span className={css.state} data-state={one.status} data-testid="tenant-status">
          {t(`tenant.status.${one.status}`)}
        </span>
      </Head>
      <Facts one={one} />
      {one.status !== 'deleted' && <ReadinessCard id={one.id} />}
      {one.status !== 'deleted' && <RateLimit key={one.rateLimit} one={one} />}
      {one.status !== 'deleted' && <NumberLimit key={`numbers ${one.phoneNumberLimit}`} one={one} />}
      {one.status !== 'deleted' && <Life one={one} />}
    </>
  )
}

function Facts({ one }: { one: Tenant }) {
  const { t, clock } = useText()
  const facts: [string, string | null][] = [
    [t('signIn.email'), one.email],
    [t('tenant.plan'), one.plan],
    [t('tenant.domain'), one.domain ?? one.subdomain],
    [t('connect.phoneNumberId'), one.phoneNumberId],
    [t('tenant.org'), one.genesysOrgName ?? one.genesysOrgId],
    [t('tenant.createdAt'), fullTime(clock, one.createdAt)],
  ]
  return (
    <Card>
      <dl className={css.facts}>
        {facts.map(([name, value]) =>
          value ? (
            <div key={name} className={css.fact}>
              <dt>{name}</dt>
              <dd dir="auto">{value}</dd>
            </div>
          ) : null,
        )}
      </dl>
    </Card>
  )
}

function ReadinessCard({ id }: { id: string }) {
  const { api } = useBoot()
  const { t } = useText()
  const ready = useQuery({
    queryKey: [...keys.tenant(id), 'readiness'],
    queryFn: ({ signal }) => api.tenants.readiness(id, { signal }),
    staleTime: 0,
  })
  return (
    <Card title={t('tenant.readiness')} testId="readiness">
      {ready.isPending && <Skeleton height={120} radius={8} />}
      {ready.isError && (
        <Failed text={t('context.failed')} reason={reasonOf(ready.error, t)} onRetry={() => void ready.refetch()} />
      )}
      {ready.data && (
        <>
          <p className={css.preview} data-open={ready.data.ready || undefined}>
            <strong>{t(ready.data.ready ? 'tenant.ready' : 'tenant.notReady')}</strong>
          </p>
          <Checklist steps={ready.data.steps} />
          {ready.data.channels.map((channel) => (
            <section key={channel.accountId ?? channel.channel} className={css.fields}>
              <h4>{channel.name ?? channelName(channel.channel)}</h4>
              <Checklist steps={channel.steps} />
            </section>
          ))}
        </>
      )}
    </Card>
  )
}

function useUpdate(one: Tenant) {
  const { api, queries } = useBoot()
  const { t } = useText()
  return useChange({
    run: (patch: PatchTenant) => api.tenants.update(one.id, patch),
    done: t('app.saved'),
    after: (next: Tenant) => {
      queries.setQueryData(keys.tenant(one.id), next)
      void queries.invalidateQueries({ queryKey: keys.tenants })
      void queries.invalidateQueries({ queryKey: keys.session })
    },
  })
}

function RateLimit({ one }: { one: Tenant }) {
  const { t } = useText()
  const save = useUpdate(one)
  return (
    <Amount
      {...{ title: t('tenant.rate'), text: t('tenant.rate.text'), label: t('tenant.rate.label') }}
      {...{ value: one.rateLimit, max: 1_000_000, saving: save.isPending }}
      onSave={(rateLimit) => save.mutate({ rateLimit })}
    />
  )
}

function NumberLimit({ one }: { one: Tenant }) {
  const { t } = useText()
  const save = useUpdate(one)
  return (
    <Amount
      {...{ title: t('tenant.numbers'), text: t('tenant.numbers.text'), label: t('tenant.numbers.label') }}
      {...{ value: one.phoneNumberLimit, max: 1000, saving: save.isPending }}
      onSave={(phoneNumberLimit) => save.mutate({ phoneNumberLimit })}
    />
  )
}

interface AmountProps {
  title: string
  text: string
  label: string
  value: number
  max: number
  saving: boolean
  onSave: (value: number) => void
}

function Amount({ title, text, label, value, max, saving, onSave }: AmountProps) {
  const { t } = useText()
  const [amount, setAmount] = useState<number | string>(value)
  return (
    <Card title={title} text={text} onSubmit={() => onSave(Number(amount))}>
      <div className={css.inline}>
        <NumberInput
          label={label}
          min={1}
          max={max}
          allowDecimal={false}
          required
          withAsterisk={false}
          value={amount}
          onChange={setAmount}
        />
        <Button type="submit" loading={saving} disabled={amount === '' || Number(amount) === value}>
          {t('app.save')}
        </Button>
      </div>
    </Card>
  )
}

/** Suspending can be taken back with the same button; deleting asks for the name. */
function Life({ one }: { one: Tenant }) {
  const { api, queries } = useBoot()
  const { t } = useText()
  const navigate = useNavigate()
  const [asking, setAsking] = useState<'suspend' | 'delete' | null>(null)
  const update = useUpdate(one)
  const remove = useChange({
    run: () => api.tenants.remove(one.id),
    done: t('tenant.deleted', { name: one.name }),
    after: () => {
      void queries.invalidateQueries({ queryKey: keys.tenants })
      void navigate({ to: '/platform/tenants', search: {} })
    },
  })
  const active = one.status === 'active'
  return (
    <Card title={t('tenant.life')} text={t(active ? 'tenant.suspend.text' : 'tenant.resume.text')}>
      <div className={css.formBar}>
        <Button color="red" variant="default" loading={remove.isPending} onClick={() => setAsking('delete')}>
          {t('tenant.delete')}
        </Button>
        {active ? (
          <Button variant="default" loading={update.isPending} onClick={() => setAsking('suspend')}>
            {t('tenant.suspend')}
          </Button>
        ) : (
          <Button loading={update.isPending} onClick={() => update.mutate({ status: 'active' })}>
            {t('tenant.resume')}
          </Button>
        )}
      </div>
      <Confirm
        opened={asking === 'suspend'}
        title={t('tenant.suspend')}
        text={t('tenant.suspendConfirm', { name: one.name })}
        action={t('tenant.suspend')}
        onConfirm={() => update.mutate({ status: 'suspended' })}
        onClose={() => setAsking(null)}
      />
      <Confirm
        opened={asking === 'delete'}
        title={t('tenant.delete')}
        text={t('tenant.deleteConfirm', { name: one.name })}
        action={t('tenant.delete')}
        typed={one.name}
        onConfirm={() => remove.mutate()}
        onClose={() => setAsking(null)}
      />
    </Card>
  )
}
