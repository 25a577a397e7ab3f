/** Files that wait to be sent: checked, uploading, uploaded. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { type Account, type Media, ParleyError } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'
import { reasonOf } from '../../app/reason.ts'
import { useText } from '../../app/text.tsx'
import { fileSize } from '../../text/time.ts'
import { channelName } from '../ChannelMark.tsx'
import { type FileKind, judgeFile } from './files.ts'
import { upload } from './upload.ts'

export interface Attachment {
  id: string
  name: string
  kind: FileKind
  /** 0 to 1. */
  progress: number
  media: Media | null
  problem: string | null
  /** A picture of it that needs no server. */
  preview: string | null
}

export function useAttachments(account: Account | undefined) {
  const { t, clock } = useText()
  const { queries } = useConsole()
  const [all, setAll] = useState<Attachment[]>([])
  const running = useRef(new Map<string, AbortController>())
  const previews = useRef(new Set<string>())
  const update = useCallback(
    (id: string, more: Partial<Attachment>) =>
      setAll((before) => before.map((one) => (one.id === id ? { ...one, ...more } : one))),
    [],
  )
  useEffect(
    () => () => {
      for (const one of running.current.values()) one.abort()
      for (const one of previews.current) URL.revokeObjectURL(one)
    },
    [],
  )

  const start = useCallback(
    (file: File, id: string, accountId: string) => {
      const cancel = new AbortController()
      running.current.set(id, cancel)
      upload({ file, accountId, signal: cancel.signal, onProgress: (progress) => update(id, { progress }) })
        .then(
          (media) => update(id, { media, progress: 1 }),
          (error: unknown) => {
            // An upload does not pass through the client: whether the session is over is asked separately.
            if (error instanceof ParleyError && error.status === 401) void queries.invalidateQueries({ queryKey: keys.session })
            if (!cancel.signal.aborted) update(id, { problem: t('composer.uploadFailed', { reason: reasonOf(error, t) }) })
          },
        )
        .finally(() => running.current.delete(id))
    },
    [update, t, queries],
  )

  const add = useCallback(
    (files: Iterable<File>) => {
      if (!account) return
      const channel = channelName(account.channel)
      for (const file of files) {
        const id = crypto.randomUUID()
        const verdict = judgeFile(file, account.capabilities.media)
        const preview = file.type.startsWith('image/') ? URL.createObjectURL(file) : null
        if (preview) previews.current.add(preview)
        const one = { id, name: file.name, progress: 0, media: null, preview }
        if ('kind' in verdict) {
          setAll((before) => [...before, { ...one, kind: verdict.kind, problem: null }])
          start(file, id, account.id)
          continue
        }
        const problem =
          verdict.problem === 'too_big'
            ? t('composer.tooBig', { size: fileSize(clock, verdict.maxBytes), channel })
            : t('composer.wrongKind', { type: file.type || file.name, channel })
        setAll((before) => [...before, { ...one, kind: 'document', problem }])
      }
    },
    [account, start, t, clock],
  )

  const remove = useCallback((id: string) => {
    running.current.get(id)?.abort()
    setAll((before) => before.filter((one) => one.id !== id))
  }, [])
  const clear = useCallback(() => setAll([]), [])
  return { all, add, remove, clear, busy: all.some((one) => !one.media && !one.problem) }
}
