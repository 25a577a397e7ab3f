import type { FastifyInstance, FastifyRequest } from 'fastify'
import { objectNotFound } from './graph-errors.ts'
import { spendManagementCall } from './limits.ts'
import { liveMedia, mediaView, requireMedia } from './media.ts'
import { numberView } from './number-view.ts'
import { authenticate, requireNumber, visibleNumber, visibleWaba } from './numbers.ts'
import { asJson, checkVersion, pickFields, withFaults } from './requests.ts'
import { readOverride } from './routes-accounts.ts'
import { continueUpload, isUploadId } from './routes-uploads.ts'
import { editTemplate, requireTemplate, templateView } from './templates.ts'
import type { Json } from './types.ts'
import type { World } from './world.ts'

function tokenAndId(world: World, request: FastifyRequest): { token: string; id: string } {
  const { version, id } = request.params as { version: string; id: string }
  checkVersion(version)
  return { token: authenticate(world, request.headers.authorization), id }
}

/** `GET /{anything}`: the kind of object follows from its id. Throws 100/33. */
function readObject(world: World, request: FastifyRequest): Json {
  const { token, id } = tokenAndId(world, request)
  const query = request.query as { fields?: string; phone_number_id?: string }
  const number = visibleNumber(world, token, id)
  if (number) return pickFields(numberView(number), query.fields)
  const waba = visibleWaba(world, token, id)
  if (waba) return pickFields({ id: waba.id, name: `Account ${waba.id}`, currency: 'USD', timezone_id: '1' }, query.fields)
  if (world.templates.has(id)) {
    const template = requireTemplate(world, token, id, 'get')
    spendManagementCall(world, template.wabaId)
    return pickFields(templateView(template), query.fields)
  }
  const upload = isUploadId(id) ? world.uploads.get(id) : undefined
  if (upload) return { id, file_offset: upload.bytes.length }
  const item = requireMedia(world, token, id, 'get')
  if (query.phone_number_id !== undefined && query.phone_number_id !== item.phoneNumberId) throw objectNotFound(id, 'get')
  return mediaView(world, item)
}

/** `POST /{number}` sets or removes its callback; `POST /{template}` edits; `POST /upload:…` continues an upload. */
async function changeObject(world: World, request: FastifyRequest): Promise<Json> {
  const { token, id } = tokenAndId(world, request)
  if (isUploadId(id)) return continueUpload(world, id, request)
  if (world.templates.has(id)) {
    const template = requireTemplate(world, token, id, 'post')
    spendManagementCall(world, template.wabaId)
    return editTemplate(world, template, request.body)
  }
  const number = requireNumber(world, token, id, 'post')
  const body = asJson(request.body)
  if (body.webhook_configuration !== undefined) number.override = await readOverride(world, asJson(body.webhook_configuration))
  return { success: true }
}

function deleteObject(world: World, request: FastifyRequest): Json {
  const { token, id } = tokenAndId(world, request)
  const item = requireMedia(world, token, id, 'delete')
  return { success: liveMedia(world, item.id) !== undefined && world.media.delete(item.id) }
}

export function objectRoutes(app: FastifyInstance, world: World): void {
  const path = '/graph/:version/:id'
  app.get(
    path,
    withFaults(world, (request) => readObject(world, request)),
  )
  app.post(
    path,
    withFaults(world, (request) => changeObject(world, request)),
  )
  app.delete(
    path,
    withFaults(world, (request) => deleteObject(world, request)),
  )
}
