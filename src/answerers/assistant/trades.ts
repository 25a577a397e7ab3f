/** Trades as data: how they are called, what is an emergency in each, and what kinds of jobs there are. Pure. */
import { find, phrases, plain, without } from './words.ts'

export const trades = ['plumbing', 'electrical', 'heating', 'locksmith', 'garage_doors', 'general'] as const
export type Trade = (typeof trades)[number]

/** What businesses call themselves. */
const called: Record<Exclude<Trade, 'general'>, readonly string[]> = {
  plumbing: phrases(
    'plumbing|plumber|plumbers|drain|drains|drainage|sewer',
    'plomeria|fontaneria|plomero|fontanero',
    'encanador|encanamento|сантехник|сантехника|sanitar|klempner|plomberie|plombier',
  ),
  electrical: phrases(
    'electrical|electric|electrician|electricians',
    'electricidad|electricista',
    'eletricista|eletrica|электрик|электрика|elektriker|elektro|electricite|electricien',
  ),
  heating: phrases(
    'heating|hvac|furnace|boiler|boilers|air conditioning|heating and cooling',
    'calefaccion|climatizacion',
    'aquecimento|отопление|котлы|heizung|chauffage',
  ),
  locksmith: phrases(
    'locksmith|locksmiths|locks',
    'cerrajero|cerrajeria',
    'chaveiro|замки|слесарь|schlusseldienst|serrurier|serrurerie',
  ),
  garage_doors: phrases(
    'garage doors|garage door|garage|overhead doors',
    'puertas de garaje|portones|cocheras',
    'portoes|гаражные ворота|garagentore|portes de garage',
  ),
}

/** From what a business wrote down as its trade, in its own words. */
export function tradeOf(name: string | null): Trade {
  const text = plain((name ?? '').replaceAll('_', ' '))
  return (Object.keys(called) as (keyof typeof called)[]).find((trade) => find(text, called[trade])) ?? 'general'
}

/** Danger to people: an emergency to everybody, with a warning of its own. */
const danger = {
  gas: phrases(
    'smell gas|smells like gas|smell of gas|gas smell|gas leak|leaking gas|carbon monoxide|co alarm|co detector',
    'huele a gas|olor a gas|fuga de gas|escape de gas|monoxido de carbono',
    'cheiro de gas|vazamento de gas|пахнет газом|запах газа|утечка газа|gasgeruch|riecht nach gas|odeur de gaz|fuite de gaz|رائحة غاز|تسرب غاز',
  ),
  fire: phrases(
    'fire|on fire|flames|smoke|smoking|burning smell|smell burning|smells burnt|burning plastic',
    'fuego|incendio|llamas|humo|huele a quemado|olor a quemado',
    'fogo|fumaca|cheiro de queimado|пожар|дым|горит|пахнет гарью|feuer|rauch|feu|fumee|حريق|دخان',
  ),
  person: phrases(
    'electrocuted|electric shock|got shocked|child inside|baby inside|kid inside|baby locked|child locked|kid locked|trapped|someone is hurt|injured|bleeding',
    'electrocutado|electrocuto|descarga electrica|nino adentro|bebe adentro|nino encerrado|bebe encerrado|atrapado|atrapada|herido|herida',
    'crianca presa|choque eletrico|ударило током|ребенок внутри|ребенок заперт|застрял человек',
  ),
} as const
export type Danger = keyof typeof danger

