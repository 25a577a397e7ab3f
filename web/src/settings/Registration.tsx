/** Where a number stands with the carriers of the United States: while they have not approved it, no texts go there. */
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Account, PatchAccount } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { Card, useChange } from './parts.tsx'

type State = Account['registration']['state']
const STATES: State[] = ['not_needed', 'pending', 'approved', 'rejected']

export function Registration({ account }: { account: Account }) {
  const { api, queries } = useConsole()
  const { t } = useText()
  const [state, setState] = useState(account.registration.state)
  const [text, setText] = useState(account.registration.text ?? '')
  const save = useChange({
    run: (patch: PatchAccount) => api.accounts.update(account.id, patch),
    done: t('registration.saved'),
    after: () => void queries.invalidateQueries({ queryKey: keys.accounts }),
  })
  return (
    <Card
      title={t('registration.title')}
      text={t('registration.text')}
      testId="registration"
      onSubmit={() => save.mutate({ registration: state, registrationText: text.trim() || null })}
    >
      <NativeSelect
        size="xs"
        label={t('registration.state')}
        data={STATES.map((value) => ({ value, label: t(`registration.${value}`) }))}
        value={state}
        onChange={(event) => setState(STATES.find((one) => one === event.currentTarget.value) ?? state)}
      />
      <TextInput
        size="xs"
        dir="auto"
        label={t('registration.reason')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        maxLength={1000}
      />
      <div>
        <Button type="submit" variant="default" size="xs" loading={save.isPending}>
          {t('app.save')}
        </Button>
      </div>
    </Card>
  )
}
