import { Button, NativeSelect, Skeleton, TextInput, useMantineColorScheme } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Me, Preferences } from '../../../client/index.ts'
import { useBoot } from '../app/boot.ts'
import { keys } from '../app/cache.ts'
import { useLeave } from '../app/leave.ts'
import { reasonOf } from '../app/reason.ts'
import { useSignedIn } from '../app/signedIn.ts'
import { Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { Face } from '../inbox/Face.tsx'
import { useMe } from '../people/presence.ts'
import { isLanguage, languages } from '../text/languages.ts'
import { OwnDelay } from './OwnDelay.tsx'
import { PushHere } from './PushHere.tsx'
import { Card, Head, Toggle, useChange } from './parts.tsx'
import css from './settings.module.css'
import { OwnUnsent } from './Unsent.tsx'

const looks = ['auto', 'light', 'dark'] as const

export function Profile() {
  const { session } = useSignedIn()
  const { t } = useText()
  const { signOut } = useLeave()
  const me = useMe()
  const role = session.role ? t(`role.${session.role}`) : t('role.operator')
  return (
    <>
      <Head title={t('settings.profile')} />
      <section className={css.card}>
        <header className={css.cardHead}>
          <Face id={session.user.id} name={session.user.name} size={44} />
          <div>
            <h3>
              <bdi>{session.user.name}</bdi>
            </h3>
            <small>
              {session.user.email} · {role}
              {session.tenant && (
                <>
                  {' '}
                  · {t('settings.workspace')} <bdi>{session.tenant.name}</bdi>
                </>
              )}
            </small>
          </div>
          <Button size="xs" variant="default" onClick={signOut}>
            {t('nav.signOut')}
          </Button>
        </header>
      </section>
      {me.isPending && <Skeleton height={300} radius={12} />}
      {me.isError && <Failed text={t('context.failed')} reason={reasonOf(me.error, t)} onRetry={() => void me.refetch()} />}
      {me.data?.profile && <Person key={session.user.id} me={me.data} profile={me.data.profile} />}
      {me.data && session.tenant && <Notices preferences={me.data.preferences} />}
      {session.tenant && <OwnUnsent />}
      <Appearance />
    </>
  )
}

function Person({ me, profile }: { me: Me; profile: NonNullable<Me['profile']> }) {
  const { api, queries } = useBoot()
  const { t } = useText()
  const [firstName, setFirstName] = useState(profile.firstName ?? '')
  const [lastName, setLastName] = useState(profile.lastName ?? '')
  const [phone, setPhone] = useState(profile.phoneNumber ?? '')
  const [email, setEmail] = useState(profile.email ?? '')
  const save = useChange({
    run: () =>
      api.me.update({
        firstName: firstName.trim(),
        lastName: lastName.trim(),
        phoneNumber: phone.trim() || null,
        contactEmail: email.trim() || null,
      }),
    done: t('app.saved'),
    after: () => {
      void queries.invalidateQueries({ queryKey: keys.me })
      void queries.invalidateQueries({ queryKey: keys.session })
      void queries.invalidateQueries({ queryKey: keys.members })
    },
  })
  return (
    <Card title={t('profile.you')} text={t('profile.you.text')} onSubmit={save.mutate} testId="profile-form">
      <div className={css.pair}>
        <TextInput
          label={t('person.firstName')}
          required
          withAsterisk={false}
          maxLength={100}
          autoComplete="given-name"
          value={firstName}
          onChange={(event) => setFirstName(event.currentTarget.value)}
        />
        <TextInput
          label={t('person.lastName')}
          maxLength={100}
          autoComplete="family-name"
          value={lastName}
          onChange={(event) => setLastName(event.currentTarget.value)}
        />
      </div>
      <div className={css.pair}>
        <TextInput
          label={t('profile.phone')}
          type="tel"
          dir="ltr"
          maxLength={20}
          autoComplete="tel"
          value={phone}
          onChange={(event) => setPhone(event.currentTarget.value)}
        />
        <TextInput
          label={t('profile.contactEmail')}
          description={t('profile.contactEmail.help', { email: me.user.email })}
          type="email"
          dir="ltr"
          autoComplete="email"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
      </div>
      <div className={css.formBar}>
        <Button type="submit" loading={save.isPending}>
          {t('app.save')}
        </Button>
      </div>
    </Card>
  )
}

const notices = ['notificationEmail', 'notificationSms', 'notificationPush'] as const

function Notices({ preferences }: { preferences: Preferences }) {
  const { api } = useBoot()
  const { t } = useText()
  const queries = useQueryClient()
  const show = (patch: Partial<Preferences>) =>
    queries.setQueryData<Me>(keys.me, (before) => before && { ...before, preferences: { ...before.preferences, ...patch } })
  const save = useChange({
    run: (patch: Partial<Preferences>) => api.me.preferences(patch),
    after: (_answer, patch) => show(patch),
  })
  const change = (patch: Partial<Preferences>) => {
    show(patch)
    save.mutate(patch, { onError: () => void queries.invalidateQueries({ queryKey: keys.me }) })
  }
  return (
    <Card title={t('profile.notices')} text={t('profile.notices.text')}>
      {notices.map((one) => (
        <Toggle key={one} label={t(`profile.${one}`)} checked={preferences[one]} onChange={(on) => change({ [one]: on })} />
      ))}
      {preferences.notificationPush && <PushHere />}
      <OwnDelay delay={preferences.aiTakeoverDelay} onChange={(aiTakeoverDelay) => change({ aiTakeoverDelay })} />
    </Card>
  )
}

function Appearance() {
  const { t, language, setLanguage } = useText()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  return (
    <section className={`${css.card} ${css.padded}`}>
      <fieldset className={css.looks}>
        <legend>{t('settings.look')}</legend>
        {looks.map((one) => (
          <label key={one}>
            <input type="radio" name="look" checked={colorScheme === one} onChange={() => setColorScheme(one)} />
            {t(`settings.look.${one}`)}
          </label>
        ))}
      </fieldset>
      <NativeSelect
        size="xs"
        maw={240}
        label={t('settings.language')}
        value={language}
        onChange={(event) => {
          const next = event.currentTarget.value
          if (isLanguage(next)) setLanguage(next)
        }}
        data={Object.entries(languages).map(([value, label]) => ({ value, label }))}
      />
      <small className={css.lead}>{t('settings.zone', { zone })}</small>
    </section>
  )
}
