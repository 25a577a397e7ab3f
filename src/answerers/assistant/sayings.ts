/** What people say that is neither their problem nor an emergency: greetings, wishes, questions, how soon. Pure. */
import { find, phrases, plain, without } from './words.ts'

const person = phrases(
  'real person|a person|a human|live person|human please|talk to someone|speak to someone|talk to somebody|speak to somebody|speak with someone|speak with a|talk to the owner|speak to the owner|talk to a manager|representative|live agent|an agent|operator please|call me|please call|give me a call',
  'una persona|persona real|humano|hablar con alguien|hablar con una|hablar con el|un operador|llameme|llamame|me pueden llamar|pueden llamarme|con el encargado|con el dueno',
  'uma pessoa|falar com alguem|atendente|me ligue|me liga|живой человек|с человеком|позвоните|перезвоните|оператор|einen menschen|mit jemandem sprechen|rufen sie mich an|une personne|parler a quelquun|rappelez moi|شخص حقيقي|اتصلوا بي|اتصل بي',
)
const greeting = phrases(
  'hi|hello|hey|good morning|good afternoon|good evening|hi there|hello there|anyone there|anybody there|are you there|yes|ok|okay|thanks|thank you|missed call|you called|i called|i just called',
  'hola|buenas|buenos dias|buenas tardes|buenas noches|hay alguien|si|gracias|llame|acabo de llamar|los llame',
  'ola|oi|bom dia|boa tarde|boa noite|sim|obrigado|obrigada|привет|здравствуйте|добрый день|добрый вечер|алло|да|спасибо|я звонил|я звонила|hallo|guten tag|guten morgen|ja|danke|bonjour|bonsoir|oui|merci|مرحبا|السلام عليكم|نعم|شكرا|اهلا',
)
const filler = phrases(
  'there|anyone|is|please|again|you|everyone|all|sir|madam|i|need|help|some|need some',
  'por favor|senor|necesito|ayuda|a todos',
  'пожалуйста|помощь|нужна|preciso|ajuda|brauche|hilfe|besoin|daide',
)
const price = phrases(
  'how much|price|prices|cost|costs|quote|estimate|rate|rates|charge|fee',
  'cuanto cuesta|cuanto cobran|cuanto sale|cuanto es|precio|precios|costo|presupuesto|cotizacion|tarifa',
  'quanto custa|preco|orcamento|сколько стоит|сколько будет|цена|стоимость|was kostet|wie viel|preis|combien|prix|devis|tarif|كم السعر|بكم|السعر',
)
const when = phrases(
  'when can you|how soon can|what time|appointment|schedule|book|available|availability|can you come|could you come|are you open|hours',
  'cuando pueden|cuando puede|a que hora|cita|agendar|disponible|pueden venir|puede venir|horario|estan abiertos',
  'quando podem|agendar|horario|podem vir|когда сможете|когда приедете|во сколько|записаться|можете приехать|wann konnen|termin|konnen sie kommen|quand pouvez|rendez vous|pouvez vous venir|متى|موعد',
)

const soonest = phrases(
  'now|right now|asap|as soon as possible|immediately|right away|today|tonight|urgent|urgently|this morning|this afternoon|this evening',
  'ahora|ahorita|ya mismo|lo antes posible|cuanto antes|inmediatamente|hoy|esta noche|urgente|urgentemente|esta tarde',
  'agora|hoje|urgente|o quanto antes|сейчас|срочно|сегодня|как можно скорее|немедленно|heute|sofort|dringend|so schnell wie moglich|aujourdhui|maintenant|urgent|tout de suite|des que possible|الان|اليوم|عاجل|فورا',
)
const thisWeek = phrases(
  'tomorrow|this week|in a few days|couple of days|next few days|soon',
  'manana|esta semana|en unos dias|pronto',
  'amanha|esta semana|завтра|на этой неделе|в ближайшие дни|morgen|diese woche|demain|cette semaine|غدا|هذا الاسبوع',
)
const noHurry = phrases(
  'no rush|no hurry|not urgent|isnt urgent|whenever|any time|anytime|next week|next month|sometime|flexible|not in a hurry|can wait|just a quote',
  'sin prisa|no hay prisa|no es urgente|no urge|cuando puedan|cuando pueda|proxima semana|proximo mes|puede esperar',
  'sem pressa|nao e urgente|semana que vem|не срочно|не спешу|на следующей неделе|когда угодно|подождет|nicht dringend|keine eile|nachste woche|pas urgent|pas presse|semaine prochaine|ليس عاجلا|لا عجلة',
)

export type Urgency = 'low' | 'normal' | 'high' | 'emergency'

/** How soon somebody wants it done; null where they did not say. */
export function urgencyIn(line: string): Exclude<Urgency, 'emergency'> | null {
  const text = plain(line)
  if (find(text, noHurry)) return 'low'
  const rest = without(text, noHurry)
  if (find(rest, soonest)) return 'high'
  return find(rest, thisWeek) ? 'normal' : null
}

export const wantsPerson = (line: string): boolean => find(plain(line), person) !== undefined

/** Nothing but a greeting, thanks, or "I called": it says nothing of a problem. */
export function isGreeting(line: string): boolean {
  const rest = without(without(plain(line), greeting), filler).trim()
  return rest === '' || rest.length <= 2
}

export type Question = 'price' | 'when'
export function questionsIn(line: string): Question[] {
  const text = plain(line)
  return [...(find(text, price) ? (['price'] as const) : []), ...(find(text, when) ? (['when'] as const) : [])]
}
