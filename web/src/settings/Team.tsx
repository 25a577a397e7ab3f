import { Button, NativeSelect, Skeleton, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Member, ResetLink, Role } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { mayManage, useConsole } from '../app/context.ts'
import { useNow } from '../app/now.ts'
import { reasonOf } from '../app/reason.ts'
import { useSignedIn } from '../app/signedIn.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { Face } from '../inbox/Face.tsx'
import { shownStatus, useMembers } from '../people/presence.ts'
import { givable, mayTouch } from '../rules/roles.ts'
import { fullTime, listTime } from '../text/time.ts'
import { Invitations } from './Invitations.tsx'
import { Card, Confirm, Head, Once, useChange } from './parts.tsx'
import css from './settings.module.css'
import { TeamUnsentCard } from './Unsent.tsx'

export function Team() {
  const { session } = useConsole()
  const { t } = useText()
  const members = useMembers()
  const may = mayManage(session)
  const items = members.data?.items ?? []
  return (
    <>
      <Head title={t('settings.team')} lead={t('team.text')} />
      {may && <Invite />}
      <section className={css.card} aria-label={t('settings.team')} data-testid="members">
        {members.isPending && <Skeleton height={160} radius={12} />}
        {members.isError && (
          <Failed text={t('context.failed')} reason={reasonOf(members.error, t)} onRetry={() => void members.refetch()} />
        )}
        <ul className={css.lines}>
          {items.map((one) => (
            <MemberLine key={one.id} one={one} may={may} />
          ))}
        </ul>
        {items.length === 1 && <Empty title={t('team.alone')} text={t('team.alone.text')} />}
      </section>
      {may && <TeamUnsentCard />}
      {may && <Invitations />}
    </>
  )
}

function Invite() {
  const { api, queries, session } = useConsole()
  const { t } = useText()
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('agent')
  const invite = useChange({
    run: () => api.invitations.create({ email: email.trim(), role }),
    after: () => {
      setEmail('')
      void queries.invalidateQueries({ queryKey: keys.invitations })
    },
  })
  const roles = givable(session.role)
  return (
    <Card title={t('team.invite')} text={t('team.invite.text')} onSubmit={invite.mutate} testId="invite-form">
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
        <NativeSelect
          label={t('team.role')}
          value={role}
          onChange={(event) => setRole(roles.find((one) => one === event.currentTarget.value) ?? 'agent')}
          data={roles.map((one) => ({ value: one, label: t(`role.${one}`) }))}
        />
        <Button type="submit" loading={invite.isPending}>
          {t('team.invite.submit')}
        </Button>
      </div>
      <small className={css.dim}>{t(`role.${role}.text`)}</small>
      {invite.data && (
        <Once text={t('team.invite.link', { email: invite.data.email })} value={invite.data.url} testId="invitation-url" />
      )}
    </Card>
  )
}

function MemberLine({ one, may }: { one: Member; may: boolean }) {
  const { api, queries } = useConsole()
  const { session } = useSignedIn()
  const { t, clock } = useText()
  const now = useNow()
  const [asking, setAsking] = useState(false)
  const [link, setLink] = useState<ResetLink | null>(null)
  const mine = session.role ?? 'viewer'
  const self = one.id === session.user.id
  const touch = may && !self && mayTouch(mine, one.role)
  const after = () => {
    void queries.invalidateQueries({ queryKey: keys.members })
    void queries.invalidateQueries({ queryKey: keys.session })
  }
  const setRole = useChange({ run: (role: Role) => api.members.update(one.id, { role }), done: t('app.saved'), after })
  const remove = useChange({ run: () => api.members.remove(one.id), done: t('team.removed', { name: one.name }), after })
  const reset = useChange({ run: () => api.members.resetLink(one.id), after: setLink })
  const status = shownStatus(one.presence)
  const seen = one.presence.lastSeenAt
  const presence =
    status === 'offline' && seen
      ? t('team.seen', { time: listTime(clock, seen, now) || t('time.now') })
      : t(`presence.${status}`)
  return (
    <li className={css.line} data-testid="member">
      <Face id={one.id} name={one.name} size={36} status={status} />
      <div>
        <strong>
          <bdi>{one.name}</bdi>
          {self && <span className={css.dim}> {t('team.you')}</span>}
        </strong>
        <small>{[one.email, presence].filter(Boolean).join(' · ')}</small>
        {link && <Once text={t('team.resetLink', { time: fullTime(clock, link.expiresAt) })} value={link.url} />}
      </div>
      {touch ? (
        <span className={css.lineEnd}>
          <NativeSelect
            size="xs"
            aria-label={t('team.roleOf', { name: one.name })}
            value={one.role}
            disabled={setRole.isPending}
            onChange={(event) => {
              const next = givable(mine).find((role) => role === event.currentTarget.value)
              if (next) setRole.mutate(next)
            }}
            data={givable(mine).map((role) => ({ value: role, label: t(`role.${role}`) }))}
          />
          <Button size="compact-xs" variant="default" loading={reset.isPending} onClick={() => reset.mutate()}>
            {t('team.reset')}
          </Button>
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`${t('team.remove')}: ${one.name}`}
            onClick={() => setAsking(true)}
          >
            {t('team.remove')}
          </Button>
        </span>
      ) : (
        <span className={css.state}>{t(`role.${one.role}`)}</span>
      )}
      <Confirm
        opened={asking}
        title={t('team.remove')}
        text={t('team.removeConfirm', { name: one.name })}
        action={t('team.remove')}
        onConfirm={() => remove.mutate()}
        onClose={() => setAsking(false)}
      />
    </li>
  )
}
