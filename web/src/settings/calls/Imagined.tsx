/** What the server says would happen. */
import type { CallPreview } from '../../../../client/index.ts'
import { useText } from '../../app/text.tsx'
import { longTime } from '../../text/time.ts'
import css from './callset.module.css'
import { ruleWords, textingWords, useRules } from './RuleTable.tsx'

export function Imagined({ preview, outcome }: { preview: CallPreview; outcome: string }) {
  const { t, clock } = useText()
  const rules = useRules()
  const { texting, text, textAt, pieces, lead, alert, line, version } = preview
  const there = { ...clock, timeZone: preview.timezone }
  const all = rules.data?.items.length ?? line
  const wording = rules.data?.items[line - 1]?.wording ?? 'standard'
  return (
    <section className={css.outcome} aria-live="polite" data-testid="imagined" data-rule={preview.rule}>
      <strong>{t(textingWords({ texting, wording }))}</strong>
      {texting === 'later' && textAt && <span>{t('imagine.at', { time: longTime(there, textAt) })}</span>}
      {text !== null && (
        <q>
          <bdi>{text}</bdi>
        </q>
      )}
      {text !== null && pieces && (
        <small>{t('callset.pieces', { n: pieces.segments, encoding: pieces.encoding, left: pieces.left })}</small>
      )}
      <span>{ruleWords(preview.rule, outcome, t)}</span>
      <ul className={css.chips}>
        <li>{t(preview.facts.open ? 'imagine.open' : 'imagine.closed')}</li>
        <li>{t(lead ? 'imagine.lead' : 'imagine.noLead')}</li>
        {alert && <li data-alert>{t('imagine.alert')}</li>}
        <li>{t('imagine.rule', { line, all, version })}</li>
      </ul>
    </section>
  )
}
