/** Customers' names and numbers. Names are common ones put together at random; numbers follow their countries' lengths. */
import { byWeight, type Random } from './random.ts'
import { type Script, scripts } from './words.ts'

const names: Record<Script, [first: string, last: string]> = {
  latin: [
    'Ana Ben Carla David Emma Felix Grace Hugo Ines Jack Kate Leo Maria Noah Olga Paul Rosa Sam Tina Victor Zoe João Zoë Łukasz Søren',
    'Baker Costa Diaz Evans Fischer Garcia Hill Ivanov Jones Klein Lopez Moore Nowak Owen Price Quinn Rossi Silva Turner Walker Müller Peña',
  ],
  cyrillic: [
    'Анна Борис Вера Глеб Дарья Егор Жанна Иван Ирина Кирилл Лариса Максим Нина Олег Павел Роман Светлана Тимур Юлия Яна',
    'Белов Волков Громов Дьяков Ершов Жуков Зайцев Ильин Козлов Лебедев Морозов Новиков Орлов Петров Соколов Титов Фёдоров Шевченко',
  ],
  arabic: [
    'أحمد إبراهيم أمل بدر جميلة حسن خالد دينا رانيا زياد سارة سعيد طارق عائشة عمر فاطمة كريم ليلى محمود نور هدى يوسف',
    'حسن علي سالم ناصر الشريف منصور عبدالله الخطيب حداد نجار صباغ الأحمد درويش قاسم مراد',
  ],
  hebrew: [
    'אבי אורלי גיל דנה הילה זיו חנה יעל יוסי לאה מאיר נועה עומר רותם שירה תמר',
    'כהן לוי מזרחי פרץ ביטון דהן אברהם פרידמן שפירא גולן ברק שמש אלון',
  ],
  han: [
    '伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀英 建华 志强',
    '王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗',
  ],
}
/** Country codes with a beginning of mobile numbers and how many digits follow. */
const countries: Record<Script, readonly [prefix: string, digits: number][]> = {
  latin: [
    ['1555', 7],
    ['4477', 8],
    ['55119', 8],
    ['49151', 8],
  ],
  cyrillic: [['79', 9]],
  arabic: [
    ['2010', 8],
    ['9715', 8],
  ],
  hebrew: [['9725', 8]],
  han: [['8613', 9]],
}
export const scriptShares: Record<Script, number> = { latin: 46, cyrillic: 20, arabic: 14, hebrew: 8, han: 12 }
const scriptOf = byWeight(scripts.map((script) => scriptShares[script]))
const parts = new Map(scripts.map((script) => [script, names[script].map((list) => list.split(' '))]))

export interface Person {
  script: Script
  /** Null for those who never told one. */
  name: string | null
  /** E.164 without the plus; no two people of the same `number` below ten million share it. */
  digits: string
}

export function personOf(random: Random, number: number): Person {
  const script = scripts[scriptOf(random)] as Script
  const [first, last] = parts.get(script) as [string[], string[]]
  const [prefix, length] = countries[script][number % countries[script].length] as [string, number]
  const name = script === 'han' ? `${random.pick(last)}${random.pick(first)}` : `${random.pick(first)} ${random.pick(last)}`
  // A step that shares no factor with ten goes through every number of that length once.
  const digits = String((number * 7_368_787 + 1_234_567) % 10 ** length).padStart(length, '0')
  return { script, name: random.next() < 0.04 ? null : name, digits: prefix + digits }
}
