/** Whose time can be booked: people, rooms, machines. */
import { Button, Skeleton, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { PatchStaff, Staff as Person } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { mayManage, useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { useStaff } from '../bookings/useBookings.ts'
import { Card, Confirm, Head, useChange } from './parts.tsx'
import css from './settings.module.css'
import { Written } from './Written.tsx'

const longest = 255

export function Staff() {
  const { session } = useConsole()
  const { t } = useText()
  const staff = useStaff()
  const may = mayManage(session)
  return (
    <>
      <Head title={t('settings.staff')} lead={t('staff.text')} />
      {may && <NewPerson />}
      <section className={css.card} aria-label={t('settings.staff')} data-testid="staff">
        {staff.isPending && <Skeleton height={120} radius={12} />}
        {staff.isError && !staff.data && (
          <Failed text={t('context.failed')} reason={reasonOf(staff.error, t)} onRetry={() => void staff.refetch()} />
        )}
        <ul className={css.lines}>
          {staff.data?.map((one) => (
            <Line key={`${one.id}${one.name}${one.specialization}`} one={one} may={may} />
          ))}
        </ul>
        {staff.data?.length === 0 && <Empty title={t('staff.none')} text={t('staff.none.text')} />}
      </section>
    </>
  )
}

function NewPerson() {
  const { api, queries } = useConsole()
  const { t } = useText()
  const [name, setName] = useState('')
  const [specialization, setSpecialization] = useState('')
  const add = useChange({
    run: () => api.staff.create({ name: name.trim(), specialization: specialization.trim() || null }),
    done: t('staff.added', { name: name.trim() }),
    after: () => {
      setName('')
      setSpecialization('')
      void queries.invalidateQueries({ queryKey: keys.staff })
      void queries.invalidateQueries({ queryKey: keys.allSlots })
    },
  })
  return (
    <Card title={t('staff.new')} onSubmit={() => name.trim() && !add.isPending && add.mutate()} testId="staff-form">
      <div className={css.inline}>
        <TextInput
          label={t('staff.name')}
          dir="auto"
          required
          withAsterisk={false}
          maxLength={longest}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label={t('staff.specialization')}
          dir="auto"
          maxLength={longest}
          value={specialization}
          onChange={(event) => setSpecialization(event.currentTarget.value)}
        />
        <Button type="submit" loading={add.isPending}>
          {t('staff.add')}
        </Button>
      </div>
    </Card>
  )
}

/** What is written is saved when the field is left. Whoever has bookings is not removed: the server says so, and what to do. */
function Line({ one, may }: { one: Person; may: boolean }) {
  const { api, queries } = useConsole()
  const { t } = useText()
  const [asking, setAsking] = useState(false)
  const after = () => {
    void queries.invalidateQueries({ queryKey: keys.staff })
    void queries.invalidateQueries({ queryKey: keys.allSlots })
  }
  const change = useChange({ run: (patch: PatchStaff) => api.staff.update(one.id, patch), done: t('app.saved'), after })
  const remove = useChange({ run: () => api.staff.remove(one.id), done: t('staff.removed', { name: one.name }), after })
  const button = (label: string, run: () => void, loading = false) => (
    <Button size="compact-xs" variant="default" aria-label={`${label}: ${one.name}`} loading={loading} onClick={run}>
      {label}
    </Button>
  )
  return (
    <li className={css.line} data-off={!one.isActive || undefined} data-testid="staff-line">
      {may ? (
        <>
          <Written
            label={t('staff.name')}
            of={one.name}
            value={one.name}
            maxLength={longest}
            required
            onKeep={(name) => name && change.mutate({ name })}
          />
          <Written
            label={t('staff.specialization')}
            of={one.name}
            value={one.specialization ?? ''}
            maxLength={longest}
            onKeep={(specialization) => change.mutate({ specialization: specialization || null })}
          />
        </>
      ) : (
        <div>
          <strong>
            <bdi>{one.name}</bdi>
          </strong>
          {one.specialization && <small dir="auto">{one.specialization}</small>}
        </div>
      )}
      <span className={css.lineEnd}>
        <span className={css.state} data-state={one.isActive ? 'connected' : 'off'}>
          {t(one.isActive ? 'staff.active' : 'staff.inactive')}
        </span>
        {may &&
          button(
            t(one.isActive ? 'staff.deactivate' : 'staff.activate'),
            () => change.mutate({ isActive: !one.isActive }),
            change.isPending && change.variables.isActive !== undefined,
          )}
        {may && button(t('staff.remove'), () => setAsking(true), remove.isPending)}
      </span>
      <Confirm
        opened={asking}
        title={t('staff.remove')}
        text={t('staff.removeConfirm', { name: one.name })}
        action={t('staff.remove')}
        onConfirm={() => remove.mutate()}
        onClose={() => setAsking(false)}
      />
    </li>
  )
}
