import { GraphError } from './graph-errors.ts'

export type UploadedFile = { bytes: Uint8Array; mimeType: string; filename?: string }

/** Reads the multipart body of a media upload. Throws 100 when a part is missing. */
export async function readUpload(body: unknown, contentType: string | undefined): Promise<UploadedFile> {
  if (!Buffer.isBuffer(body) || !contentType?.startsWith('multipart/form-data')) {
    throw new GraphError(100, { message: '(#100) The parameter file is required.' })
  }
  const form = await parseForm(body, contentType)
  if (form.get('messaging_product') !== 'whatsapp') {
    throw new GraphError(100, { message: '(#100) The parameter messaging_product is required.' })
  }
  const file = form.get('file')
  if (!file || typeof file === 'string') throw new GraphError(100, { message: '(#100) The parameter file is required.' })
  const named = form.get('type')
  const mimeType = typeof named === 'string' && named !== '' ? named : file.type
  return { bytes: new Uint8Array(await file.arrayBuffer()), mimeType, filename: file.name || undefined }
}

async function parseForm(body: Buffer, contentType: string): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData()
  } catch {
    throw new GraphError(100, { message: '(#100) The multipart body cannot be read.' })
  }
}
