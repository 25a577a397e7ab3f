/** Time left in which free text may be sent, as a thin ring; amber under two hours. */
import { Tooltip } from '@mantine/core'
import type { Conversation } from '../../../client/index.ts'
import { useNow } from '../app/now.ts'
import { useText } from '../app/text.tsx'
import { replyWindow } from '../rules/replyWindow.ts'
import { clockTime, duration } from '../text/time.ts'
import css from './windowRing.module.css'

export function WindowRing({ conversation, size = 16 }: { conversation: Conversation; size?: number }) {
  const now = useNow()
  const { t, clock } = useText()
  const left = replyWindow(conversation, now)
  if (left.state === 'free' || conversation.status !== 'open') return null
  const label =
    left.state === 'closed'
      ? t('window.closed')
      : t('window.left', { time: clockTime(clock, conversation.windowExpiresAt ?? ''), left: duration(clock, left.leftMs) })
  const radius = size / 2 - 1.5
  const round = 2 * Math.PI * radius
  const share = left.state === 'closed' ? 0 : left.share
  return (
    <Tooltip label={label}>
      <svg className={css.ring} data-state={left.state} width={size} height={size} role="img" aria-label={label}>
        <circle className={css.track} cx={size / 2} cy={size / 2} r={radius} />
        {share > 0 && (
          <circle
            className={css.left}
            cx={size / 2}
            cy={size / 2}
            r={radius}
            strokeDasharray={`${round * share} ${round}`}
            transform={`rotate(-90 ${size / 2} ${size / 2})`}
          />
        )}
      </svg>
    </Tooltip>
  )
}
