/** `parley db sql`: the whole schema as SQL, for whoever applies it by hand. */
import { readFile } from 'node:fs/promises'
import { knownMigrations } from '../../platform/db/migrate.ts'

const folder = new URL('../../../migrations/', import.meta.url)

/** Every migration in a transaction, with its line in the history: a server that starts afterwards finds nothing to do. */
export async function schemaSql(): Promise<string> {
  const parts = [
    `-- The schema of Parley, for an empty database of PostgreSQL 15 or newer:
--   psql --set=ON_ERROR_STOP=1 --file=parley.sql "$DATABASE_URL"
CREATE SCHEMA IF NOT EXISTS parley;
SET search_path TO parley;
CREATE TABLE parley.pgmigrations (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL);
`,
  ]
  for (const name of await knownMigrations()) {
    const text = await readFile(new URL(`${name}.sql`, folder), 'utf8')
    const [up = ''] = text.split(/^\s*-- Down Migration.*$/m)
    parts.push(
      `-- ${name} ${'-'.repeat(Math.max(3, 100 - name.length))}
BEGIN;
${up.replace(/^\s*-- Up Migration.*\n/, '').trim()}
INSERT INTO parley.pgmigrations (name, run_on) VALUES ('${name}', now());
COMMIT;
`,
    )
  }
  return parts.join('\n')
}
