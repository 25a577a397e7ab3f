/** What the assistant has to know of the business it speaks for. */
import type { ServiceArea } from '../../kernel/distance.ts'

export interface BusinessFacts {
  name: string
  /** As the business wrote it down; null where it did not. */
  tradeType: string | null
  /** BCP 47. */
  language: string
  /** [TRADE] becomes the trade. */
  greetingTemplate: string
  /** null where it is not known where the business is. */
  area: ServiceArea | null
}
