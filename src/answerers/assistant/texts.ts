/** What the assistant says, in the languages of businesses. Pure. */
import type { BusinessFacts } from './facts.ts'
import { ar, de, fr, pt, ru } from './texts-more.ts'
import type { Texts } from './texts-shape.ts'
import type { Trade } from './trades.ts'

const en: Texts = {
  greeting: (business, trade) =>
    `Hello! This is the automatic assistant of ${business}. I'm here to help with your ${trade} needs. What can I assist you with today?`,
  opening: (business) => `Hello, this is the automatic assistant of ${business}. I have written that down for the team.`,
  noted: 'Thank you.',
  ask: {
    problem: (again) =>
      again
        ? 'I did not quite understand. What is broken or what do you need done?'
        : 'What is wrong, or what do you need done?',
    address: (again) =>
      again
        ? 'I could not find an address in that. Please send street, number and town, or share your location.'
        : 'What is the address? You can also share your location.',
    urgency: (again) =>
      again ? 'Is it for today, for this week, or can it wait?' : 'How urgent is it: today, this week, or no hurry?',
  },
  emergency: (danger) =>
    danger === 'gas'
      ? 'This sounds dangerous. Leave the building now, use no switches or flames, and call your emergency number or gas company from outside. I have alerted the owner.'
      : danger === 'fire' || danger === 'person'
        ? 'This sounds dangerous. If anybody is in danger, get away from it and call your emergency number (911 or 112) now. I have alerted the owner.'
        : 'This sounds like an emergency: I have alerted the owner.',
  person: (business) => `Of course. I have asked somebody at ${business} to take over; they will write or call you.`,
  done: (business) => `Thank you, that is all I need. I have passed everything to ${business}; a person will get back to you.`,
  outOfArea: (business) =>
    `Thank you for asking. I am sorry: that place is outside the area that ${business} serves. I have told the team in case they can recommend somebody.`,
  cannot: {
    price: 'I cannot give prices myself; the team will tell you.',
    when: 'I cannot make appointments myself; the team will agree a time with you.',
    read: 'I cannot listen to recordings or look at pictures, but the team will. Please also write it in words.',
  },
  trades: {
    ...{ plumbing: 'plumbing', electrical: 'electrical', heating: 'heating' },
    ...{ locksmith: 'locksmith', garage_doors: 'garage door', general: 'home repair' },
  },
  labels: {
    ...{
      problem: 'Problem',
      address: 'Address',
      urgency: 'Urgency',
      unknown: 'not known',
      low: 'no hurry',
      normal: 'this week',
    },
    ...{ high: 'today', emergency: 'EMERGENCY', asksForPerson: 'Asks for a person.' },
  },
}

const es: Texts = {
  greeting: (business, trade) =>
    `¡Hola! Soy el asistente automático de ${business}. Estoy aquí para ayudarle con ${trade}. ¿En qué puedo ayudarle hoy?`,
  opening: (business) => `Hola, soy el asistente automático de ${business}. Lo he anotado para el equipo.`,
  noted: 'Gracias.',
  ask: {
    problem: (again) =>
      again ? 'No lo entendí bien. ¿Qué se dañó o qué trabajo necesita?' : '¿Qué problema tiene o qué trabajo necesita?',
    address: (again) =>
      again
        ? 'No encontré una dirección ahí. Envíe calle, número y ciudad, o comparta su ubicación.'
        : '¿Cuál es la dirección? También puede compartir su ubicación.',
    urgency: (again) =>
      again ? '¿Es para hoy, para esta semana o puede esperar?' : '¿Qué tan urgente es: hoy, esta semana o sin prisa?',
  },
  emergency: (danger) =>
    danger === 'gas'
      ? 'Esto parece peligroso. Salga del edificio ya, no use interruptores ni llamas y llame desde afuera a emergencias o a la compañía de gas. He avisado al dueño.'
      : danger === 'fire' || danger === 'person'
        ? 'Esto parece peligroso. Si alguien corre peligro, aléjese y llame ya a emergencias (911 o 112). He avisado al dueño.'
        : 'Esto parece una emergencia: he avisado al dueño.',
  person: (business) => `Claro. He pedido a alguien de ${business} que continúe; le escribirán o llamarán.`,
  done: (business) => `Gracias, es todo lo que necesito. Lo he pasado a ${business}; una persona le responderá.`,
  outOfArea: (business) =>
    `Gracias por preguntar. Lo siento: ese lugar está fuera de la zona que atiende ${business}. He avisado al equipo por si pueden recomendarle a alguien.`,
  cannot: {
    price: 'Yo no puedo dar precios; el equipo se lo dirá.',
    when: 'Yo no puedo dar citas; el equipo acordará una hora con usted.',
    read: 'No puedo escuchar grabaciones ni ver imágenes, pero el equipo sí. Escríbalo también con palabras, por favor.',
  },
  trades: {
    ...{ plumbing: 'plomería', electrical: 'electricidad', heating: 'calefacción' },
    ...{ locksmith: 'cerrajería', garage_doors: 'puertas de garaje', general: 'reparaciones del hogar' },
  },
  labels: {
    ...{ problem: 'Problema', address: 'Dirección', urgency: 'Urgencia', unknown: 'no se sabe', low: 'sin prisa' },
    ...{ normal: 'esta semana', high: 'hoy', emergency: 'EMERGENCIA', asksForPerson: 'Pide hablar con una persona.' },
  },
}

const all: Record<string, Texts> = { en, es, pt, ru, ar, de, fr }
const languageOf = (tag: string): string => tag.toLowerCase().split('-')[0] ?? ''

/** In English where the language is none of these. A region of it counts as the language. */
export const textsOf = (language: string): Texts => all[languageOf(language)] ?? en

/** The text that every business begins with, until it writes its own. */
const standard = "Hello! I'm here to help with your [TRADE] needs. What can I assist you with today?"

/** The business's own words, with its trade in place; in another language than English, ours where it has written none. */
export function greetingOf(business: BusinessFacts, texts: Texts, trade: Trade): string {
  const word = trade === 'general' && business.tradeType ? business.tradeType.replaceAll('_', ' ') : texts.trades[trade]
  const own = business.greetingTemplate.trim()
  if (own === '' || (own === standard && texts !== en)) return texts.greeting(business.name, word)
  return own.replaceAll('[TRADE]', word)
}
