/** Texts for those who wrote STOP, START or HELP, in the language of the business. Pure. */
import type { ConsentAnswer } from './consents.ts'

interface Sender {
  name: string
  phone: string | null
  email: string | null
}
type Texts = Record<ConsentAnswer['answer'], (business: string, reach: string) => string>

const texts: Record<string, Texts> = {
  en: {
    stop: (business) => `${business}: you will get no more messages from us here. Reply START to get them again.`,
    start: (business) => `${business}: you will get our messages here again. Reply STOP to end them.`,
    help: (business, reach) => `${business}${reach}. Reply STOP to get no more messages. Message and data rates may apply.`,
  },
  es: {
    stop: (business) => `${business}: no recibirás más mensajes nuestros por aquí. Responde START para volver a recibirlos.`,
    start: (business) => `${business}: volverás a recibir nuestros mensajes por aquí. Responde STOP para no recibirlos.`,
    help: (business, reach) => `${business}${reach}. Responde STOP para no recibir más mensajes. Pueden aplicarse tarifas.`,
  },
  pt: {
    stop: (business) => `${business}: você não receberá mais mensagens nossas por aqui. Responda START para voltar a receber.`,
    start: (business) => `${business}: você voltará a receber nossas mensagens por aqui. Responda STOP para não receber.`,
    help: (business, reach) => `${business}${reach}. Responda STOP para não receber mais mensagens. Podem aplicar-se tarifas.`,
  },
  ru: {
    stop: (business) => `${business}: больше мы вам сюда не пишем. Чтобы снова получать сообщения, ответьте START.`,
    start: (business) => `${business}: вы снова будете получать наши сообщения. Чтобы отказаться, ответьте STOP.`,
    help: (business, reach) =>
      `${business}${reach}. Чтобы не получать сообщений, ответьте STOP. Возможна плата по тарифу оператора.`,
  },
  ar: {
    stop: (business) => `${business}: لن تصلك منا رسائل أخرى هنا. أرسل START لتصلك من جديد.`,
    start: (business) => `${business}: ستصلك رسائلنا هنا من جديد. أرسل STOP لإيقافها.`,
    help: (business, reach) => `${business}${reach}. أرسل STOP لإيقاف الرسائل. قد تُطبَّق رسوم الرسائل والبيانات.`,
  },
  de: {
    stop: (business) => `${business}: Sie erhalten hier keine Nachrichten mehr von uns. Mit START erhalten Sie wieder welche.`,
    start: (business) => `${business}: Sie erhalten hier wieder Nachrichten von uns. Mit STOP beenden Sie das.`,
    help: (business, reach) =>
      `${business}${reach}. Mit STOP erhalten Sie keine Nachrichten mehr. Es können Gebühren anfallen.`,
  },
  fr: {
    stop: (business) => `${business} : vous ne recevrez plus nos messages ici. Répondez START pour les recevoir à nouveau.`,
    start: (business) => `${business} : vous recevrez à nouveau nos messages ici. Répondez STOP pour ne plus les recevoir.`,
    help: (business, reach) =>
      `${business}${reach}. Répondez STOP pour ne plus recevoir de messages. Des frais peuvent s'appliquer.`,
  },
}

/** In English where the language is none of these. A region of it counts as the language. */
export function consentText(answer: ConsentAnswer['answer'], language: string, sender: Sender): string {
  const known = texts[language.toLowerCase().split('-')[0] ?? ''] ?? (texts.en as Texts)
  const reach = [sender.phone, sender.email].filter(Boolean).join(', ')
  return known[answer](sender.name.slice(0, 80), reach && `: ${reach}`)
}
