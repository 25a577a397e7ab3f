import type { Business, PatchBusiness } from '../../../client/index.ts'
import { keys } from '../app/cache.ts'
import { useConsole } from '../app/context.ts'
import { useText } from '../app/text.tsx'
import { useChange } from './parts.tsx'

export function useSaveBusiness(saved: (business: Business) => void = () => {}) {
  const { api, queries } = useConsole()
  const { t } = useText()
  return useChange({
    run: (patch: PatchBusiness) => api.business.update(patch),
    done: t('app.saved'),
    after: (next: Business) => {
      saved(next)
      queries.setQueryData(keys.business, next)
      void queries.invalidateQueries({ queryKey: keys.session })
    },
  })
}
