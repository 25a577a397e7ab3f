import { Button } from '@mantine/core'
import { useState } from 'react'
import { ParleyError } from '../../../client/index.ts'
import { useBoot } from '../app/boot.ts'
import { keys } from '../app/cache.ts'
import { useText } from '../app/text.tsx'
import { PasswordField } from '../door/fields.tsx'
import { passwordRefusal } from '../door/words.ts'
import { Card, useChange } from './parts.tsx'
import css from './settings.module.css'

export function Password() {
  const { api, queries } = useBoot()
  const { t } = useText()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const save = useChange({
    run: () => api.me.password({ current, next }),
    done: t('security.password.done'),
    quiet: true,
    after: () => {
      setCurrent('')
      setNext('')
      void queries.invalidateQueries({ queryKey: keys.sessions })
    },
  })
  return (
    <Card title={t('security.password')} text={t('security.password.text')} onSubmit={save.mutate} testId="password-form">
      <div className={css.pair}>
        <PasswordField label={t('security.password.current')} value={current} onChange={setCurrent} />
        <PasswordField label={t('password.new')} value={next} onChange={setNext} fresh />
      </div>
      {save.isError && (
        <p className={css.error} role="alert">
          {save.error instanceof ParleyError ? passwordRefusal(save.error, t) : t('error.server')}
        </p>
      )}
      <div className={css.formBar}>
        <Button type="submit" loading={save.isPending}>
          {t('security.password.save')}
        </Button>
      </div>
    </Card>
  )
}
