/** Forms for the tests of this folder, as Twilio posts them. */
export const sid = (n: number | string, prefix = 'SM'): string => prefix + String(n).padStart(32, '0')
export const SHOP = '+15550100009'
export const ADA = '+15550107001'
export const ACCOUNT = sid(1, 'AC')

export const form = (given: Record<string, string>): Buffer => Buffer.from(new URLSearchParams(given).toString())

export const sms = (more: Record<string, string> = {}): Buffer =>
  form({
    ...{
      ToCountry: 'US',
      FromCity: 'OAKLAND',
      FromState: 'CA',
      FromZip: '',
      SmsMessageSid: sid(7),
      NumMedia: '0',
      SmsSid: sid(7),
    },
    ...{
      SmsStatus: 'received',
      Body: 'Is anybody there?',
      To: SHOP,
      NumSegments: '1',
      ReferralNumMedia: '0',
      MessageSid: sid(7),
    },
    ...{ AccountSid: ACCOUNT, From: ADA, ApiVersion: '2010-04-01' },
    ...more,
  })

export const onWhatsApp = (more: Record<string, string> = {}): Buffer =>
  sms({
    ...{ From: `whatsapp:${ADA}`, To: `whatsapp:${SHOP}`, ProfileName: 'Ada', WaId: ADA.slice(1), MessageType: 'text' },
    ...more,
  })

export const status = (word: string, more: Record<string, string> = {}): Buffer =>
  form({
    ...{
      ApiVersion: '2010-04-01',
      MessageStatus: word,
      SmsSid: sid(9),
      SmsStatus: word,
      To: ADA,
      From: SHOP,
      MessageSid: sid(9),
    },
    ...{ AccountSid: ACCOUNT },
    ...more,
  })
