/** What a business says to callers as long as it has written nothing of its own, in the languages of the console. Pure. */
import type { CallSettings } from './schema.ts'
import { type WordLanguage, wordLanguages } from './word-languages.ts'

export type CallWords = Pick<CallSettings, 'text' | 'greeting' | 'greetingWithoutText'> & { afterHoursText: string }

/** Those in English are also what the database begins with. */
export const standardWords: Record<WordLanguage, CallWords> = {
  en: {
    text: 'Hi! Sorry we missed your call. How can we help?',
    afterHoursText:
      'Hi! This is [BUSINESS]. We are closed right now. Tell us what you need and we will answer when we open again.',
    greeting: 'Sorry, we cannot take your call right now. We will text you in a moment.',
    greetingWithoutText: 'Sorry, we cannot take your call right now. We will get back to you as soon as we can.',
  },
  es: {
    text: 'Hola, sentimos no haber contestado su llamada. ¿En qué le podemos ayudar?',
    afterHoursText: 'Hola, somos [BUSINESS]. Ahora estamos cerrados. Escriba lo que necesita y le contestaremos al abrir.',
    greeting: 'Lo sentimos, ahora no podemos atender su llamada. Le escribiremos en un momento.',
    greetingWithoutText: 'Lo sentimos, ahora no podemos atender su llamada. Le devolveremos la llamada lo antes posible.',
  },
  pt: {
    text: 'Oi! Desculpe, perdemos a sua chamada. Como podemos ajudar?',
    afterHoursText: 'Oi! Aqui é [BUSINESS]. Estamos fechados agora. Diga o que precisa e respondemos quando abrirmos.',
    greeting: 'Desculpe, não podemos atender agora. Vamos enviar uma mensagem em instantes.',
    greetingWithoutText: 'Desculpe, não podemos atender agora. Retornaremos assim que possível.',
  },
  ru: {
    text: 'Здравствуйте! Простите, пропустили звонок. Чем помочь?',
    afterHoursText: 'Это [BUSINESS]. Сейчас мы закрыты. Напишите, что нужно, ответим, когда откроемся.',
    greeting: 'Извините, сейчас мы не можем ответить. Мы напишем вам через минуту.',
    greetingWithoutText: 'Извините, сейчас мы не можем ответить. Мы свяжемся с вами, как только сможем.',
  },
  ar: {
    text: 'مرحبًا! نعتذر لأننا لم نرد على مكالمتك. كيف نساعدك؟',
    afterHoursText: 'هنا [BUSINESS]. نحن مغلقون الآن. اكتب لنا ما تحتاجه وسنرد عندما نفتح.',
    greeting: 'عذرًا، لا يمكننا الرد على مكالمتك الآن. سنرسل لك رسالة بعد لحظات.',
    greetingWithoutText: 'عذرًا، لا يمكننا الرد على مكالمتك الآن. سنعاود الاتصال بك في أقرب وقت.',
  },
}

/** By the language of the business; English where there are no words in it. */
export const wordsIn = (language: string | null): WordLanguage =>
  wordLanguages.find((one) => one === (language ?? '').toLowerCase().split('-')[0]) ?? 'en'

/** A business that has changed nothing: the telephone and the leads are its own and no matter of taste. */
export const standardSettings = (language: string | null): Omit<CallSettings, 'forwardTo' | 'leadsFromTexts'> => {
  const { text, greeting, greetingWithoutText } = standardWords[wordsIn(language)]
  return {
    ...{ ringSeconds: 20, answerByKey: false, minimumAnsweredSeconds: null, cooldownMinutes: 60, automaticText: true },
    ...{ text, greeting, greetingWithoutText, afterHoursText: null, quietHours: null },
  }
}
