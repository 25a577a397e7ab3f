/** How long the assistant waits for this person: a time of their own, or as the business says. */
import { NumberInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useBoot } from '../app/boot.ts'
import { keys } from '../app/cache.ts'
import { useText } from '../app/text.tsx'
import { Toggle } from './parts.tsx'

/** As it is where the business says nothing. Seconds. */
const usual = 60

export function OwnDelay({ delay, onChange }: { delay: number | null; onChange: (seconds: number | null) => void }) {
  const { api } = useBoot()
  const { t } = useText()
  const business = useQuery({ queryKey: keys.business, queryFn: ({ signal }) => api.business.get({ signal }) })
  const theirs = business.data?.aiTakeoverDelay ?? usual
  const [own, setOwn] = useState(delay !== null)
  const [typed, setTyped] = useState<number | string>(delay ?? theirs)
  return (
    <>
      <Toggle
        label={t('profile.delay.own')}
        help={t('profile.delay.business', { n: theirs })}
        checked={own}
        onChange={(on) => {
          setOwn(on)
          setTyped(theirs)
          onChange(on ? theirs : null)
        }}
      />
      {own && (
        <NumberInput
          aria-label={t('profile.delay.own')}
          description={t('profile.delay.help')}
          maw={320}
          min={0}
          max={3600}
          allowDecimal={false}
          clampBehavior="strict"
          value={typed}
          onChange={setTyped}
          onBlur={() => {
            if (typed !== '' && Number(typed) !== delay) onChange(Number(typed))
          }}
        />
      )}
    </>
  )
}
