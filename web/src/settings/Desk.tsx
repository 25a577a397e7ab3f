/** The page beside a conversation in an agent desktop: on whose pages it may stand, its links, and their end. */
import { Button, NativeSelect, Skeleton, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Business } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { isOrigin, withConversation } from '../rules/desk.ts'
import { Card, Confirm, CopyLine, Head, Once, Toggle, useChange } from './parts.tsx'
import css from './settings.module.css'
import { useSaveBusiness } from './useSaveBusiness.ts'

export function Desk() {
  const { api } = useConsole()
  const { t } = useText()
  const business = useQuery({ queryKey: keys.business, queryFn: ({ signal }) => api.business.get({ signal }) })
  return (
    <>
      <Head title={t('settings.desk')} lead={t('desk.text')} />
      {business.isPending && <Skeleton height={420} radius={12} />}
      {business.isError && (
        <Failed text={t('context.failed')} reason={reasonOf(business.error, t)} onRetry={() => void business.refetch()} />
      )}
      {business.data && <Origins business={business.data} />}
      <Link />
      <Key />
    </>
  )
}

function Origins({ business }: { business: Business }) {
  const { t } = useText()
  const stored = Array.isArray(business.settings.widgetOrigins) ? business.settings.widgetOrigins : []
  const [text, setText] = useState(stored.join('\n'))
  const save = useSaveBusiness()
  const given = text.split(/\s+/).filter(Boolean)
  const wrong = given.filter((one) => !isOrigin(one))
  return (
    <Card
      title={t('desk.origins')}
      text={t('desk.origins.text')}
      onSubmit={() => wrong.length === 0 && save.mutate({ settings: { widgetOrigins: given.length > 0 ? given : null } })}
      testId="desk-origins"
    >
      <Textarea
        label={t('desk.origins.label')}
        placeholder="https://desk.example.com"
        dir="ltr"
        autosize
        minRows={2}
        value={text}
        error={wrong.length > 0 ? t('desk.origins.wrong', { list: wrong.join(', ') }) : undefined}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <div className={css.formBar}>
        <Button type="submit" disabled={wrong.length > 0} loading={save.isPending}>
          {t('app.save')}
        </Button>
      </div>
    </Card>
  )
}

const lives = [1, 30, 90, 365] as const

function Link() {
  const { api } = useConsole()
  const { t } = useText()
  const [maySend, setMaySend] = useState(false)
  const [days, setDays] = useState('90')
  const make = useChange({
    run: () => api.widget.link({ desk: true, maySend, seconds: Number(days) * 86_400 }),
  })
  return (
    <Card title={t('desk.link')} text={t('desk.link.text')} onSubmit={() => make.mutate()} testId="desk-link">
      <Toggle label={t('desk.send')} checked={maySend} onChange={setMaySend} />
      <NativeSelect
        label={t('desk.life')}
        maw={240}
        value={days}
        onChange={(event) => setDays(event.currentTarget.value)}
        data={lives.map((n) => ({ value: String(n), label: t('desk.days', { n }) }))}
      />
      <div className={css.formBar}>
        <Button type="submit" loading={make.isPending}>
          {t('desk.make')}
        </Button>
      </div>
      {make.data && (
        <>
          <Once text={t('desk.once')} value={make.data.url} testId="desk-url" />
          <CopyLine label={t('desk.genesys')} value={withConversation(make.data.url, '{{gcConversationId}}')} />
        </>
      )}
    </Card>
  )
}

function Key() {
  const { api } = useConsole()
  const { t } = useText()
  const [asking, setAsking] = useState(false)
  const make = useChange({ run: () => api.widget.newKey() })
  return (
    <Card title={t('desk.key')} text={t('desk.key.text')} testId="desk-key">
      <Button color="red" variant="light" loading={make.isPending} onClick={() => setAsking(true)}>
        {t('desk.key.make')}
      </Button>
      {make.data && <Once text={t('desk.key.once')} value={make.data.key} />}
      <Confirm
        opened={asking}
        title={t('desk.key')}
        text={t('desk.key.confirm')}
        action={t('desk.key.make')}
        onConfirm={() => make.mutate()}
        onClose={() => setAsking(false)}
      />
    </Card>
  )
}
