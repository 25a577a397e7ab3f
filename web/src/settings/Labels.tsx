import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Label } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { mayManage, useConsole } from '../app/context.ts'
import { Empty } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { Chip } from '../labels/Chips.tsx'
import { useLabels } from '../labels/useLabels.ts'
import { Card, Confirm, Head, useChange } from './parts.tsx'
import css from './settings.module.css'
import { Written } from './Written.tsx'

const colours = [
  'grey',
  'red',
  'orange',
  'yellow',
  'green',
  'teal',
  'blue',
  'purple',
  'pink',
] as const satisfies Label['colour'][]
const longest = 50

export function Labels() {
  const { session } = useConsole()
  const { t } = useText()
  const labels = useLabels()
  const may = mayManage(session)
  return (
    <>
      <Head title={t('settings.labels')} lead={t('labels.text')} />
      {may && <NewLabel />}
      <section className={css.card} aria-label={t('settings.labels')} data-testid="labels">
        <ul className={css.lines}>
          {labels.map((one) => (
            <Line key={`${one.id}${one.name}${one.colour}`} label={one} may={may} />
          ))}
        </ul>
        {labels.length === 0 && <Empty title={t('labels.none')} text={t('labels.none.text')} />}
      </section>
    </>
  )
}

function useColours() {
  const { t } = useText()
  return colours.map((value) => ({ value, label: t(`labels.colour.${value}`) }))
}

function NewLabel() {
  const { api, queries } = useConsole()
  const { t } = useText()
  const [name, setName] = useState('')
  const [colour, setColour] = useState<Label['colour']>('teal')
  const make = useChange({
    run: () => api.labels.create({ name: name.trim(), colour }),
    after: () => {
      setName('')
      void queries.invalidateQueries({ queryKey: keys.labels })
    },
  })
  return (
    <Card title={t('labels.new')} onSubmit={make.mutate} testId="label-form">
      <div className={css.inline}>
        <TextInput
          label={t('labels.name')}
          dir="auto"
          required
          withAsterisk={false}
          maxLength={longest}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <NativeSelect
          label={t('labels.colour')}
          value={colour}
          onChange={(event) => setColour(colours.find((one) => one === event.currentTarget.value) ?? 'grey')}
          data={useColours()}
        />
        <Button type="submit" loading={make.isPending}>
          {t('labels.create')}
        </Button>
      </div>
    </Card>
  )
}

function Line({ label, may }: { label: Label; may: boolean }) {
  const { api, queries } = useConsole()
  const { t } = useText()
  const [asking, setAsking] = useState(false)
  const after = () => void queries.invalidateQueries({ queryKey: keys.labels })
  const change = useChange({
    run: (patch: { name?: string; colour?: Label['colour'] }) => api.labels.update(label.id, patch),
    done: t('app.saved'),
    after,
  })
  const remove = useChange({ run: () => api.labels.remove(label.id), done: t('labels.deleted', { name: label.name }), after })
  const palette = useColours()
  return (
    <li className={css.line} data-testid="label-line">
      <div>
        <Chip label={label} />
      </div>
      {may && (
        <span className={css.lineEnd}>
          <Written
            label={t('labels.name')}
            of={label.name}
            value={label.name}
            maxLength={longest}
            required
            onKeep={(name) => change.mutate({ name })}
          />
          <NativeSelect
            size="xs"
            aria-label={`${t('labels.colour')}: ${label.name}`}
            value={label.colour}
            onChange={(event) => change.mutate({ colour: colours.find((one) => one === event.currentTarget.value) })}
            data={palette}
          />
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`${t('labels.delete')}: ${label.name}`}
            onClick={() => setAsking(true)}
          >
            {t('labels.delete')}
          </Button>
        </span>
      )}
      <Confirm
        opened={asking}
        title={t('labels.delete')}
        text={t('labels.deleteConfirm', { name: label.name })}
        action={t('labels.delete')}
        onConfirm={() => remove.mutate()}
        onClose={() => setAsking(false)}
      />
    </li>
  )
}