const emergencies: Record<Trade, readonly string[]> = {
  plumbing: phrases(
    'burst pipe|pipe burst|pipe has burst|broken pipe|flooding|flooded|flood|water everywhere|water is everywhere|water gushing|gushing|sewage|sewer backup|raw sewage|overflowing|ceiling is leaking|water through the ceiling|no water|cant shut off the water|cannot turn off the water|cant turn off the water',
    'tuberia rota|tubo roto|se revento la tuberia|reventado|inundacion|inundado|inundando|se inunda|agua por todas partes|aguas negras|aguas residuales|desbordando|sin agua|no puedo cerrar el agua|gotea el techo',
    'cano estourado|vazamento grande|alagado|esgoto|прорвало трубу|прорвало|затопило|заливает|потоп|канализация поднялась|rohrbruch|wasserrohrbruch|fuite importante|inondation|انفجر الأنبوب|فيضان',
  ),
  electrical: phrases(
    'sparks|sparking|sparked|arcing|exposed wire|exposed wires|live wire|downed line|power line down|no power|power is out|lost power|whole house is out|outlet is hot|panel is hot|breaker is hot|buzzing panel',
    'chispas|echa chispas|cable pelado|cables pelados|cable expuesto|cable suelto|sin luz|sin electricidad|no hay luz|se fue la luz|enchufe caliente',
    'faiscas|sem energia|fio exposto|искрит|искры|нет света|нет электричества|оголенный провод|funken|kein strom|etincelles|plus de courant|شرر|لا كهرباء',
  ),
  heating: phrases(
    'no heat|no heating|heat is out|heat went out|furnace is out|furnace died|boiler is leaking|boiler leaking|boiler down|freezing|pipes are frozen|frozen pipes|baby and no heat|elderly and no heat',
    'sin calefaccion|no hay calefaccion|no calienta|nos congelamos|congelando|caldera con fuga|tuberias congeladas|muchisimo frio',
    'sem aquecimento|нет отопления|не греет|замерзаем|котел течет|heizung ausgefallen|keine heizung|plus de chauffage|لا تدفئة',
  ),
  locksmith: phrases(
    'locked out|lockout|locked myself out|cant get in|cannot get in|cant get inside|locked in|break in|broken into|broke in|burglary|key broke in the lock|key broken in the lock|door wont lock|stove is on|oven is on',
    'encerrado|encerrada|me quede afuera|me quede fuera|quede afuera|no puedo entrar|robo|entraron a robar|forzaron la puerta|llave rota en la cerradura|la puerta no cierra',
    'trancado para fora|arrombamento|не могу попасть домой|захлопнулась дверь|взломали|сломался ключ|ausgesperrt|einbruch|enferme dehors|porte claquee|cambriolage|محبوس خارج',
  ),
  garage_doors: phrases(
    'door fell|fell on|door came down|door is hanging|hanging by|off track|off the track|came off the track|spring broke|spring snapped|broken spring|cable snapped|car is stuck|car stuck|cant get the car out|cant get my car out|door wont close|garage wont close|stuck open',
    'se cayo la puerta|se cayo el porton|colgando|se salio del riel|resorte roto|se rompio el resorte|cable roto|carro atrapado|carro atascado|no puedo sacar el carro|no puedo sacar el coche|no cierra la puerta|no cierra el porton|se quedo abierta',
    'portao caiu|mola quebrada|ворота упали|лопнула пружина|не закрываются ворота|машина застряла|tor schliesst nicht|feder gebrochen|ressort casse',
  ),
  general: [],
}
/** Said by the customer themselves, whatever the trade. */
const said = phrases(
  'emergency|its an emergency|urgent emergency',
  'emergencia|es una emergencia',
  'экстренно|авария|аварийная|emergencia|notfall|urgence|طارئ|حالة طارئة',
)
const denied = phrases(
  'not an emergency|no emergency|isnt an emergency|not a emergency|no smoke|no fire|no gas smell|smoke detector|smoke alarm battery|fire place|fireplace|fire pit|flood light|flood lights',
  'no es una emergencia|no es emergencia|no es urgente|sin humo|no hay humo|no hay fuego|detector de humo',
  'не авария|nao e emergencia|kein notfall|pas une urgence',
)

export interface Emergency {
  /** The words that say so. */
  words: string
  danger: Danger | null
}

/** Whether this is one, for somebody of this trade. A trade that is not known has those of all. */
export function emergencyIn(line: string, trade: Trade): Emergency | null {
  const text = without(plain(line), denied)
  for (const kind of Object.keys(danger) as Danger[]) {
    const words = find(text, danger[kind])
    if (words) return { words, danger: kind }
  }
  const lists = trade === 'general' ? Object.values(emergencies) : [emergencies[trade]]
  const words = find(text, lists.flat()) ?? find(text, said)
  return words ? { words, danger: null } : null
}

