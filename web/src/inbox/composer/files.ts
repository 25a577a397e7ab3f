/** What a channel takes: checked before a file is uploaded, so that nobody waits for a refusal. Pure. */
import type { Account } from '../../../../client/index.ts'

export type FileKind = 'image' | 'video' | 'audio' | 'document' | 'sticker'
export type FileVerdict = { kind: FileKind } | { problem: 'too_big'; maxBytes: number } | { problem: 'wrong_kind' }

/** What a file is sent as: by its own kind where the channel takes it, else as a document. */
export function judgeFile(file: { type: string; size: number }, media: Account['capabilities']['media']): FileVerdict {
  const type = (file.type || 'application/octet-stream').split(';')[0]?.trim().toLowerCase() ?? ''
  const own = type.split('/')[0] ?? ''
  const kinds: FileKind[] = own === 'image' || own === 'video' || own === 'audio' ? [own, 'document'] : ['document']
  let tooBig: number | null = null
  for (const kind of kinds) {
    const rule = media[kind]
    if (!rule?.mimeTypes.some((one) => fits(type, one))) continue
    if (file.size <= rule.maxBytes) return { kind }
    tooBig = Math.max(tooBig ?? 0, rule.maxBytes)
  }
  return tooBig === null ? { problem: 'wrong_kind' } : { problem: 'too_big', maxBytes: tooBig }
}

/** 'image/*', a whole type, or a star for everything. */
function fits(type: string, rule: string): boolean {
  const asked = (rule.split(';')[0] ?? '').trim().toLowerCase()
  if (asked === '*' || asked === '*/*') return true
  return asked.endsWith('/*') ? type.startsWith(asked.slice(0, -1)) : type === asked
}
