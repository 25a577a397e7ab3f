import IconPhoneCall from '@tabler/icons-react/dist/esm/icons/IconPhoneCall.mjs'
import IconPhoneCheck from '@tabler/icons-react/dist/esm/icons/IconPhoneCheck.mjs'
import IconPhoneX from '@tabler/icons-react/dist/esm/icons/IconPhoneX.mjs'
import { Link } from '@tanstack/react-router'
import type { Call } from '../../../client/index.ts'
import { useNow } from '../app/now.ts'
import { useText } from '../app/text.tsx'
import { listTime } from '../text/time.ts'
import css from './calls.module.css'
import { callerOf, outcomeOf } from './words.ts'

const icons = {
  missed: IconPhoneX,
  failed: IconPhoneX,
  completed: IconPhoneCheck,
  ringing: IconPhoneCall,
  'in-progress': IconPhoneCall,
}

export function CallRow({ one, selected, show }: { one: Call; selected: boolean; show?: 'missed' | 'completed' }) {
  const { t, clock } = useText()
  const now = useNow()
  const Icon = icons[one.status]
  return (
    <Link
      to="/calls/$callId"
      params={{ callId: one.id }}
      search={show ? { show } : {}}
      className={css.row}
      data-selected={selected || undefined}
      data-call={one.status}
    >
      <Icon size={20} stroke={1.7} aria-hidden />
      <span className={css.who}>
        <bdi>{callerOf(one, t)}</bdi>
        <small>{outcomeOf(one, t)}</small>
      </span>
      <small>{listTime(clock, one.startTime, now) || t('time.now')}</small>
    </Link>
  )
}
