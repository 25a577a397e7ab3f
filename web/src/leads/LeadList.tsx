/** The same as a list, newest first. */
import { Button, Skeleton } from '@mantine/core'
import type { Lead } from '../../../client/index.ts'
import { useNow } from '../app/now.ts'
import { reasonOf } from '../app/reason.ts'
import { Empty, Failed } from '../app/Trouble.tsx'
import { useText } from '../app/text.tsx'
import type { LeadSearch } from '../rules/leadBoard.ts'
import { listTime } from '../text/time.ts'
import css from './leads.module.css'
import { Amount, leadName, Urgency } from './parts.tsx'
import { useLeads } from './useLeads.ts'

export function LeadList({ search, onOpen }: { search: LeadSearch; onOpen: (lead: Lead) => void }) {
  const { t, clock } = useText()
  const now = useNow()
  const { pages, leads } = useLeads(search, 'all')
  if (pages.isPending) return <Skeleton height={240} m={16} />
  if (pages.isError && !pages.data)
    return <Failed text={t('context.failed')} reason={reasonOf(pages.error, t)} onRetry={() => void pages.refetch()} />
  if (leads.length === 0 && !pages.hasNextPage)
    return search.q || search.urgency || search.assignee ? (
      <Empty title={t('list.empty.search')} />
    ) : (
      <Empty title={t('leads.empty')} text={t('leads.empty.text')} />
    )
  return (
    <div className={css.tableBox}>
      <table className={css.table} data-testid="lead-table">
        <thead>
          <tr>
            <th scope="col">{t('leads.name')}</th>
            <th scope="col">{t('leads.state')}</th>
            <th scope="col">{t('leads.problem')}</th>
            <th scope="col">{t('leads.value')}</th>
            <th scope="col">{t('leads.assignee')}</th>
            <th scope="col">{t('leads.since')}</th>
          </tr>
        </thead>
        <tbody>
          {leads.map((lead) => (
            <tr key={lead.id}>
              <th scope="row">
                <button type="button" className={css.cardOpen} onClick={() => onOpen(lead)}>
                  <bdi>{leadName(lead, t)}</bdi>
                </button>
              </th>
              <td>
                {t(`leads.status.${lead.status}`)} <Urgency urgency={lead.urgency} />
              </td>
              <td dir="auto">{lead.problem}</td>
              <td>{lead.estimatedValue !== null && <Amount value={lead.estimatedValue} />}</td>
              <td>{lead.assignee && <bdi>{lead.assignee.name}</bdi>}</td>
              <td>{listTime(clock, lead.createdAt, now) || t('time.now')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {pages.hasNextPage && (
        <Button
          m={12}
          size="xs"
          variant="default"
          loading={pages.isFetchingNextPage}
          onClick={() => void pages.fetchNextPage()}
        >
          {t('app.more')}
        </Button>
      )}
    </div>
  )
}
