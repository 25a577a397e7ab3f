import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useText } from './text.tsx'
import css from './trouble.module.css'

export function NotFound() {
  const { t } = useText()
  return (
    <div className={css.box}>
      <p>{t('app.notFound')}</p>
      <Button component={Link} to="/inbox" variant="default">
        {t('app.toInbox')}
      </Button>
    </div>
  )
}

export function Crash({ reset }: { error: unknown; reset: () => void }) {
  const { t } = useText()
  return (
    <div className={css.box} role="alert">
      <p>{t('app.crash')}</p>
      <Button variant="default" onClick={reset}>
        {t('app.retry')}
      </Button>
    </div>
  )
}

/** A part that could not be loaded: what happened, and the way on. */
export function Failed({ text, reason, onRetry }: { text: string; reason?: string; onRetry: () => void }) {
  const { t } = useText()
  return (
    <div className={css.box} role="alert">
      <p className={css.strong}>{text}</p>
      {reason && <p>{reason}</p>}
      <Button variant="default" size="xs" onClick={onRetry}>
        {t('app.retry')}
      </Button>
    </div>
  )
}

export function Empty({ title, text }: { title: string; text?: string }) {
  return (
    <div className={css.box}>
      <p className={css.strong}>{title}</p>
      {text && <p>{text}</p>}
    </div>
  )
}
