import { Button, NativeSelect, Skeleton, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { PlatformAction, PlatformKey } from '../../../client/index.ts'
import { useBoot } from '../app/boot.ts'
import { keys } from '../app/cache.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { expiryIn, lifetimes } from '../settings/lifetimes.ts'
import { Card, Confirm, Head, Once, Toggle, useChange } from '../settings/parts.tsx'
import css from '../settings/settings.module.css'
import { shortDate } from '../text/time.ts'

const actions = [
  'tenants.read',
  'tenants.write',
  'tenants.credentials',
  'tenants.delete',
  'platform.manage',
  'metrics.read',
] as const satisfies PlatformAction[]

export function PlatformKeys() {
  const { api, queries } = useBoot()
  const { t } = useText()
  const [asking, setAsking] = useState<PlatformKey | null>(null)
  const all = useQuery({ queryKey: keys.platformKeys, queryFn: ({ signal }) => api.platform.keys.list({ signal }) })
  const again = () => void queries.invalidateQueries({ queryKey: keys.platformKeys })
  const revoke = useChange({ run: (id: string) => api.platform.keys.revoke(id), after: again })
  return (
    <>
      <Head title={t('platform.keys')} lead={t('platform.keys.text')} />
      <NewKey onCreated={again} />
      {all.isPending && <Skeleton height={96} radius={12} />}
      {all.isError && <Failed text={t('context.failed')} reason={reasonOf(all.error, t)} onRetry={() => void all.refetch()} />}
      {all.data?.items.length === 0 && <Empty title={t('settings.keys.none')} />}
      {all.data && all.data.items.length > 0 && (
        <ul className={`${css.card} ${css.lines}`}>
          {all.data.items.map((one) => (
            <Line key={one.id} one={one} onRevoke={() => setAsking(one)} />
          ))}
        </ul>
      )}
      <Confirm
        opened={asking !== null}
        title={t('settings.keys.revoke')}
        text={t('settings.keys.revokeConfirm', { name: asking?.name ?? '' })}
        action={t('settings.keys.revoke')}
        onConfirm={() => asking && revoke.mutate(asking.id)}
        onClose={() => setAsking(null)}
      />
    </>
  )
}

function NewKey({ onCreated }: { onCreated: () => void }) {
  const { api } = useBoot()
  const { t } = useText()
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<PlatformAction[] | null>(null)
  const [life, setLife] = useState('')
  const create = useChange({
    run: () => api.platform.keys.create({ name: name.trim(), ...(scopes ? { scopes } : {}), ...expiryIn(life, Date.now()) }),
    after: () => {
      setName('')
      onCreated()
    },
  })
  return (
    <Card title={t('keys.new')} onSubmit={create.mutate}>
      <div className={css.inline}>
        <TextInput
          required
          withAsterisk={false}
          maxLength={100}
          label={t('settings.keys.name')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <NativeSelect
          label={t('keys.expiry')}
          value={life}
          onChange={(event) => setLife(event.currentTarget.value)}
          data={lifetimes.map((one) => ({
            value: String(one ?? ''),
            label: one ? t('keys.expiry.days', { n: one }) : t('keys.expiry.never'),
          }))}
        />
      </div>
      <fieldset className={css.scopes}>
        <legend className="visually-hidden">{t('keys.scopes')}</legend>
        <Toggle label={t('keys.scopes.limit')} checked={scopes !== null} onChange={(on) => setScopes(on ? [] : null)} />
        {scopes && (
          <div className={css.scopeGrid}>
            {actions.map((one) => (
              <label key={one} className={css.toggle}>
                <input
                  type="checkbox"
                  checked={scopes.includes(one)}
                  onChange={(event) =>
                    setScopes(event.currentTarget.checked ? [...scopes, one] : scopes.filter((each) => each !== one))
                  }
                />
                <code dir="ltr">{one}</code>
              </label>
            ))}
          </div>
        )}
      </fieldset>
      <div className={css.formBar}>
        <Button type="submit" loading={create.isPending} disabled={name.trim() === '' || scopes?.length === 0}>
          {t('settings.keys.create')}
        </Button>
      </div>
      {create.data && <Once text={t('settings.keys.once')} value={create.data.key} />}
    </Card>
  )
}

function Line({ one, onRevoke }: { one: PlatformKey; onRevoke: () => void }) {
  const { t, clock } = useText()
  const facts = [
    one.scopes ? one.scopes.join(', ') : t('platform.everything'),
    t('settings.keys.created', { date: shortDate(clock, one.createdAt) }),
    one.lastUsedAt ? t('settings.keys.used', { time: shortDate(clock, one.lastUsedAt) }) : t('settings.keys.neverUsed'),
    one.expiresAt && t('keys.until', { date: shortDate(clock, one.expiresAt) }),
  ]
  return (
    <li className={css.line} data-off={one.revokedAt ? true : undefined}>
      <div>
        <strong>
          <bdi>{one.name}</bdi>
        </strong>{' '}
        <code dir="ltr">…{one.hint}</code>
        <small>{facts.filter(Boolean).join(' · ')}</small>
      </div>
      {one.revokedAt ? (
        <span className={css.state}>{t('settings.keys.revoked')}</span>
      ) : (
        <Button size="compact-xs" variant="default" aria-label={`${t('settings.keys.revoke')}: ${one.name}`} onClick={onRevoke}>
          {t('settings.keys.revoke')}
        </Button>
      )}
    </li>
  )
}
