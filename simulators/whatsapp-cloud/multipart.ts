import { GraphError } from './graph-errors.ts'

export type UploadedFile = { bytes: Uint8Array; mimeType: string; filename?: string }

type Part = { name: string; filename?: string; mimeType: string; bytes: Buffer }

const crlf = Buffer.from('\r\n')

function parameter(header: string, name: string): string | undefined {
  const match = new RegExp(`[;\\s]${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i').exec(header)
  return match?.[1] ?? match?.[2]
}

// A part is its headers, an empty line, and the bytes up to the next boundary.
function readPart(chunk: Buffer): Part | undefined {
  const end = chunk.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const headers = chunk.subarray(0, end).toString('utf8').split('\r\n')
  const header = (name: string) =>
    headers.find((line) => line.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1) ?? ''
  const disposition = header('content-disposition')
  const name = parameter(disposition, 'name')
  if (name === undefined) return undefined
  return {
    name,
    filename: parameter(disposition, 'filename'),
    mimeType: header('content-type').trim(),
    bytes: chunk.subarray(end + 4),
  }
}

/** Splits a multipart body (RFC 7578). The platform's own parser refuses boundaries under 27 characters, which clients do send. */
function readParts(body: Buffer, boundary: string): Part[] {
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  const whole = Buffer.concat([crlf, body])
  const parts: Part[] = []
  let start = whole.indexOf(delimiter)
  while (start >= 0) {
    const next = whole.indexOf(delimiter, start + delimiter.length)
    if (next < 0) break
    const part = readPart(whole.subarray(start + delimiter.length, next))
    if (part) parts.push(part)
    start = next
  }
  return parts
}

/** Reads the body of a media upload. Throws 100 when a part is missing. */
export function readUpload(body: unknown, contentType: string | undefined): UploadedFile {
  const boundary = contentType?.toLowerCase().startsWith('multipart/form-data') ? parameter(contentType, 'boundary') : undefined
  const parts = Buffer.isBuffer(body) && boundary !== undefined ? readParts(body, boundary) : []
  const field = (name: string) => parts.find((part) => part.name === name)
  if (field('messaging_product')?.bytes.toString() !== 'whatsapp') {
    throw new GraphError(100, { message: '(#100) The parameter messaging_product is required.' })
  }
  const file = field('file')
  if (file?.filename === undefined) throw new GraphError(100, { message: '(#100) The parameter file is required.' })
  const type = field('type')?.bytes.toString()
  return { bytes: new Uint8Array(file.bytes), mimeType: type || file.mimeType, filename: file.filename || undefined }
}
