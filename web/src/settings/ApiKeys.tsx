import { Button, NativeSelect, Skeleton, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ApiKey, CreateApiKey } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { useNow } from '../app/now.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { givable } from '../rules/roles.ts'
import { listTime, shortDate } from '../text/time.ts'
import { expiryIn, lifetimes } from './lifetimes.ts'
import { Card, Confirm, Head, Once, useChange } from './parts.tsx'
import { Scopes } from './Scopes.tsx'
import css from './settings.module.css'

export function ApiKeys() {
  const { api, queries } = useConsole()
  const { t } = useText()
  const [asking, setAsking] = useState<ApiKey | null>(null)
  const all = useQuery({ queryKey: keys.apiKeys, queryFn: ({ signal }) => api.apiKeys.list({ signal }) })
  const again = () => void queries.invalidateQueries({ queryKey: keys.apiKeys })
  const revoke = useChange({ run: (id: string) => api.apiKeys.revoke(id), after: again })
  return (
    <>
      <Head title={t('settings.keys')} lead={t('settings.keys.text')} />
      <NewKey onCreated={again} />
      {all.isPending && <Skeleton height={96} radius={12} />}
      {all.isError && <Failed text={t('context.failed')} reason={reasonOf(all.error, t)} onRetry={() => void all.refetch()} />}
      {all.data?.items.length === 0 && <Empty title={t('settings.keys.none')} text={t('settings.keys.none.text')} />}
      {all.data && all.data.items.length > 0 && (
        <ul className={`${css.card} ${css.lines}`} data-testid="api-keys">
          {all.data.items.map((one) => (
            <KeyLine key={one.id} one={one} onRevoke={() => setAsking(one)} />
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

type KeyRole = 'viewer' | 'agent' | 'admin'
const isKeyRole = (role: string): role is KeyRole => role !== 'owner'

function NewKey({ onCreated }: { onCreated: () => void }) {
  const { api, session } = useConsole()
  const { t } = useText()
  const [name, setName] = useState('')
  const [role, setRole] = useState<KeyRole>('agent')
  const [scopes, setScopes] = useState<CreateApiKey['scopes']>(undefined)
  const [life, setLife] = useState('')
  const create = useChange({
    run: () => api.apiKeys.create({ name: name.trim(), role, ...(scopes ? { scopes } : {}), ...expiryIn(life, Date.now()) }),
    after: () => {
      setName('')
      onCreated()
    },
  })
  const roles = givable(session.role).filter(isKeyRole)
  return (
    <Card title={t('keys.new')} onSubmit={create.mutate} testId="key-form">
      <div className={css.inline}>
        <TextInput
          required
          withAsterisk={false}
          maxLength={100}
          label={t('settings.keys.name')}
          placeholder={t('keys.name.example')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <NativeSelect
          label={t('settings.keys.role')}
          value={role}
          onChange={(event) => setRole(roles.find((one) => one === event.currentTarget.value) ?? 'agent')}
          data={roles.map((one) => ({ value: one, label: t(`role.${one}`) }))}
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
      <Scopes role={role} value={scopes} onChange={setScopes} />
      <div className={css.formBar}>
        <Button type="submit" loading={create.isPending} disabled={name.trim() === '' || scopes?.length === 0}>
          {t('settings.keys.create')}
        </Button>
      </div>
      {create.data && <Once text={t('settings.keys.once')} value={create.data.key} testId="new-key" />}
    </Card>
  )
}

function KeyLine({ one, onRevoke }: { one: ApiKey; onRevoke: () => void }) {
  const { t, clock } = useText()
  const now = useNow()
  const over = one.expiresAt !== null && Date.parse(one.expiresAt) <= now
  const facts = [
    t(`role.${one.effectiveRole ?? one.role}`),
    one.scopes ? t('keys.scopes.n', { n: one.scopes.length }) : t('keys.scopes.all'),
    t('settings.keys.created', { date: shortDate(clock, one.createdAt) }),
    one.lastUsedAt
      ? t('settings.keys.used', { time: listTime(clock, one.lastUsedAt, now) || t('time.now') })
      : t('settings.keys.neverUsed'),
    !one.revokedAt && one.effectiveRole === null && t('keys.makerLeft'),
    one.expiresAt && t(over ? 'keys.expired' : 'keys.until', { date: shortDate(clock, one.expiresAt) }),
  ]
  return (
    <li className={css.line} data-off={one.revokedAt || over || one.effectiveRole === null ? true : undefined}>
      <div>
        <strong>
          <bdi>{one.name}</bdi>
        </strong>{' '}
        <code dir="ltr">…{one.hint}</code>
        <small title={one.scopes?.join(', ')}>{facts.filter(Boolean).join(' · ')}</small>
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
