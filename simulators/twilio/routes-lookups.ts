import { param, query, type Route } from './requests.ts'

const countries: [prefix: string, country: string, code: string][] = [
  ['+1', 'US', '1'],
  ['+44', 'GB', '44'],
  ['+49', 'DE', '49'],
]

export const lookupRoutes: Route[] = [
  {
    method: 'GET',
    path: '/v2/PhoneNumbers/:number',
    handle({ world, request }) {
      const number = decodeURIComponent(param(request, 'number'))
      const fields = new Set((query(request, 'Fields') ?? '').split(','))
      const country = countries.find(([prefix]) => number.startsWith(prefix))
      const digits = number.replace(/\D/g, '').length
      const wrong = !/^\+[1-9]\d+$/.test(number)
        ? ['NOT_A_NUMBER']
        : digits > 15 || (country?.[1] === 'US' && digits > 11)
          ? ['TOO_LONG']
          : digits < 8 || (country?.[1] === 'US' && digits < 11)
            ? ['TOO_SHORT']
            : null
      const phone = world.phones.get(number)
      return {
        calling_country_code: wrong ? null : (country?.[2] ?? null),
        country_code: wrong ? null : (country?.[1] ?? null),
        phone_number: number,
        national_format: wrong ? null : number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, '($1) $2-$3'),
        valid: wrong === null,
        validation_errors: wrong,
        caller_name:
          fields.has('caller_name') && !wrong
            ? { caller_name: phone?.name ?? null, caller_type: 'CONSUMER', error_code: null }
            : null,
        sim_swap: null,
        call_forwarding: null,
        line_status: null,
        line_type_intelligence:
          fields.has('line_type_intelligence') && !wrong
            ? {
                error_code: null,
                mobile_country_code: phone?.landline ? null : '310',
                mobile_network_code: phone?.landline ? null : '456',
                carrier_name: 'Simulated carrier',
                type: phone?.landline ? 'landline' : 'mobile',
              }
            : null,
        identity_match: null,
        reassigned_number: null,
        sms_pumping_risk: null,
        phone_number_quality_score: null,
        pre_fill: null,
        url: `${world.mountUrl()}/v2/PhoneNumbers/${number}`,
      }
    },
  },
]
