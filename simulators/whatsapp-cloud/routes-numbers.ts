import type { FastifyInstance } from 'fastify'
import { customerByPhone, customerByUserId, userIdOf } from './customers.ts'
import { GraphError } from './graph-errors.ts'
import { wabaOf } from './numbers.ts'
import { asJson, pickFields, withFaults } from './requests.ts'
import { numberOfRequest } from './routes-messages.ts'
import type { BusinessNumber, Json } from './types.ts'
import type { World } from './world.ts'

const codes = { SMS: true, VOICE: true }

function register(number: BusinessNumber, body: Json): Json {
  if (body.messaging_product !== 'whatsapp')
    throw new GraphError(100, { message: '(#100) The parameter messaging_product is required.' })
  const pin = String(body.pin ?? '')
  if (!/^\d{6}$/.test(pin)) throw new GraphError(100, { message: '(#100) Param pin must be 6 digits.' })
  if (number.pin !== undefined && number.pin !== pin) throw new GraphError(133005)
  number.pin = pin
  number.registered = true
  return { success: true }
}

const actions: Record<string, (number: BusinessNumber, body: Json) => Json> = {
  register,
  deregister(number) {
    number.registered = false
    return { success: true }
  },
  request_code(_number, body) {
    if (!Object.hasOwn(codes, String(body.code_method)))
      throw new GraphError(100, { message: '(#100) The parameter code_method is required.' })
    return { success: true }
  },
  verify_code(_number, body) {
    if (!/^\d{6}$/.test(String(body.code ?? ''))) throw new GraphError(100, { message: '(#100) Param code must be 6 digits.' })
    return { success: true }
  },
}

const profileFields = [
  'about',
  'address',
  'description',
  'email',
  'profile_picture_url',
  'vertical',
  'websites',
  'messaging_product',
]

function profileRoutes(app: FastifyInstance, world: World): void {
  const path = '/graph/:version/:id/whatsapp_business_profile'
  app.get(
    path,
    withFaults(world, (request) => {
      const number = numberOfRequest(world, request, 'get')
      const { fields } = request.query as { fields?: string }
      return { data: [pickFields(number.profile, fields, ['messaging_product'])] }
    }),
  )
  app.post(
    path,
    withFaults(world, (request) => {
      const number = numberOfRequest(world, request, 'post')
      const body = asJson(request.body)
      if (body.messaging_product !== 'whatsapp')
        throw new GraphError(100, { message: '(#100) The parameter messaging_product is required.' })
      const about = body.about
      if (typeof about === 'string' && about.length > 139)
        throw new GraphError(100, { message: '(#100) Param about must be at most 139 characters long.' })
      for (const field of profileFields) if (body[field] !== undefined) number.profile[field] = body[field]
      return { success: true }
    }),
  )
}

type BlockEntry = { input: string; wa_id?: string; user_id?: string; key: string }

function readBlockList(world: World, number: BusinessNumber, body: Json): BlockEntry[] {
  const users = Array.isArray(body.block_users) ? (body.block_users as Json[]) : []
  if (users.length === 0) throw new GraphError(100, { message: '(#100) The parameter block_users is required.' })
  return users.map((entry) => {
    const input = String(entry.user ?? entry.user_id ?? '')
    const { portfolioId } = wabaOf(world, number)
    const customer = customerByUserId(world, portfolioId, input) ?? customerByPhone(world, input)
    if (!customer) throw new GraphError(139100)
    return { input, wa_id: customer.waId, user_id: userIdOf(customer, portfolioId), key: customer.id }
  })
}

function blockRoutes(app: FastifyInstance, world: World): void {
  const path = '/graph/:version/:id/block_users'
  const answer = (word: 'added_users' | 'removed_users', entries: BlockEntry[]) => ({
    messaging_product: 'whatsapp',
    block_users: { [word]: entries.map(({ key: _key, ...view }) => view) },
  })
  app.post(
    path,
    withFaults(world, (request) => {
      const number = numberOfRequest(world, request, 'post')
      const entries = readBlockList(world, number, asJson(request.body))
      for (const { key } of entries) number.blocked.add(key)
      return answer('added_users', entries)
    }),
  )
  app.delete(
    path,
    withFaults(world, (request) => {
      const number = numberOfRequest(world, request, 'delete')
      const entries = readBlockList(world, number, asJson(request.body))
      for (const { key } of entries) number.blocked.delete(key)
      return answer('removed_users', entries)
    }),
  )
  app.get(
    path,
    withFaults(world, (request) => {
      const number = numberOfRequest(world, request, 'get')
      const blocked = [...number.blocked].map((key) => ({
        messaging_product: 'whatsapp',
        wa_id: world.customers.get(key)?.waId,
      }))
      return { data: [{ block_users: blocked }] }
    }),
  )
}

/** Registration, profile and block list of a number. */
export function numberRoutes(app: FastifyInstance, world: World): void {
  for (const [name, act] of Object.entries(actions)) {
    app.post(
      `/graph/:version/:id/${name}`,
      withFaults(world, (request) => act(numberOfRequest(world, request, 'post'), asJson(request.body))),
    )
  }
  profileRoutes(app, world)
  blockRoutes(app, world)
}
