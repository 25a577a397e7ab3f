/**
 * What people write, in five scripts: the words that make up most of it as they are, behind them a long tail of made-up ones,
 * all by Zipf's law; lengths as in messages. Nothing of it needs escaping, neither in JSON nor in a COPY.
 */
import { byWeight, type Random } from './random.ts'

export const scripts = ['latin', 'cyrillic', 'arabic', 'hebrew', 'han'] as const
export type Script = (typeof scripts)[number]

const common: Record<Script, string> = {
  latin: `the to you and a is for it i we can of in on please my have be thanks are your not me this do at will ok with hello just tomorrow
today time yes no when what how much order appointment delivery price call back good morning evening sorry problem invoice payment water
kitchen repair address number still need see know let get would could send photo monday tuesday friday week o'clock hours near street
thank great sure fine perfect waiting arrived broken open closed paid cash card again already later soon money help question`,
  cyrillic: `и в не на я что вы с у как мне это да нет по а можно когда для за есть мы уже спасибо здравствуйте добрый день завтра сегодня
хорошо пожалуйста сколько стоит заказ доставка адрес цена запись мастер время приедет ремонт оплата карта ещё будет только если вас нам
вода кухня кран ждём буду понятно отлично вопрос телефон номер улица дом квартира утром вечером понедельник пятница неделя час деньги`,
  arabic: `في من على السلام عليكم شكرا نعم لا كم السعر متى غدا اليوم الطلب التوصيل العنوان موعد صباح الخير مساء هل يمكن أريد ممكن لو سمحت
تمام الآن بعد قبل الساعة المطبخ الماء تصليح الدفع نقدا بطاقة رقم الهاتف شارع بيت أنا أنت هذا هذه ما كيف أين لماذا سوف وصل انتظر مشكلة`,
  hebrew: `את של על לא זה אני מה יש כן תודה שלום בבקשה מתי כמה עולה מחר היום הזמנה משלוח כתובת מחיר תור שעה בוקר טוב ערב אפשר צריך רוצה
אנחנו הוא היא גם רק עוד כבר אחרי לפני מים מטבח תיקון תשלום אשראי מזומן מספר טלפון רחוב בית בעיה מחכה הגיע סגור פתוח שבוע יום`,
  han: `你好 谢谢 请问 多少钱 什么 时候 明天 今天 可以 我们 你们 没有 知道 送货 地址 预约 价格 师傅 修理 厨房 漏水 付款 电话 上午 下午 晚上 星期一 星期五
的 了 是 我 在 不 有 吗 好 要 这个 那个 一下 已经 还没 麻烦 需要 问题 等 到 家 号 楼 小时 发 照片 安装 订单 收到 现金`,
}
const letters: Record<Exclude<Script, 'han'>, [heads: string, tails: string]> = {
  latin: ['bcdfghklmnprstvwz', 'aeiou'],
  cyrillic: ['бвгдзклмнпрстфх', 'аеиоуы'],
  arabic: ['بتجحدرسشطعفقكلمن', 'اوي'],
  hebrew: ['בגדהזחטכלמנספצקרש', 'אוי'],
}
/** Words of a script in all. Han has runs of characters instead: the 3,000 most used make up nearly everything. */
const vocabulary = 40_000
const hanCharacters = 3000

function madeUp(script: Script, rank: number): string {
  if (script === 'han') return String.fromCodePoint(0x4e00 + ((rank * 37) % hanCharacters))
  const [heads, tails] = letters[script]
  let word = ''
  for (let n = rank; n > 0 || word.length < 4; n = Math.floor(n / (heads.length * tails.length)))
    word += `${heads[n % heads.length]}${tails[Math.floor(n / heads.length) % tails.length]}`
  return word
}

interface Tongue {
  words: string[]
  rank: (random: Random) => number
  joint: string
  question: string
  /** Words or characters of a message: a few or a dozen, seldom a page. */
  longest: number
}

function tongueOf(script: Script): Tongue {
  const known = common[script].split(/\s+/)
  const size = script === 'han' ? known.length + hanCharacters : vocabulary
  const words = Array.from({ length: size }, (_, n) => known[n] ?? madeUp(script, n))
  return {
    words,
    rank: byWeight(words.map((_, n) => 1 / (n + 2.7))),
    joint: script === 'han' ? '' : ' ',
    question: script === 'arabic' ? '؟' : script === 'han' ? '？' : '?',
    longest: 90,
  }
}

const tongues = new Map<Script, Tongue>()
const tongue = (script: Script): Tongue => {
  const known = tongues.get(script) ?? tongueOf(script)
  tongues.set(script, known)
  return known
}

/** Mostly 3–12 words, a tail up to 90. */
export function textOf(random: Random, script: Script): string {
  const { words, rank, joint, question, longest } = tongue(script)
  const u = random.next()
  const count = Math.min(longest, 1 + Math.floor(-7.5 * Math.log(1 - u * 0.99999)))
  let text = words[rank(random)] as string
  for (let n = 1; n < count; n++) text += joint + (words[rank(random)] as string)
  const end = random.next()
  if (end < 0.2) return text + question
  if (end < 0.24) return `${text} ${random.pick(['👍', '🙏', '😊', '🚰', '❤️'])}`
  return end < 0.45 ? `${text}${script === 'han' ? '。' : '.'}` : text
}
