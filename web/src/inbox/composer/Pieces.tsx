/** As how many pieces what is being written would be sent: SMS is charged by them. Not for an empty draft: each begins anew. */
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useConsole } from '../../app/context.ts'
import { useText } from '../../app/text.tsx'
import css from './composer.module.css'

/** Between two questions while somebody types. Milliseconds. */
const pauseMs = 250

export function Pieces({ accountId, text }: { accountId: string; text: string }) {
  const { api } = useConsole()
  const { t } = useText()
  const [asked] = useDebouncedValue(text.trim(), pauseMs)
  const counted = useQuery({
    queryKey: ['segments', accountId, asked],
    queryFn: ({ signal }) => api.accounts.segments(accountId, asked, { signal }),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (!counted.data) return null
  const { segments, left, encoding } = counted.data
  return (
    <span
      className={css.pieces}
      data-testid="pieces"
      title={t(encoding === 'UCS-2' ? 'composer.pieces.unicode' : 'composer.pieces.plain')}
    >
      {t('composer.pieces', { n: segments, left })}
    </span>
  )
}
