/** The mark of delivery, as the customer's phone would show it. */
import { Tooltip } from '@mantine/core'
import IconAlertCircle from '@tabler/icons-react/dist/esm/icons/IconAlertCircle.mjs'
import IconCheck from '@tabler/icons-react/dist/esm/icons/IconCheck.mjs'
import IconChecks from '@tabler/icons-react/dist/esm/icons/IconChecks.mjs'
import IconClock from '@tabler/icons-react/dist/esm/icons/IconClock.mjs'
import IconClockPlay from '@tabler/icons-react/dist/esm/icons/IconClockPlay.mjs'
import IconHelpCircle from '@tabler/icons-react/dist/esm/icons/IconHelpCircle.mjs'
import type { Message } from '../../../../client/index.ts'
import { useText } from '../../app/text.tsx'
import { type DeliveryMark, deliveryMark } from '../../rules/deliveryMark.ts'
import { fullTime } from '../../text/time.ts'
import css from './bubble.module.css'

const icons = {
  queued: IconClock,
  sending: IconClockPlay,
  sent: IconCheck,
  delivered: IconChecks,
  read: IconChecks,
  failed: IconAlertCircle,
  unknown: IconHelpCircle,
} as const satisfies Record<DeliveryMark, unknown>

export function Mark({ message }: { message: Message }) {
  const { t, clock } = useText()
  const mark = deliveryMark(message)
  if (!mark) return null
  const Icon = icons[mark]
  const at = { sent: message.sentAt, delivered: message.deliveredAt, read: message.readAt, failed: message.failedAt }
  const when = mark in at ? at[mark as keyof typeof at] : null
  const next =
    mark === 'queued' && message.nextAttemptAt ? t('mark.nextTry', { time: fullTime(clock, message.nextAttemptAt) }) : null
  const label = [t(`mark.${mark}`), when && fullTime(clock, when), next].filter(Boolean).join(' · ')
  return (
    <Tooltip label={label}>
      <span className={css.mark} data-mark={mark} role="img" aria-label={label}>
        <Icon size={15} stroke={2} aria-hidden />
      </span>
    </Tooltip>
  )
}
