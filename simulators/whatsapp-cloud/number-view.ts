import type { BusinessNumber, Json } from './types.ts'

/** `GET /{number}`. */
export function numberView(number: BusinessNumber): Json {
  return {
    id: number.phoneNumberId,
    display_phone_number: number.displayPhoneNumber,
    verified_name: number.verifiedName,
    quality_rating: number.qualityRating,
    name_status: 'APPROVED',
    code_verification_status: 'VERIFIED',
    status: number.registered ? 'CONNECTED' : 'DISCONNECTED',
    platform_type: 'CLOUD_API',
    account_mode: 'LIVE',
    messaging_limit_tier: number.tier,
    whatsapp_business_manager_messaging_limit: number.tier,
    throughput: { level: number.throughputPerSecond > 80 ? 'HIGH' : 'STANDARD' },
    ...(number.override ? { webhook_configuration: { phone_number: number.override.url } } : {}),
  }
}
