import { useQuery } from '@tanstack/react-query'
import type { Account } from '../../../../client/index.ts'
import { keys } from '../../app/cache.ts'
import { useConsole } from '../../app/context.ts'

export function useAccounts() {
  const { api } = useConsole()
  return useQuery({ queryKey: keys.accounts, queryFn: ({ signal }) => api.accounts.list({ signal }) })
}

export const useAccount = (id: string): Account | undefined => useAccounts().data?.items.find((one) => one.id === id)
