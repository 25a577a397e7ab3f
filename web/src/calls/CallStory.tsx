/** What came of one call, step by step: the ring, why what happened happened, the text, the lead, the conversation. */
import { Button } from '@mantine/core'
import IconArrowLeft from '@tabler/icons-react/dist/esm/icons/IconArrowLeft.mjs'
import IconMessages from '@tabler/icons-react/dist/esm/icons/IconMessages.mjs'
import IconPhone from '@tabler/icons-react/dist/esm/icons/IconPhone.mjs'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { CallStory as Story } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { useKeys } from '../app/keyboard.ts'
import { reasonOf } from '../app/reason.ts'
import { Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { duration, fullTime } from '../text/time.ts'
import { CallRow } from './CallRow.tsx'
import css from './calls.module.css'
import { deliveryName } from './delivery.ts'
import { Step } from './Step.tsx'
import { StorySteps } from './StorySteps.tsx'
import { callerOf, outcomeOf, ruleOf } from './words.ts'

export function CallStory({ id }: { id: string }) {
  const { api } = useConsole()
  const { t } = useText()
  const navigate = useNavigate()
  const { show } = useSearch({ from: '/calls' })
  const story = useQuery({ queryKey: keys.callStory(id), queryFn: ({ signal }) => api.calls.story(id, { signal }) })
  const back = () => void navigate({ to: '/calls', search: show ? { show } : {} })
  useKeys({ escape: back })
  return (
    <article className={css.card} aria-busy={story.isPending}>
      <div className={css.bar}>
        <Button
          className={css.back}
          size="xs"
          variant="subtle"
          color="gray"
          leftSection={<IconArrowLeft size={16} aria-hidden />}
          onClick={back}
        >
          {t('app.back')}
        </Button>
        {story.data && <Ways story={story.data} />}
      </div>
      {story.isError && !story.data && (
        <Failed text={t('context.failed')} reason={reasonOf(story.error, t)} onRetry={() => void story.refetch()} />
      )}
      {story.data && <Steps story={story.data} />}
    </article>
  )
}

function Ways({ story: { call } }: { story: Story }) {
  const { t } = useText()
  return (
    <>
      {call.customerPhone && (
        <Button
          component="a"
          href={`tel:${call.customerPhone}`}
          size="xs"
          variant="default"
          leftSection={<IconPhone size={16} aria-hidden />}
        >
          {t('calls.call')}
        </Button>
      )}
      {call.conversationId && (
        <Button
          renderRoot={(props) => (
            <Link {...props} to="/inbox/$conversationId" params={{ conversationId: call.conversationId ?? '' }} search={{}} />
          )}
          size="xs"
          leftSection={<IconMessages size={16} aria-hidden />}
        >
          {t('calls.conversation')}
        </Button>
      )}
    </>
  )
}

function Steps({ story }: { story: Story }) {
  const { t, clock } = useText()
  const { call, why, text, lead, steps, otherCalls } = story
  const place = [call.callerCity, call.callerState].filter(Boolean).join(', ')
  return (
    <>
      <h2 className={css.name}>
        <bdi>{callerOf(call, t)}</bdi>
      </h2>
      <ol className={css.steps}>
        <Step title={outcomeOf(call, t)} at={fullTime(clock, call.startTime)} mark={call.status}>
          {call.customerPhone && (
            <span>
              <bdi dir="ltr">{call.customerPhone}</bdi>
            </span>
          )}
          {place && (
            <span>
              <bdi>{place}</bdi>
            </span>
          )}
          {call.duration > 0 && <span>{t('calls.lasted', { duration: duration(clock, call.duration * 1000) })}</span>}
        </Step>
        {why && (
          <Step title={t('calls.why')} at={fullTime(clock, why.decidedAt)}>
            <span>{ruleOf(why.rule, call.outcome, t)}</span>
          </Step>
        )}
        {call.status === 'missed' && (
          <Step title={t('calls.text')} {...(text ? { at: fullTime(clock, text.queuedAt) } : {})} mark={text?.status ?? 'none'}>
            {text && (
              <q>
                <bdi>{text.text ?? t('calls.text.forgotten')}</bdi>
              </q>
            )}
            {text && <span>{deliveryName(text.status, t)}</span>}
            {text?.errorText && (
              <span>
                <bdi>{text.errorText}</bdi>
              </span>
            )}
            {!text && (
              <span>
                {call.dueAt && !call.processed
                  ? t('calls.text.later', { time: fullTime(clock, call.dueAt) })
                  : t('calls.text.none')}
              </span>
            )}
          </Step>
        )}
        <StorySteps steps={steps} />
        {lead && <LeadStep lead={lead} />}
      </ol>
      {otherCalls.length > 0 && (
        <section>
          <h3 className={css.part}>{t('calls.others')}</h3>
          <ul className={css.calls}>
            {otherCalls.map((one) => (
              <li key={one.id}>
                <CallRow one={one} selected={false} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  )
}

/** What has become of it until now, and what it is worth. */
function LeadStep({ lead }: { lead: NonNullable<Story['lead']> }) {
  const { t, clock } = useText()
  const money = new Intl.NumberFormat(clock.language, { maximumFractionDigits: 2 })
  const { status, estimatedValue, conversionValue } = lead
  return (
    <Step title={`${t('calls.lead')}: ${t(`calls.lead.${status}`)}`} mark={status === 'lost' ? 'missed' : status}>
      {lead.problemDescription && (
        <q>
          <bdi>{lead.problemDescription}</bdi>
        </q>
      )}
      {conversionValue === null && estimatedValue !== null && (
        <span>{t('calls.lead.estimated', { value: money.format(estimatedValue) })}</span>
      )}
      {conversionValue !== null && <span>{t('calls.lead.won', { value: money.format(conversionValue) })}</span>}
      {status === 'lost' && lead.lostReason && (
        <span>
          <bdi>{lead.lostReason}</bdi>
        </span>
      )}
      <Link to="/leads" search={{ lead: lead.id }}>
        {t('calls.lead.open')}
      </Link>
    </Step>
  )
}
