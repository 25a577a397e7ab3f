import IconShoppingBag from '@tabler/icons-react/dist/esm/icons/IconShoppingBag.mjs'
import type { Message } from '../../../../../client/index.ts'
import { useText } from '../../../app/text.tsx'
import { Formatted } from '../Formatted.tsx'
import css from './bodies.module.css'
import { fieldsOf } from './fields.ts'
import { type OrderItem, sumsOf } from './order.ts'

export function OrderBody({ message }: { message: Message }) {
  const { t, clock } = useText()
  const body = fieldsOf(message.body)
  const items: OrderItem[] = body.list('items').map((one) => ({
    productId: one.text('productId') ?? '',
    quantity: one.number('quantity') ?? 1,
    price: one.number('price'),
    currency: one.text('currency'),
  }))
  const money = (amount: number, currency: string) => writeMoney(clock.language, amount, currency)
  return (
    <div className={css.order}>
      <strong>
        <IconShoppingBag size={16} aria-hidden /> {t('order.title', { n: items.reduce((sum, one) => sum + one.quantity, 0) })}
      </strong>
      <table>
        <tbody>
          {items.map((one) => (
            <tr key={one.productId}>
              <td>{one.quantity} ×</td>
              <td>
                <bdi>{one.productId}</bdi>
              </td>
              <td>{one.price !== undefined && one.currency ? money(one.price * one.quantity, one.currency) : ''}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          {sumsOf(items).map(([currency, sum]) => (
            <tr key={currency}>
              <td colSpan={2}>{t('order.sum')}</td>
              <td>{money(sum, currency)}</td>
            </tr>
          ))}
        </tfoot>
      </table>
      {body.text('text') && <Formatted text={body.text('text') ?? ''} />}
    </div>
  )
}

function writeMoney(language: string, amount: number, currency: string): string {
  try {
    return new Intl.NumberFormat(language, { style: 'currency', currency }).format(amount)
  } catch {
    // Not a currency code that the browser knows.
    return `${amount} ${currency}`
  }
}
