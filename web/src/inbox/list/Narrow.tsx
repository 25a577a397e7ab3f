/** Narrows the list beside its tabs: a label, a number, an owner. */
import { NativeSelect } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import type { InboxSearch, Tab } from '../../app/search.ts'
import { useText } from '../../app/text.tsx'
import { useLabels } from '../../labels/useLabels.ts'
import { useMembers } from '../../people/presence.ts'
import { useAccounts } from '../composer/useAccount.ts'
import css from './list.module.css'

type Part = 'label' | 'over' | 'owner'
export const isNarrowed = (search: InboxSearch): boolean => Boolean(search.label ?? search.over ?? search.owner)

export function Narrow({ search, tab }: { search: InboxSearch; tab: Tab }) {
  const { t } = useText()
  const labels = useLabels()
  const accounts = useAccounts().data?.items ?? []
  const members = useMembers().data?.items ?? []
  return (
    <div className={css.narrow} data-testid="narrow">
      <Choice part="label" chosen={search.label} name={t('narrow.label')} any={t('narrow.label.any')} of={labels} />
      <Choice part="over" chosen={search.over} name={t('search.over')} any={t('search.over.all')} of={accounts} />
      {tab !== 'mine' && tab !== 'unassigned' && (
        <Choice part="owner" chosen={search.owner} name={t('narrow.owner')} any={t('narrow.owner.any')} of={members} />
      )}
    </div>
  )
}

interface ChoiceProps {
  part: Part
  chosen: string | undefined
  name: string
  any: string
  of: { id: string; name: string }[]
}
function Choice({ part, chosen, name, any, of }: ChoiceProps) {
  const navigate = useNavigate()
  return (
    <NativeSelect
      size="xs"
      aria-label={name}
      value={chosen ?? ''}
      data={[{ value: '', label: any }, ...of.map((one) => ({ value: one.id, label: one.name }))]}
      onChange={(event) => {
        const id = event.currentTarget.value
        void navigate({
          to: '.',
          search: (before) => ({ ...before, message: undefined, [part]: id || undefined }),
          replace: true,
        })
      }}
    />
  )
}
