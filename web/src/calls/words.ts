import type { Call } from '../../../client/index.ts'
import type { TextKey, Translate } from '../text/t.ts'

/** Who rang: the name, else the number, else that it is hidden. */
export function callerOf(
  call: Pick<Call, 'contactName' | 'callerName' | 'customerPhone' | 'callerKind'>,
  t: Translate,
): string {
  const known = call.contactName ?? call.callerName ?? call.customerPhone
  return known ?? t(call.callerKind === 'other' ? 'calls.other' : 'calls.withheld')
}

export const outcomeOf = (call: Pick<Call, 'outcome' | 'status'>, t: Translate): string =>
  t(`calls.outcome.${call.outcome ?? call.status}` as TextKey)

/** Rules of the name of an outcome are that outcome. */
export function ruleOf(rule: string, outcome: string | null, t: Translate): string {
  return t((rule === outcome ? `calls.outcome.${rule}` : `calls.rule.${rule}`) as TextKey)
}
