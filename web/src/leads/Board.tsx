/** One column to a status. A card is dragged, or moved by its menu of places, which every keyboard reaches. */
import { Button, NativeSelect } from '@mantine/core'
import { type DragEvent, type RefObject, useEffect, useRef, useState } from 'react'
import type { Lead, LeadStatus } from '../../../client/index.ts'
import { useNow } from '../app/now.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import { choices, type LeadSearch, leadStatuses, mayMove } from '../rules/leadBoard.ts'
import { listTime } from '../text/time.ts'
import css from './leads.module.css'
import { Amount, distanceText, leadName, Urgency } from './parts.tsx'
import { useLeads, usePlaces, useSums } from './useLeads.ts'

interface BoardProps {
  search: LeadSearch
  may: boolean
  onMove: (lead: Lead, to: LeadStatus) => void
  onOpen: (lead: Lead) => void
}

export function Board(props: BoardProps) {
  const { t } = useText()
  const [dragged, setDragged] = useState<Lead | null>(null)
  const follow = useRef<string | null>(null)
  const places = usePlaces(props.search)
  const sums = useSums(props.search).data?.byStatus
  const total = sums?.reduce((n, one) => n + one.count, 0)
  const narrowed = Boolean(props.search.q || props.search.urgency || props.search.assignee)
  if (total === 0 && !narrowed) return <Empty title={t('leads.empty')} text={t('leads.empty.text')} />
  return (
    <div className={css.board} data-testid="lead-board">
      {leadStatuses.map((status) => (
        <Column
          key={status}
          {...props}
          status={status}
          places={places}
          sum={sums?.find((one) => one.status === status)}
          dragged={dragged}
          follow={follow}
          onDrag={setDragged}
        />
      ))}
    </div>
  )
}

interface ColumnProps extends BoardProps {
  status: LeadStatus
  places: ReadonlyMap<string, LeadStatus>
  sum: { count: number; estimatedValue: number; conversionValue: number } | undefined
  dragged: Lead | null
  /** The card that was moved by its menu: where it is now, the menu has the keyboard again. */
  follow: RefObject<string | null>
  onDrag: (lead: Lead | null) => void
}

function Column({ search, may, status, places, sum, dragged, follow, onDrag, onMove, onOpen }: ColumnProps) {
  const { t } = useText()
  const { pages, leads: asked } = useLeads(search, status)
  const leads = asked.filter((lead) => (places.get(lead.id) ?? status) === status)
  const takes = dragged !== null && mayMove(dragged.status, status)
  const over = (event: DragEvent) => {
    if (takes) event.preventDefault()
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    if (dragged && takes) onMove(dragged, status)
    onDrag(null)
  }
  const value = sum && (status === 'completed' ? sum.conversionValue || sum.estimatedValue : sum.estimatedValue)
  return (
    <section
      className={css.column}
      aria-label={t(`leads.status.${status}`)}
      data-takes={takes || undefined}
      data-testid={`column-${status}`}
      onDragOver={over}
      onDrop={drop}
    >
      <h2 className={css.columnHead}>
        {t(`leads.status.${status}`)}
        <small>{sum?.count ?? ''}</small>
        {value ? (
          <span>
            <Amount value={value} />
          </span>
        ) : null}
      </h2>
      {pages.isError && (
        <Failed text={t('context.failed')} reason={reasonOf(pages.error, t)} onRetry={() => void pages.refetch()} />
      )}
      <ul className={css.cards}>
        {leads.map((lead) => (
          <li key={lead.id}>
            <Card lead={lead} may={may} follow={follow} onDrag={onDrag} onMove={onMove} onOpen={onOpen} />
          </li>
        ))}
      </ul>
      {pages.hasNextPage && (
        <Button
          size="compact-xs"
          variant="default"
          loading={pages.isFetchingNextPage}
          onClick={() => void pages.fetchNextPage()}
        >
          {t('app.more')}
        </Button>
      )}
    </section>
  )
}

type CardProps = Pick<ColumnProps, 'may' | 'follow' | 'onDrag' | 'onMove' | 'onOpen'> & { lead: Lead }

function Card({ lead, may, follow, onDrag, onMove, onOpen }: CardProps) {
  const { t, clock } = useText()
  const now = useNow()
  const name = leadName(lead, t)
  const menu = useRef<HTMLSelectElement>(null)
  useEffect(() => {
    if (follow.current !== lead.id) return
    follow.current = null
    menu.current?.focus()
  }, [follow, lead.id])
  return (
    <article
      className={css.card}
      data-urgency={lead.urgency}
      data-testid="lead-card"
      draggable={may}
      onDragStart={(event) => {
        event.dataTransfer.effectAllowed = 'move'
        event.dataTransfer.setData('text/plain', lead.id)
        onDrag(lead)
      }}
      onDragEnd={() => onDrag(null)}
    >
      <button type="button" className={css.cardOpen} onClick={() => onOpen(lead)}>
        <bdi>{name}</bdi>
      </button>
      {lead.problem && <p dir="auto">{lead.problem}</p>}
      <div className={css.cardFacts}>
        <Urgency urgency={lead.urgency} />
        {lead.estimatedValue !== null && <Amount value={lead.estimatedValue} />}
        {lead.distance && <span data-far={!lead.distance.inArea || undefined}>{distanceText(lead.distance, clock)}</span>}
        {lead.assignee && <bdi>{lead.assignee.name}</bdi>}
        <small>{listTime(clock, lead.createdAt, now) || t('time.now')}</small>
      </div>
      {may && (
        <NativeSelect
          ref={menu}
          size="xs"
          aria-label={t('leads.move', { name })}
          value={lead.status}
          onChange={(event) => {
            const to = choices(lead.status).find((one) => one === event.currentTarget.value)
            // A reason is asked for before it is lost.
            follow.current = to && to !== 'lost' ? lead.id : null
            if (to) onMove(lead, to)
          }}
          data={choices(lead.status).map((one) => ({ value: one, label: t(`leads.status.${one}`) }))}
        />
      )}
    </article>
  )
}
