/** The first line of a page that is made from the code. */
export const generated = (from: string): string => `<!-- Made from ${from} by \`npm run docs\`. Change it there. -->\n`
