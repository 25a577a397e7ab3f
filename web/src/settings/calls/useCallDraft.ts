/** The settings of calls as they are being edited: only what differs is kept, so that changes of colleagues show through. */
import { useState } from 'react'
import { type CallSettings, ParleyError } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { mayManage, useConsole } from '../../app/context.ts'
import { reasonOf } from '../../app/reason.ts'
import { useText } from '../../app/text.tsx'
import { toast } from '../../app/toasts.tsx'
import { type CallDraft, type CallField, changesOf, soundOf, wrongFields } from '../../rules/callSettings.ts'
import { useChange } from '../parts.tsx'

export interface Editing {
  draft: CallDraft
  set: (edits: Partial<CallDraft>) => void
  /** Sets, and offers to undo it. */
  replace: (edits: Partial<CallDraft>, said: string) => void
  /** What is wrong with a field, in words. */
  error: (field: CallField) => string | undefined
  may: boolean
  dirty: boolean
  /** What of the changes could be saved. */
  sound: Partial<CallSettings>
  save: () => void
  saving: boolean
  ready: boolean
  discard: () => void
}

export function useCallDraft(saved: CallSettings): Editing {
  const { api, queries, session } = useConsole()
  const { t } = useText()
  const [edits, setEdits] = useState<Partial<CallDraft>>({})
  const [refused, setRefused] = useState<CallField[]>([])
  const changes = changesOf(saved, edits)
  const draft = { ...saved, ...edits }
  const wrong = wrongFields(draft)
  const sound = soundOf(changes, wrong)
  const ready = Object.keys(wrong).length === 0
  const set = (more: Partial<CallDraft>) => {
    setRefused([])
    setEdits((before) => ({ ...before, ...more }))
  }
  const save = useChange({
    run: () => api.calls.updateSettings(sound),
    done: t('app.saved'),
    quiet: true,
    after: (next: CallSettings) => {
      queries.setQueryData(keys.callSettings, next)
      void queries.invalidateQueries({ queryKey: keys.business })
      setEdits({})
    },
  })
  const failed = (error: unknown) => {
    const fields = fieldsOf(error)
    setRefused(fields)
    if (fields.length === 0) toast({ text: t('thread.actionFailed', { reason: reasonOf(error, t) }), tone: 'bad' })
  }
  return {
    ...{ draft, set, sound, ready, may: mayManage(session), dirty: Object.keys(changes).length > 0, saving: save.isPending },
    replace(more, said) {
      const before = edits
      set(more)
      toast({ text: said, action: { label: t('app.undo'), run: () => setEdits(before) } })
    },
    error(field) {
      const found = wrong[field]
      if (found) return t(found.key, found.values)
      if (!refused.includes(field)) return undefined
      return field === 'forwardTo' ? t('callset.wrong.phone') : t('callset.wrong.empty')
    },
    save: () => ready && save.mutate(undefined, { onError: failed }),
    discard: () => setEdits({}),
  }
}

/** Fields that the server names in what it did not take. */
function fieldsOf(error: unknown): CallField[] {
  if (!(error instanceof ParleyError) || !Array.isArray(error.details)) return []
  return error.details.flatMap((one: { path?: unknown }) =>
    typeof one?.path === 'string' ? [one.path.split('/')[1] as CallField] : [],
  )
}
