/** The words by which people say that they want no more messages, want them again, or want help. Pure. */

export type ConsentWord = 'stop' | 'start' | 'help'

/**
 * Meant by nobody as anything else, in any language that people write to a business in: a customer does not know which one
 * the business has set.
 */
const plain: Record<'stop' | 'start', readonly string[]> = {
  stop: [
    ...['STOP', 'STOPALL', 'STOP ALL', 'UNSUBSCRIBE', 'OPTOUT', 'OPT OUT', 'OPT-OUT', 'REVOKE'],
    ...['BAJA', 'DARME DE BAJA', 'DAR DE BAJA', 'PARAR', 'DETENER', 'ALTO'], // Spanish
    ...['PARE', 'SAIR', 'DESCADASTRAR', 'CANCELAR INSCRIÇÃO'], // Portuguese
    ...['СТОП', 'ОТПИСАТЬСЯ', 'ОТПИСКА', 'ОТПИШИТЕ', 'ОТПИСАТЬ'], // Russian
    ...['قف', 'توقف', 'إيقاف', 'ايقاف', 'إلغاء الاشتراك', 'الغاء الاشتراك'], // Arabic
    ...['STOPP', 'ABMELDEN', 'ABBESTELLEN'], // German
    ...['ARRET', 'ARRÊT', 'ARRETER', 'ARRÊTER', 'DESABONNER', 'DÉSABONNER', 'SE DÉSABONNER'], // French
  ],
  start: [
    ...['START', 'UNSTOP'],
    ...['ALTA', 'DARME DE ALTA', 'INICIAR', 'REANUDAR', 'RETOMAR'], // Spanish, Portuguese
    ...['СТАРТ', 'ПОДПИСАТЬСЯ', 'ابدأ', 'ابدا', 'اشتراك', 'WIEDER ANMELDEN', 'DEMARRER', 'DÉMARRER', 'REPRENDRE'],
  ],
}

/**
 * What carriers in North America count as well where the channel is theirs. Elsewhere "cancel", "end" or "info" is an answer
 * or a question like any other. YES is not among them: only some toll-free numbers count it, and their provider says so itself.
 */
const carriers: Record<ConsentWord, readonly string[]> = {
  stop: ['CANCEL', 'END', 'QUIT', 'CANCELAR'],
  start: [],
  help: ['HELP', 'INFO', 'AYUDA', 'AJUDA', 'ПОМОЩЬ', 'مساعدة', 'HILFE', 'AIDE'],
}

const listed = (words: Partial<Record<ConsentWord, readonly string[]>>) =>
  Object.entries(words).flatMap(([kind, list]) => list.map((word) => [word, kind as ConsentWord] as const))
const everywhere = new Map(listed(plain))
const atCarriers = new Map([...listed(plain), ...listed(carriers)])

/** Longer than the longest of them, with what people put around it. */
const longest = 32

/** What people put around a word, emoji included; not a question mark, which makes a question of it. */
const around = String.raw`(?:(?![?\u061f\u00bf])[\s\p{P}\p{S}\ufe0f])+`
const edges = new RegExp(`^${around}|${around}$`, 'gu')

/**
 * The whole line is the word, whatever its case and width: "please stop by at 5" is none. Marks
 * around it change nothing, nor do those that nobody sees, which keyboards of languages written from the right add.
 */
export function consentWord(text: string | null, carrier: boolean): ConsentWord | undefined {
  if (text === null || text.length > longest) return undefined
  const word = text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .toUpperCase()
    .replace(edges, '')
    .replace(/\s+/gu, ' ')
  return (carrier ? atCarriers : everywhere).get(word)
}
