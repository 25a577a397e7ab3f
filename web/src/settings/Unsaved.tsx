/** Asks before a page with unsaved changes is left: within the console, and where the tab is closed. */
import { Button, Modal } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { createContext, type ReactNode, useCallback, useContext, useEffect, useId, useState } from 'react'
import { useText } from '../app/text.tsx'
import css from './settings.module.css'

export function Unsaved({ when }: { when: boolean }) {
  const { t } = useText()
  const blocked = useBlocker({ shouldBlockFn: () => when, enableBeforeUnload: when, withResolver: true })
  const stay = () => blocked.reset?.()
  return (
    <Modal
      opened={blocked.status === 'blocked'}
      onClose={stay}
      title={t('unsaved.title')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <p className={css.confirmText}>{t('unsaved.text')}</p>
      <div className={css.modalBar}>
        <Button variant="default" onClick={() => blocked.proceed?.()}>
          {t('unsaved.leave')}
        </Button>
        <Button data-autofocus onClick={stay}>
          {t('unsaved.stay')}
        </Button>
      </div>
    </Modal>
  )
}

const Tell = createContext<(form: string, unsaved: boolean) => void>(() => {})

/** Around a page with forms of their own: it is asked once, whichever of them has changes. */
export function UnsavedForms({ children }: { children: ReactNode }) {
  const [unsaved, setUnsaved] = useState<ReadonlySet<string>>(new Set())
  const tell = useCallback((form: string, has: boolean) => {
    setUnsaved((before) => {
      if (before.has(form) === has) return before
      const next = new Set(before)
      if (has) next.add(form)
      else next.delete(form)
      return next
    })
  }, [])
  return (
    <Tell value={tell}>
      <Unsaved when={unsaved.size > 0} />
      {children}
    </Tell>
  )
}

/** What is on a form. It counts as changed against what was there when it opened, or was saved last: not against a colleague's change. */
export function useForm<F extends object>(first: F) {
  const [saved, setSaved] = useState(first)
  const [form, setForm] = useState(first)
  const tell = useContext(Tell)
  const id = useId()
  const changed = JSON.stringify(form) !== JSON.stringify(saved)
  useEffect(() => {
    tell(id, changed)
    return () => tell(id, false)
  }, [tell, id, changed])
  return {
    form,
    set: (patch: Partial<F>) => setForm((before) => ({ ...before, ...patch })),
    /** It was saved, as this. */
    settle(next: F) {
      setSaved(next)
      setForm(next)
    },
  }
}
