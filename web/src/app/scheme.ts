/** The chosen look, under the name that the script before the first paint reads. */
import { localStorageColorSchemeManager } from '@mantine/core'

export const schemeManager = localStorageColorSchemeManager({ key: 'parley.scheme' })
