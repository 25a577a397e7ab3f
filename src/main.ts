import { run } from './app/cli.ts'

await run(process.argv)
