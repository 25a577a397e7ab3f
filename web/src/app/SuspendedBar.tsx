import IconLock from '@tabler/icons-react/dist/esm/icons/IconLock.mjs'
import { useSignedIn } from './signedIn.ts'
import { useText } from './text.tsx'
import css from './workspace.module.css'

/** A suspended business may be looked at, and nothing else. */
export function SuspendedBar() {
  const { session } = useSignedIn()
  const { t } = useText()
  if (!session.tenant?.suspended) return null
  return (
    <div className={css.offline} role="status" data-testid="suspended-bar">
      <IconLock size={14} aria-hidden />
      <span>{t('app.suspended', { name: session.tenant.name })}</span>
    </div>
  )
}
