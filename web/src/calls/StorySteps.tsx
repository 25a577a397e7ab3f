/** What was said and done after a call, as the steps of its story; each leads to its line in the conversation. */
import { Link } from '@tanstack/react-router'
import type { CallStory } from '../../../client/index.ts'
import { useText } from '../app/text.tsx'
import type { TextKey, Translate } from '../text/t.ts'
import { fullTime } from '../text/time.ts'
import { Step } from './Step.tsx'

type StoryStep = CallStory['steps'][number]

export function StorySteps({ steps }: { steps: StoryStep[] }) {
  const { t, clock } = useText()
  return steps.map((step) => (
    <Step key={step.messageId} title={titleOf(step, t)} at={fullTime(clock, step.at)} mark={step.kind}>
      {step.kind === 'said' && (
        <Link to="/inbox/$conversationId" params={{ conversationId: step.conversationId }} search={{ message: step.messageId }}>
          <q>
            <bdi>{step.text ?? t('calls.step.wordless')}</bdi>
          </q>
        </Link>
      )}
      {step.lines > 1 && <span>{t('calls.step.more', { n: step.lines - 1 })}</span>}
    </Step>
  ))
}

const writers: Partial<Record<StoryStep['by'], TextKey>> = {
  customer: 'calls.step.customer',
  human: 'calls.step.human',
  ai: 'calls.step.ai',
  agent: 'calls.step.agent',
  device: 'calls.step.human',
}
/** Who can have a conversation. */
const owners: Record<string, TextKey> = {
  human: 'sender.human',
  agent: 'sender.agent',
  ai: 'sender.ai',
  bot: 'sender.automation',
  none: 'sender.nobody',
}

function titleOf(step: StoryStep, t: Translate): string {
  if (step.kind === 'said') return t(writers[step.by] ?? 'calls.step.other', { who: step.name ?? t('sender.human') })
  const who = step.name ?? t(step.by === 'ai' ? 'sender.ai' : 'sender.system')
  if (step.kind === 'handed_over') return t('activity.handed_over', { who, to: t(owners[step.to ?? ''] ?? 'sender.nobody') })
  return t('activity.lead_moved', { who, to: t(`leads.status.${step.to}` as TextKey) })
}
