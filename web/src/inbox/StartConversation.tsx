/** A conversation that we begin: from which account, to whom, with which template. */
import { Modal, NativeSelect, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import type { StartMessage, Template } from '../../../client/index.ts'
import { useConsole } from '../app/context.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { type PlaceValues, parametersOf } from '../rules/templatePreview.ts'
import { TemplatePicker } from './composer/TemplatePicker.tsx'
import { useAccounts } from './composer/useAccount.ts'
import { phoneOf } from './phone.ts'
import css from './start.module.css'

/** With a contact, the number is known already. */
export function StartConversation({ contact, onClose }: { contact?: { id: string; name: string }; onClose: () => void }) {
  const { api } = useConsole()
  const { t } = useText()
  const navigate = useNavigate()
  const accounts = useAccounts().data?.items.filter((one) => one.capabilities.templates && one.state !== 'logged_out')
  const [accountId, setAccountId] = useState<string | null>(null)
  const [typed, setTyped] = useState('')
  const account = accounts?.find((one) => one.id === accountId) ?? accounts?.[0]
  const phone = phoneOf(typed)
  // One key for this window: pressing again after a lost answer does not begin twice.
  const key = useRef({ of: '', key: '' })
  const start = useMutation({
    mutationFn: (json: StartMessage) => {
      const of = JSON.stringify(json)
      if (key.current.of !== of) key.current = { of, key: crypto.randomUUID() }
      return api.messages.start({ ...json, idempotencyKey: key.current.key })
    },
    onSuccess: (message) => {
      onClose()
      void navigate({ to: '/inbox/$conversationId', params: { conversationId: message.conversationId }, search: {} })
    },
  })
  const send = (template: Template, values: PlaceValues) => {
    const to = contact ? { contactId: contact.id } : { phone: phone ?? '' }
    const body = {
      type: 'template',
      name: template.name,
      language: template.language,
      parameters: parametersOf(template, values),
    } as const
    if (account) start.mutate({ accountId: account.id, to, body })
  }
  return (
    <Modal opened onClose={onClose} title={t('start.title')} size={640} closeButtonProps={{ 'aria-label': t('app.close') }}>
      {accounts?.length === 0 && <Empty title={t('start.none')} />}
      {account && (
        <div className={css.fields}>
          <NativeSelect
            size="xs"
            label={t('start.account')}
            value={account.id}
            onChange={(event) => setAccountId(event.currentTarget.value)}
            data={accounts?.map((one) => ({ value: one.id, label: [one.name, one.address].filter(Boolean).join(' · ') }))}
          />
          {!contact && (
            <TextInput
              size="xs"
              type="tel"
              label={t('start.phone')}
              value={typed}
              data-autofocus
              error={typed.length > 6 && !phone ? t('start.phoneWrong') : undefined}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
          )}
          {(contact || phone) && (
            <TemplatePicker
              key={account.id}
              accountId={account.id}
              why={null}
              onSend={send}
              onCancel={null}
              busy={start.isPending}
            />
          )}
          {start.isError && (
            <p className={css.error} role="alert">
              {t('outbox.refused', { reason: reasonOf(start.error, t) })}
            </p>
          )}
        </div>
      )}
    </Modal>
  )
}
