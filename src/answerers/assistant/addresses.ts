/** Whether a line says where somebody lives. There is no map here: what looks like an address is one until a person has seen it. Pure. */
import { find, phrases, plain } from './words.ts'

const streets = phrases(
  'street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|way|place|pl|terrace|highway|hwy|parkway|pkwy|circle|square|trail|apt|apartment|suite|unit|building|floor',
  'calle|avenida|av|carrera|paseo|camino|colonia|col|fraccionamiento|edificio|departamento|depto|piso|barrio|calzada|manzana|privada',
  'rua|travessa|alameda|bairro|улица|ул|проспект|пр|переулок|дом|квартира|кв|корпус|шоссе|strasse|str|platz|weg|allee|rue|chemin|impasse|شارع|حي|طريق|عمارة',
)
const place = phrases(
  'i live at|i live in|i am at|im at|we are at|my address is|address is|located at|its at',
  'vivo en|estoy en|estamos en|mi direccion es|la direccion es|direccion',
  'moro na|estou na|meu endereco|я живу|адрес|мой адрес|ich wohne|meine adresse|jhabite|mon adresse|عنواني|اسكن في',
)
/** "123 Main", "Hauptstraße 12", "д. 5": a number beside a word. A year, a price or a telephone number is not beside one. */
const numbered =
  /(?:^|[\s,])\d{1,5}[a-z]?\s+\p{L}{2,}|\p{L}{3,}\.?,?\s+(?:no\.?\s*|#\s*|n[º°]\s*|\p{L}{1,2}\.\s*)?\d{1,5}[a-z]?(?:[\s,.]|$)/iu
/** US ZIP, with or without its four, and the like elsewhere: five or six digits that stand alone. */
const postal = /(?:^|[\s,])\d{5}(?:-\d{4}|\d)?(?:[\s,.]|$)/

/** `asked`: an answer to the question for it, where a little is enough. */
export function looksLikeAddress(line: string, asked: boolean): boolean {
  const text = plain(line)
  const words = text.trim().split(' ').filter(Boolean).length
  if (words < 2 && !(asked && postal.test(line))) return false
  if (find(text, place)) return true
  const street = find(text, streets) !== undefined
  if (street && numbered.test(line)) return true
  if (asked) return street || numbered.test(line) || postal.test(line)
  return postal.test(line) && /,/.test(line)
}
