/** The frame of a number's way onto the server, whatever the provider: what opens it, what to enter there, then the check. */
import { Button } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import type { CreatedAccount } from '../../../client/index.ts'
import { useText } from '../app/text.tsx'
import { Head } from './parts.tsx'
import { Steps } from './Steps.tsx'

export interface ConnectProps {
  onClose: () => void
  /** To the check of this account. */
  onConnected: (accountId: string) => void
}

interface Props extends Pick<ConnectProps, 'onClose'> {
  title: string
  lead: string
  form: (onMade: (made: CreatedAccount) => void) => ReactNode
  webhook: (made: CreatedAccount) => ReactNode
}

export function Connecting({ title, lead, onClose, form, webhook }: Props) {
  const { t } = useText()
  const [made, setMade] = useState<CreatedAccount | null>(null)
  return (
    <>
      <Head title={title} lead={lead}>
        <Button size="xs" variant="default" onClick={onClose}>
          {t('app.cancel')}
        </Button>
      </Head>
      <Steps at={made ? 1 : 0} names={[t('connect.step.number'), t('connect.step.webhook'), t('connect.step.check')]} />
      {made ? webhook(made) : form(setMade)}
    </>
  )
}
