import { useNavigate } from '@tanstack/react-router'
import { useBoot } from './boot.ts'
import { reasonOf } from './reason.ts'
import { useSignedIn } from './signedIn.ts'
import { useText } from './text.tsx'
import { toast } from './toasts.tsx'

/** Looks at another business of this person. What was open belongs to the one before. */
export function useSwitch(): (tenantId: string) => void {
  const { api } = useBoot()
  const { session, enter } = useSignedIn()
  const { t } = useText()
  const navigate = useNavigate()
  return (tenantId) => {
    if (tenantId === session.tenant?.id) return
    api.session.switchTo(tenantId).then(
      async (next) => {
        await navigate({ to: '/inbox', search: {} })
        enter(next)
      },
      (error: unknown) => toast({ text: t('thread.actionFailed', { reason: reasonOf(error, t) }), tone: 'bad' }),
    )
  }
}
