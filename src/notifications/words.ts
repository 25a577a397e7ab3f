/** What mails, texts and pushes say, in the language of the business. The console has words of its own. Pure. */
import type { NotificationKind } from '../conversations/notify.ts'

interface Said {
  title: string
  text: string
}
interface About {
  business: string
  /** The customer: name, else number, else ''. */
  who: string
  /** A line of the customer's, or why; ''. */
  what: string
}
type Words = Record<NotificationKind, (about: About) => Said> & { open: string; nobody: string }

const rest = (what: string): string => (what ? ` ${what}` : '')

const words: Record<string, Words> = {
  en: {
    open: 'Open',
    nobody: 'a customer',
    emergency: ({ who, what }) => ({ title: `Emergency: ${who}`, text: `${who} needs help now.${rest(what)}` }),
    caller_waits: ({ who }) => ({
      title: `Call back ${who}`,
      text: `A call of ${who} was missed and could not be answered by text.`,
    }),
    lead: ({ who, what }) => ({ title: `New lead: ${who}`, text: `${who} asked for something.${rest(what)}` }),
    handed_over: ({ who, what }) => ({
      title: `${who} waits for you`,
      text: `The assistant handed ${who} over to the team.${rest(what)}`,
    }),
    account_down: ({ who, what }) => ({
      title: `${who} is not connected`,
      text: `${who} neither sends nor receives.${rest(what)}`,
    }),
    number_waits: ({ who, what }) => ({
      title: `${who} waits`,
      text: `${who} has waited for more than an hour to be set up or given back.${rest(what)}`,
    }),
  },
  es: {
    open: 'Abrir',
    nobody: 'un cliente',
    emergency: ({ who, what }) => ({ title: `Urgencia: ${who}`, text: `${who} necesita ayuda ahora.${rest(what)}` }),
    caller_waits: ({ who }) => ({
      title: `Llama a ${who}`,
      text: `Se perdió una llamada de ${who} y no se pudo responder con un mensaje.`,
    }),
    lead: ({ who, what }) => ({ title: `Nuevo cliente potencial: ${who}`, text: `${who} ha pedido algo.${rest(what)}` }),
    handed_over: ({ who, what }) => ({ title: `${who} te espera`, text: `El asistente pasó a ${who} al equipo.${rest(what)}` }),
    account_down: ({ who, what }) => ({ title: `${who} sin conexión`, text: `${who} no envía ni recibe.${rest(what)}` }),
    number_waits: ({ who, what }) => ({
      title: `${who} espera`,
      text: `${who} lleva más de una hora esperando a ser configurado o devuelto.${rest(what)}`,
    }),
  },
  pt: {
    open: 'Abrir',
    nobody: 'um cliente',
    emergency: ({ who, what }) => ({ title: `Emergência: ${who}`, text: `${who} precisa de ajuda agora.${rest(what)}` }),
    caller_waits: ({ who }) => ({
      title: `Ligue para ${who}`,
      text: `Uma chamada de ${who} foi perdida e não pôde ser respondida por mensagem.`,
    }),
    lead: ({ who, what }) => ({ title: `Novo interessado: ${who}`, text: `${who} pediu algo.${rest(what)}` }),
    handed_over: ({ who, what }) => ({
      title: `${who} espera por você`,
      text: `O assistente passou ${who} para a equipe.${rest(what)}`,
    }),
    account_down: ({ who, what }) => ({ title: `${who} sem conexão`, text: `${who} não envia nem recebe.${rest(what)}` }),
    number_waits: ({ who, what }) => ({
      title: `${who} está à espera`,
      text: `${who} espera há mais de uma hora para ser configurado ou devolvido.${rest(what)}`,
    }),
  },
  ru: {
    open: 'Открыть',
    nobody: 'клиент',
    emergency: ({ who, what }) => ({ title: `Срочно: ${who}`, text: `${who}: помощь нужна сейчас.${rest(what)}` }),
    caller_waits: ({ who }) => ({
      title: `Перезвоните: ${who}`,
      text: `${who}: звонок пропущен, и ответить сообщением не удалось.`,
    }),
    lead: ({ who, what }) => ({ title: `Новая заявка: ${who}`, text: `${who}: новая заявка.${rest(what)}` }),
    handed_over: ({ who, what }) => ({
      title: `${who}: ждут вас`,
      text: `${who}: ассистент передал разговор команде.${rest(what)}`,
    }),
    account_down: ({ who, what }) => ({
      title: `${who}: нет связи`,
      text: `${who}: сообщения не уходят и не приходят.${rest(what)}`,
    }),
    number_waits: ({ who, what }) => ({
      title: `${who}: ожидание`,
      text: `${who}: номер больше часа ждёт настройки или возврата.${rest(what)}`,
    }),
  },
  ar: {
    open: 'فتح',
    nobody: 'أحد العملاء',
    emergency: ({ who, what }) => ({ title: `حالة طارئة: ${who}`, text: `${who} بحاجة إلى مساعدة الآن.${rest(what)}` }),
    caller_waits: ({ who }) => ({ title: `اتصل بـ ${who}`, text: `فاتتك مكالمة من ${who} ولم يمكن الرد عليها برسالة.` }),
    lead: ({ who, what }) => ({ title: `عميل محتمل جديد: ${who}`, text: `${who} طلب خدمة.${rest(what)}` }),
    handed_over: ({ who, what }) => ({ title: `${who} بانتظارك`, text: `حوّل المساعد ${who} إلى الفريق.${rest(what)}` }),
    account_down: ({ who, what }) => ({ title: `${who} غير متصل`, text: `${who} لا يرسل ولا يستقبل.${rest(what)}` }),
    number_waits: ({ who, what }) => ({
      title: `${who} ينتظر`,
      text: `${who} ينتظر منذ أكثر من ساعة أن يُجهَّز أو يُعاد.${rest(what)}`,
    }),
  },
}
export const wordedLanguages = Object.keys(words)

/** Longest line of a customer that is quoted. Characters. */
const quoted = 140
const cut = (text: string): string => {
  const line = [...text.replace(/\s+/g, ' ').trim()]
  return line.length > quoted ? `${line.slice(0, quoted - 1).join('')}…` : line.join('')
}

/** In English where the language is none of these. A region of it counts as the language. */
export function say(kind: NotificationKind, language: string, about: About): Said & { open: string } {
  const known = words[language.toLowerCase().split('-')[0] ?? ''] ?? (words.en as Words)
  return { ...known[kind]({ ...about, who: cut(about.who) || known.nobody, what: cut(about.what) }), open: known.open }
}
