/** The pages of the settings, and who sees them: what would only say "you may not" is left out. */
import type { Role } from '../../../client/index.ts'

const all = () => true
const managers = (role: Role) => role === 'owner' || role === 'admin'
export const sections = {
  channels: all,
  numbers: managers,
  business: all,
  hours: all,
  calls: all,
  staff: managers,
  labels: managers,
  team: all,
  keys: managers,
  centre: managers,
  desk: managers,
  letters: managers,
  audit: (role: Role) => role === 'owner',
  profile: all,
  security: all,
} as const satisfies Record<string, (role: Role) => boolean>
export type Section = keyof typeof sections
