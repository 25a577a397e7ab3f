import type { Answerer } from '../../ports/answerer.ts'

/** People answer from the inbox in their own time: for the core their turn is silence. */
export const human: Answerer = {
  name: 'human',
  sender: 'human',
  takeTurn: async () => ({ kind: 'silence' }),
}
