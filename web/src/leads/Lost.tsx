import { Button, Modal, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { Lead } from '../../../client/index.ts'
import { useText } from '../app/text.tsx'
import { leadName } from './parts.tsx'

/** Why it was lost: without a reason it is not. */
export function Lost(props: { lead: Lead | null; onLost: (lead: Lead, reason: string) => void; onClose: () => void }) {
  const { t } = useText()
  return (
    <Modal
      opened={props.lead !== null}
      onClose={props.onClose}
      title={t('leads.lost.title')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {props.lead && <Reason key={props.lead.id} {...props} lead={props.lead} />}
    </Modal>
  )
}

function Reason({ lead, onLost, onClose }: { lead: Lead; onLost: (lead: Lead, reason: string) => void; onClose: () => void }) {
  const { t } = useText()
  const [reason, setReason] = useState(lead.lostReason ?? '')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (reason.trim()) onLost(lead, reason.trim())
  }
  return (
    <form onSubmit={submit}>
      <TextInput
        label={t('leads.lost.reason', { name: leadName(lead, t) })}
        dir="auto"
        required
        data-autofocus
        maxLength={1000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Button mt={12} mr={8} type="submit" disabled={!reason.trim()}>
        {t('leads.lost.do')}
      </Button>
      <Button mt={12} variant="default" onClick={onClose}>
        {t('app.cancel')}
      </Button>
    </form>
  )
}
