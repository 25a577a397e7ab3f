// Part of `npm ci`: builds the console with the Node.js that is installed with Parley.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const own = `${root}node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`
const vite = `${root}node_modules/vite/bin/vite.js`
if (!existsSync(`${root}web/index.html`) || !existsSync(vite)) process.exit(0)
const { status } = spawnSync(existsSync(own) ? own : process.execPath, [vite, 'build', 'web', '--logLevel', 'warn'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, NODE_ENV: 'production' },
})
process.exit(status ?? 1)
