/** Requests made from the schemas of a route: one for each place in it that takes an id. */
import { z } from 'zod'

interface Json {
  type?: string
  format?: string
  enum?: unknown[]
  const?: unknown
  default?: unknown
  minLength?: number
  minimum?: number
  pattern?: string
  properties?: Record<string, Json>
  required?: string[]
  items?: Json
  minItems?: number
  anyOf?: Json[]
  oneOf?: Json[]
  allOf?: Json[]
  $ref?: string
  $defs?: Record<string, Json>
}

/** Where in a value: a field, the first item of a list, or one of several shapes. */
type Step = { field: string } | { item: true } | { shape: number }
export interface IdPlace {
  steps: Step[]
  /** The nearest field's name. */
  name: string
}

export interface Shape {
  root: Json
}
export const shapeOf = (schema: unknown): Shape => ({
  root: z.toJSONSchema(schema as z.ZodType, { io: 'input', unrepresentable: 'any' }) as Json,
})

const resolve = (shape: Shape, json: Json): Json =>
  json.$ref ? (shape.root.$defs?.[json.$ref.replace('#/$defs/', '')] ?? {}) : json
const shapesIn = (json: Json): Json[] | undefined => json.anyOf ?? json.oneOf

/** A field that takes the id of something: a UUID, or named as one. */
const takesId = (json: Json, name: string): boolean =>
  json.format === 'uuid' || (json.type === 'string' && (/Id$/.test(name) || name === 'replyTo' || name === 'around'))

export function idPlaces(shape: Shape, json = shape.root, steps: Step[] = [], name = ''): IdPlace[] {
  const here = resolve(shape, json)
  if (steps.length > 12) return []
  if (takesId(here, name)) return [{ steps, name }]
  return [
    ...(shapesIn(here) ?? []).flatMap((one, n) => idPlaces(shape, one, [...steps, { shape: n }], name)),
    ...Object.entries(here.properties ?? {}).flatMap(([field, one]) => idPlaces(shape, one, [...steps, { field }], field)),
    ...(here.items ? idPlaces(shape, here.items, [...steps, { item: true }], name) : []),
  ]
}

export type Given = (name: string, json: Json) => unknown

/** The smallest value that passes; with `place`, one that reaches it. `given` may say what stands in a field. */
export function sample(shape: Shape, given: Given, place?: IdPlace): unknown {
  return make(shape, shape.root, given, place?.steps ?? [], '')
}

function make(shape: Shape, json: Json, given: Given, steps: readonly Step[], name: string): unknown {
  const here = resolve(shape, json)
  const [step, ...further] = steps
  const choices = shapesIn(here)
  if (choices) {
    const n = step && 'shape' in step ? step.shape : choices.findIndex((one) => resolve(shape, one).type !== 'null')
    return make(shape, choices[Math.max(0, n)] as Json, given, step && 'shape' in step ? further : [], name)
  }
  const said = name === '' ? undefined : given(name, here)
  if (said !== undefined && (!step || here.type === 'string')) return said
  if (here.const !== undefined) return here.const
  if (here.enum) return here.enum[0]
  if (here.type === 'object') {
    const needed = new Set(here.required ?? [])
    if (step && 'field' in step) needed.add(step.field)
    const entries = [...needed].map((field) => [
      field,
      make(shape, here.properties?.[field] ?? {}, given, step && 'field' in step && step.field === field ? further : [], field),
    ])
    return Object.fromEntries(entries)
  }
  if (here.type === 'array') {
    const wanted = step && 'item' in step
    return wanted || (here.minItems ?? 0) > 0 ? [make(shape, here.items ?? {}, given, wanted ? further : [], name)] : []
  }
  if (here.type === 'integer' || here.type === 'number') return Math.max(1, here.minimum ?? 1)
  if (here.type === 'boolean') return false
  if (here.format === 'email') return 'somebody@walls.example'
  if (here.format === 'date-time') return new Date(Date.now() + 86_400_000).toISOString()
  return 'x'.repeat(Math.max(1, here.minLength ?? 1))
}
