/** How many races a test runs: as many as show a fault at once, or `PARLEY_TEST_RACES` for those that show themselves seldom. */
export const races = Number(process.env.PARLEY_TEST_RACES ?? 2000)