/** Kinds of jobs, by the first word that names one. */
const jobs: Record<Trade, Record<string, readonly string[]>> = {
  plumbing: {
    leak: phrases(
      'leak|leaks|leaking|drip|dripping|drips',
      'fuga|gotea|goteo|goteando|gotera',
      'vazamento|pingando|течет|протечка|капает|tropft|leck|fuite',
    ),
    drain: phrases(
      'clog|clogged|drain|drains|blocked|backed up|slow drain',
      'tapado|tapada|destapar|desague|drenaje|atascado',
      'entupido|засор|засорилась|verstopft|bouche',
    ),
    toilet: phrases('toilet', 'inodoro|bano|excusado|retrete', 'vaso sanitario|унитаз|toilette|toilettes'),
    water_heater: phrases(
      'water heater|hot water|boiler',
      'calentador|boiler|agua caliente',
      'aquecedor|нет горячей воды|бойлер|warmwasser|chauffe eau',
    ),
    pipe: phrases('pipe|pipes', 'tuberia|tubo|caneria', 'cano|труба|трубу|rohr|tuyau'),
    fixture: phrases(
      'faucet|tap|sink|shower|bathtub|dishwasher|garbage disposal',
      'grifo|llave|lavabo|fregadero|ducha|regadera|tina',
      'torneira|pia|кран|раковина|душ|wasserhahn|robinet',
    ),
  },
  electrical: {
    outlet: phrases('outlet|outlets|socket|plug', 'enchufe|contacto|tomacorriente', 'tomada|розетка|steckdose|prise'),
    lighting: phrases(
      'light|lights|lighting|lamp|fixture',
      'lampara|luces|foco|iluminacion',
      'lampada|свет|лампа|licht|lumiere',
    ),
    panel: phrases(
      'breaker|breakers|panel|fuse|fuse box',
      'breaker|tablero|fusible|pastilla',
      'disjuntor|щиток|автомат|sicherung|disjoncteur',
    ),
    power: phrases('no power|power out|power is out', 'sin luz|no hay luz', 'sem energia|нет света|kein strom|plus de courant'),
    charger: phrases('ev charger|car charger|charger', 'cargador', 'carregador|зарядка|ladestation|borne'),
    wiring: phrases('wire|wires|wiring', 'cable|cables|cableado', 'fio|fiacao|проводка|kabel|cable'),
  },
  heating: {
    no_heat: phrases(
      'no heat|no heating|not heating|heat is out',
      'sin calefaccion|no calienta',
      'sem aquecimento|не греет|нет отопления|keine heizung|plus de chauffage',
    ),
    cooling: phrases(
      'ac|air conditioning|air conditioner|no cooling',
      'aire acondicionado|no enfria',
      'ar condicionado|кондиционер|klimaanlage|climatisation',
    ),
    thermostat: phrases('thermostat', 'termostato', 'термостат|thermostat'),
    boiler: phrases('boiler|furnace|heat pump', 'caldera|horno|bomba de calor', 'caldeira|котел|kessel|chaudiere'),
    maintenance: phrases(
      'tune up|service|maintenance|inspection|filter',
      'mantenimiento|revision|filtro',
      'manutencao|обслуживание|wartung|entretien',
    ),
  },
  locksmith: {
    lockout: phrases(
      'locked out|lockout|locked myself out|cant get in',
      'me quede afuera|me quede fuera|no puedo entrar',
      'trancado|захлопнулась|не могу попасть|ausgesperrt|porte claquee',
    ),
    rekey: phrases(
      'rekey|re key|change the locks|change locks|new locks',
      'cambiar la cerradura|cambiar cerraduras|cambio de cerradura',
      'trocar fechadura|поменять замок|schloss wechseln|changer la serrure',
    ),
    key: phrases('key|keys|lost key|duplicate', 'llave|llaves|copia', 'chave|ключ|ключи|schlussel|cle'),
    car: phrases('car|vehicle|trunk', 'carro|coche|auto|cajuela', 'машина|auto|voiture'),
    lock: phrases('lock|deadbolt|latch', 'cerradura|chapa|cerrojo', 'fechadura|замок|schloss|serrure'),
  },
  garage_doors: {
    spring: phrases('spring|springs', 'resorte|resortes', 'mola|пружина|feder|ressort'),
    opener: phrases('opener|remote|motor|keypad', 'motor|control remoto', 'controle|пульт|привод|antrieb|telecommande'),
    track: phrases('track|off track|roller|rollers|cable', 'riel|rodillo|cable', 'trilho|рельс|schiene|rail'),
    panel: phrases('panel|dent|dented', 'panel|abollado', 'painel|панель|paneel|panneau'),
    new_door: phrases(
      'new door|replace the door|installation|install',
      'puerta nueva|porton nuevo|instalar',
      'portao novo|новые ворота|neues tor|nouvelle porte',
    ),
  },
  general: {},
}

/** null where no word names one. */
export function jobTypeOf(line: string, trade: Trade): string | null {
  const text = plain(line)
  return Object.entries(jobs[trade]).find(([, words]) => find(text, words))?.[0] ?? null
}
