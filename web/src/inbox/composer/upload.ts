/** Uploads with progress, which fetch cannot tell. */
import { type Media, ParleyError } from '../../../../client/index.ts'

interface UploadInput {
  file: File
  accountId: string
  signal: AbortSignal
  /** 0 to 1 of what was sent. */
  onProgress: (share: number) => void
}

/** Throws ParleyError; AbortError when `signal` is aborted. */
export function upload({ file, accountId, signal, onProgress }: UploadInput): Promise<Media> {
  return new Promise((resolve, reject) => {
    const form = new FormData()
    form.append('accountId', accountId)
    form.append('file', file, file.name)
    const call = new XMLHttpRequest()
    call.open('POST', '/api/media')
    call.responseType = 'json'
    call.upload.onprogress = (event) => onProgress(event.lengthComputable ? event.loaded / event.total : 0)
    call.onload = () => {
      if (call.status < 300) resolve(call.response as Media)
      else reject(refusal(call))
    }
    call.onerror = () => reject(new ParleyError({ code: 'unreachable', message: 'The server did not answer.', status: 0 }))
    call.onabort = () => reject(new DOMException('cancelled', 'AbortError'))
    signal.addEventListener('abort', () => call.abort(), { once: true })
    call.send(form)
  })
}

function refusal(call: XMLHttpRequest): ParleyError {
  const error = (call.response as { error?: { code?: string; message?: string } } | null)?.error
  return new ParleyError({
    code: error?.code ?? `http_${call.status}`,
    message: error?.message ?? call.statusText,
    status: call.status,
  })
}
