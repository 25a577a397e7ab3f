/** Reads a message's body without trusting its shape: the set of types is open, and a body may be of a later version. */
export interface Fields {
  text: (name: string) => string | undefined
  number: (name: string) => number | undefined
  flag: (name: string) => boolean
  object: (name: string) => Fields
  list: (name: string) => Fields[]
  texts: (name: string) => string[]
  raw: (name: string) => unknown
}

export function fieldsOf(value: unknown): Fields {
  const body = isObject(value) ? value : {}
  const list = (name: string): unknown[] => {
    const found = body[name]
    return Array.isArray(found) ? found : []
  }
  return {
    text: (name) => {
      const found = body[name]
      return typeof found === 'string' && found !== '' ? found : undefined
    },
    number: (name) => {
      const found = body[name]
      return typeof found === 'number' && Number.isFinite(found) ? found : undefined
    },
    flag: (name) => body[name] === true,
    object: (name) => fieldsOf(body[name]),
    list: (name) => list(name).map(fieldsOf),
    texts: (name) => list(name).filter((one): one is string => typeof one === 'string'),
    raw: (name) => body[name],
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
