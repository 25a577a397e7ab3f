/** Server-Sent Events as the HTML standard defines them: bytes in pieces of any size become events. */
export interface SseEvent {
  event: string
  data: string
  /** The last id seen so far; '' before the first. */
  id: string
}
export type SseItem = SseEvent | { comment: string }

/** A parser that keeps what is not a whole line yet. Feed it decoded text; it answers the events completed by it. */
export function createSseParser(): (text: string) => SseItem[] {
  /** Not a whole line yet. In pieces: a line may be megabytes, and must not be looked through again for each of them. */
  let parts: string[] = []
  let started = false
  let id = ''
  let event = ''
  let data: string[] = []

  const line = (text: string, out: SseItem[]): void => {
    if (text === '') {
      if (data.length > 0) out.push({ event: event || 'message', data: data.join('\n'), id })
      event = ''
      data = []
      return
    }
    if (text.startsWith(':')) {
      out.push({ comment: text.slice(1).trimStart() })
      return
    }
    const colon = text.indexOf(':')
    const field = colon < 0 ? text : text.slice(0, colon)
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') event = value
    else if (field === 'data') data.push(value)
    else if (field === 'id' && !value.includes('\0')) id = value
  }

  return (text) => {
    const out: SseItem[] = []
    const held = parts.at(-1)?.endsWith('\r') ?? false
    parts.push(text)
    if (!held && !/[\r\n]/.test(text)) return out
    let rest = parts.join('')
    if (!started && rest !== '') {
      rest = rest.replace(/^\uFEFF/, '')
      started = true
    }
    // A carriage return at the very end may be the first half of CRLF: wait for what follows.
    const whole = rest.endsWith('\r') ? rest.slice(0, -1) : rest
    const lines = whole.split(/\r\n|\n|\r/)
    parts = [(lines.pop() ?? '') + (whole === rest ? '' : '\r')]
    for (const one of lines) line(one, out)
    return out
  }
}
