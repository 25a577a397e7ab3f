/** Who has new conversations of an account. */
import { Button, NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Account } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { Card, useChange } from './parts.tsx'

type Answerer = 'human' | 'assistant' | 'genesys'
const ANSWERERS: Answerer[] = ['human', 'assistant', 'genesys']

export function WhoAnswers({ account }: { account: Account }) {
  const { api, queries } = useConsole()
  const { t } = useText()
  const centre = useQuery({ queryKey: keys.contactCentre, queryFn: ({ signal }) => api.contactCentre.get({ signal }) })
  const present = ANSWERERS.find((one) => one === account.answerer) ?? 'human'
  const [chosen, setChosen] = useState<Answerer>(present)
  const save = useChange({
    run: (answerer: Answerer) => api.contactCentre.answer(account.id, answerer),
    done: t('answerer.saved'),
    after: () => void queries.invalidateQueries({ queryKey: keys.accounts }),
  })
  const offered = ANSWERERS.filter((one) => one !== 'genesys' || one === present || centre.data?.configured)
  return (
    <Card title={t('answerer.title')} text={t('answerer.text')} testId="who-answers" onSubmit={() => save.mutate(chosen)}>
      <NativeSelect
        size="xs"
        label={t('answerer.label')}
        data={offered.map((value) => ({ value, label: t(`answerer.${value}`) }))}
        value={chosen}
        onChange={(event) => setChosen(ANSWERERS.find((one) => one === event.currentTarget.value) ?? chosen)}
      />
      <div>
        <Button type="submit" variant="default" size="xs" disabled={chosen === present} loading={save.isPending}>
          {t('app.save')}
        </Button>
      </div>
    </Card>
  )
}
