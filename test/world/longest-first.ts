import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take a minute or more: begun last, one of them would keep everybody waiting with nothing else to do. */
const long = [
  'test/house/plans.db.test.ts',
  'test/walls/walls.test.ts',
  'test/journeys/start.test.ts',
  'test/journeys/console.test.ts',
  'test/journeys/contact-centre.test.ts',
  'test/journeys/numbers-crash.test.ts',
  'test/journeys/console-people.test.ts',
]
const place = ({ moduleId }: TestSpecification): number => {
  const at = long.findIndex((name) => moduleId.endsWith(name))
  return at < 0 ? long.length : at
}

/** The long files first, the others as ever. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const group = ({ project }: TestSpecification) => project.config.sequence.groupOrder
    return (await super.sort(files)).sort((a, b) => group(a) - group(b) || place(a) - place(b))
  }
}
