/** What a channel or a business still needs: each step with what is missing and how to get it. */
import IconAlertCircle from '@tabler/icons-react/dist/esm/icons/IconAlertCircle.mjs'
import IconCircle from '@tabler/icons-react/dist/esm/icons/IconCircle.mjs'
import IconCircleCheck from '@tabler/icons-react/dist/esm/icons/IconCircleCheck.mjs'
import type { SetupStep } from '../../../client/index.ts'
import { useText } from '../app/text.tsx'
import css from './settings.module.css'

export function Checklist({ steps }: { steps: SetupStep[] }) {
  const { t } = useText()
  return (
    <ul className={css.checklist}>
      {steps.map((step) => (
        <li key={step.id} data-done={step.done || undefined} data-step={step.id}>
          {step.done ? (
            <IconCircleCheck size={20} aria-hidden />
          ) : step.optional ? (
            <IconCircle size={20} aria-hidden />
          ) : (
            <IconAlertCircle size={20} aria-hidden />
          )}
          <div>
            <strong>
              {step.title}
              <span className="visually-hidden"> – {t(step.done ? 'check.done' : 'check.open')}</span>
              {step.optional && !step.done && <span className={css.dim}> {t('check.optional')}</span>}
            </strong>
            {step.missing && <p dir="auto">{step.missing}</p>}
            {step.how && (
              <p dir="auto" className={css.dim}>
                {step.how}
              </p>
            )}
          </div>
        </li>
      ))}
    </ul>
  )
}
