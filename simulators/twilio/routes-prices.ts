import { param, type Route } from './requests.ts'
import { notFound } from './rest-error.ts'

/** What a month of a number costs, of the kinds that are sold in the country. */
export const priceRoutes: Route[] = [
  {
    method: 'GET',
    path: '/v1/PhoneNumbers/Countries/:country',
    handle({ world, request }) {
      const country = param(request, 'country')
      const prices = world.settings.prices[country]
      if (!prices) throw notFound(request.url)
      return {
        country: country === 'US' ? 'United States' : country,
        iso_country: country,
        price_unit: 'USD',
        phone_number_prices: Object.entries(prices).map(([number_type, price]) => ({
          ...{ number_type, base_price: price, current_price: price },
        })),
        url: `${world.mountUrl()}/v1/PhoneNumbers/Countries/${country}`,
      }
    },
  },
]
