/** The table of decisions as the server has it, with the line that applies. */
import { useQuery } from '@tanstack/react-query'
import { useConsole } from '../../app/context.ts'
import { useText } from '../../app/text.tsx'
import { ruleOf } from '../../calls/words.ts'
import type { TextKey, Translate } from '../../text/t.ts'
import css from './callset.module.css'

export function useRules() {
  const { api } = useConsole()
  return useQuery({
    queryKey: ['call-rules'],
    queryFn: ({ signal }) => api.calls.rules({ signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })
}

const ends = new Set(['busy', 'no_answer', 'failed', 'canceled', 'voicemail', 'short', 'unanswered'])
/** Lines that are named like an end of a call are that end. */
export const ruleWords = (rule: string, outcome: string | null, t: Translate): string =>
  ruleOf(rule, ends.has(rule) ? rule : rule === outcome ? null : outcome, t)

export const textingWords = (of: { texting: string; wording: string }): TextKey =>
  of.texting === 'now' && of.wording === 'after_hours'
    ? 'imagine.texting.after_hours'
    : (`imagine.texting.${of.texting}` as TextKey)

export function RuleTable({ applies }: { applies: string | undefined }) {
  const { t } = useText()
  const rules = useRules()
  if (!rules.data) return null
  return (
    <details className={css.table}>
      <summary>
        {t('imagine.table')} <small>{t('imagine.table.text')}</small>
      </summary>
      <ol data-testid="call-rules">
        {rules.data.items.map(({ rule, texting, wording, lead, alert }) => (
          <li key={rule} aria-current={rule === applies ? 'true' : undefined} data-rule={rule}>
            <span>
              {ruleWords(rule, null, t)}
              {rule === applies && <em>{t('imagine.hit')}</em>}
            </span>
            <small>
              {[
                t(textingWords({ texting, wording })),
                t(lead ? 'imagine.lead' : 'imagine.noLead'),
                ...(alert ? [t('imagine.alert')] : []),
              ].join(' · ')}
            </small>
          </li>
        ))}
      </ol>
    </details>
  )
}
