import { Button, NativeSelect, useMantineColorScheme } from '@mantine/core'
import { useConsole } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { Face } from '../inbox/Face.tsx'
import { isLanguage, languages } from '../text/languages.ts'
import css from './settings.module.css'

const looks = ['auto', 'light', 'dark'] as const

export function Profile() {
  const { session, signOut } = useConsole()
  const { t, language, setLanguage } = useText()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  return (
    <>
      <h2>{t('settings.profile')}</h2>
      <section className={css.card}>
        <header className={css.cardHead}>
          <Face id={session.user.id} name={session.user.name} size={44} />
          <div>
            <h3>
              <bdi>{session.user.name}</bdi>
            </h3>
            <small>
              {session.user.email} · {t(`role.${session.role}`)} · {t('settings.workspace')} <bdi>{session.tenant.name}</bdi>
            </small>
          </div>
          <Button size="xs" variant="default" onClick={signOut}>
            {t('nav.signOut')}
          </Button>
        </header>
      </section>
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
    </>
  )
}
