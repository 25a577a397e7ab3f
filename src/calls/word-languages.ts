/** Languages in which there are standard words: those of the console. */
export const wordLanguages = ['en', 'es', 'pt', 'ru', 'ar'] as const
export type WordLanguage = (typeof wordLanguages)[number]
