/** Two databases that are told the same by two ways, and have to end the same. */
import { expect } from 'vitest'
import type { TestDatabase } from './database.ts'

/** Makes a short way refuse every batch of this database, so that all go the long way; returns its definition before. */
export async function refuse(db: TestDatabase, name: string): Promise<string> {
  const { rows } = await db.owner.query<{ source: string }>(`SELECT pg_get_functiondef($1::regproc) AS source`, [name])
  const source = rows[0]?.source ?? ''
  const refusing = source.replace(/\nBEGIN\n/, "\nBEGIN\n  RAISE EXCEPTION 'the long way' USING ERRCODE = 'PA001';\n")
  expect(refusing).not.toBe(source)
  await db.owner.query(refusing)
  return source
}

async function picture(db: TestDatabase, queries: Readonly<Record<string, string>>) {
  const all: Record<string, string[]> = {}
  for (const [what, sql] of Object.entries(queries)) {
    const { rows } = await db.owner.query(`SELECT to_jsonb(x) AS r FROM (${sql}) x`)
    all[what] = rows.map((row) => JSON.stringify(row.r)).sort()
  }
  return all
}

/** Fails where any query has other rows here than there. Returns how many rows each has. */
export async function expectSameRows(here: TestDatabase, there: TestDatabase, queries: Readonly<Record<string, string>>) {
  const [a, b] = await Promise.all([picture(here, queries), picture(there, queries)])
  const counts: Record<string, number> = {}
  for (const what of Object.keys(queries)) {
    const [is, was] = [new Set(a[what]), new Set(b[what])]
    expect({ more: a[what]?.filter((row) => !was.has(row)), less: b[what]?.filter((row) => !is.has(row)) }, what).toEqual({
      more: [],
      less: [],
    })
    expect(a[what]?.length, what).toBe(b[what]?.length)
    counts[what] = a[what]?.length ?? 0
  }
  return counts
}
