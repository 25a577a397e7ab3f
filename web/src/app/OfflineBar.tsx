import IconWifiOff from '@tabler/icons-react/dist/esm/icons/IconWifiOff.mjs'
import { useEffect, useState } from 'react'
import { useConsole } from './context.ts'
import { useStore } from './store.ts'
import { useText } from './text.tsx'
import css from './workspace.module.css'

/** A connection that is back within this is not worth a word. */
const PATIENCE_MS = 1500

export function OfflineBar() {
  const { live } = useConsole()
  const { t } = useText()
  const away = useStore(live.state) === 'reconnecting'
  const [shown, setShown] = useState(false)
  useEffect(() => {
    if (!away) {
      setShown(false)
      return
    }
    const timer = setTimeout(() => setShown(true), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [away])
  if (!shown) return null
  return (
    <div className={css.offline} role="status" data-testid="offline-bar">
      <IconWifiOff size={14} aria-hidden />
      {t('app.offline')}
    </div>
  )
}
