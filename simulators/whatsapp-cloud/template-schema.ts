import { z } from 'zod'
import { GraphError } from './graph-errors.ts'
import { placeholders } from './template-check.ts'
import type { Json } from './types.ts'

const button = z.looseObject({
  type: z.enum([
    'QUICK_REPLY',
    'URL',
    'PHONE_NUMBER',
    'COPY_CODE',
    'OTP',
    'FLOW',
    'CATALOG',
    'MPM',
    'SPM',
    'REQUEST_CONTACT_INFO',
    'VOICE_CALL',
  ]),
  text: z.string().max(25).optional(),
})

const component = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('HEADER'),
    format: z.enum(['TEXT', 'IMAGE', 'VIDEO', 'DOCUMENT', 'LOCATION']),
    text: z.string().max(60).optional(),
  }),
  z.looseObject({ type: z.literal('BODY'), text: z.string().max(1024).optional() }),
  z.looseObject({ type: z.literal('FOOTER'), text: z.string().max(60).optional() }),
  z.looseObject({ type: z.literal('BUTTONS'), buttons: z.array(button).min(1).max(10) }),
  z.looseObject({ type: z.literal('CAROUSEL') }),
  z.looseObject({ type: z.literal('LIMITED_TIME_OFFER') }),
])

const upper = (value: unknown) => (typeof value === 'string' ? value.toUpperCase() : value)
const parameterFormat = z.preprocess(upper, z.enum(['POSITIONAL', 'NAMED']))
const category = z.preprocess(upper, z.enum(['AUTHENTICATION', 'MARKETING', 'UTILITY']))

// Types and formats are taken in either case, as Meta does.
function upperTypes(value: unknown): unknown {
  if (!Array.isArray(value)) return value
  return value.map((part: Json) => ({
    ...part,
    type: upper(part?.type),
    ...(part?.format === undefined ? {} : { format: upper(part.format) }),
    ...(Array.isArray(part?.buttons)
      ? { buttons: part.buttons.map((item: Json) => ({ ...item, type: upper(item.type) })) }
      : {}),
  }))
}
const components = z.preprocess(upperTypes, z.array(component).min(1))

const creation = z.looseObject({
  name: z.string().regex(/^[a-z0-9_]{1,512}$/),
  language: z.string().min(2).max(20),
  category,
  parameter_format: parameterFormat.optional(),
  components,
})

const edit = z.looseObject({ components: components.optional(), category: category.optional() })

export type TemplateInput = {
  name: string
  language: string
  category: string
  parameter_format?: 'POSITIONAL' | 'NAMED'
  components: Json[]
}

// Every variable needs an example, and positional ones count from 1 without gaps.
function checkVariables(input: { parameter_format?: string; components?: Json[] }): void {
  for (const part of input.components ?? []) {
    if (part.type !== 'BODY' && part.type !== 'HEADER') continue
    const names = placeholders(part.text)
    if (names.length > 0 && part.example === undefined) {
      throw new GraphError(100, {
        subcode: 2388043,
        details: `component of type ${part.type} is missing expected field(s) (example)`,
      })
    }
    const positional = input.parameter_format !== 'NAMED'
    if (positional && names.some((name, index) => name !== String(index + 1))) {
      throw new GraphError(100, {
        subcode: 2388072,
        details: `The variables of ${part.type} must be {{1}}, {{2}}, … without gaps`,
      })
    }
  }
}

function parse<T>(schema: z.ZodType, input: unknown): T {
  const result = schema.safeParse(input)
  if (!result.success) {
    const issue = result.error.issues[0]
    throw new GraphError(100, { details: `Invalid parameter ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` })
  }
  return result.data as T
}

/** Reads a template to be created. Throws 100. */
export function parseTemplate(input: unknown): TemplateInput {
  const template = parse<TemplateInput>(creation, input)
  checkVariables(template)
  if (!template.components.some((part) => part.type === 'BODY'))
    throw new GraphError(100, { details: 'A template needs a BODY component' })
  return template
}

/** Reads the change of a template. Throws 100. */
export function parseTemplateEdit(input: unknown): { components?: Json[]; category?: string } {
  const change = parse<{ components?: Json[]; category?: string }>(edit, input)
  checkVariables(change)
  return change
}
