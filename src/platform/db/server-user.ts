/** Under which user the embedded PostgreSQL runs. It refuses to run as root. */
import { execFile } from 'node:child_process'
import { chown, mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

export interface ServerUser {
  /** Whether we are root and have to become somebody else. */
  drop: boolean
  uid: number
  gid: number
  /** A parent folder of the data or of the binaries is closed to that user. */
  throughClosedFolders: boolean
  /** The command is started through setpriv, which changes the user and keeps the one capability needed. */
  wrapped: boolean
}

const exec = promisify(execFile)

export async function chooseServerUser(dataDir: string, binaries: string): Promise<ServerUser> {
  const self = {
    drop: false,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    throughClosedFolders: false,
    wrapped: false,
  }
  if (process.platform === 'win32' || self.uid !== 0) return self
  const account =
    (await ownerOf(join(dataDir, 'postgres'))) ??
    (await accountNamed('postgres')) ??
    (await accountNamed('parley')) ??
    (await createAccount())
  await mkdir(dataDir, { recursive: true })
  await chown(dataDir, account.uid, account.gid)
  const closed = (await closedTo(dataDir)) || (await closedTo(binaries))
  if (closed && !(await hasSetpriv())) {
    throw new Error(
      `Started as root, PostgreSQL runs as an unprivileged user, and that user cannot enter ${closed}. ` +
        'Start Parley as an ordinary user, or move the checkout and PARLEY_DATA_DIR to a folder that others may enter (for example /opt/parley and /var/lib/parley), or set DATABASE_URL.',
    )
  }
  return { drop: true, ...account, throughClosedFolders: Boolean(closed), wrapped: Boolean(closed) }
}

/** The command that runs `file` as that user. */
export function wrapCommand(user: ServerUser, file: string, args: string[]): [string, string[]] {
  if (!user.wrapped) return [file, args]
  const capability = '+dac_read_search'
  return [
    'setpriv',
    [
      `--reuid=${user.uid}`,
      `--regid=${user.gid}`,
      '--clear-groups',
      `--inh-caps=${capability}`,
      `--ambient-caps=${capability}`,
      file,
      ...args,
    ],
  ]
}

const ownerOf = (path: string) =>
  stat(path).then(
    (s) => (s.uid === 0 ? null : { uid: s.uid, gid: s.gid }),
    () => null,
  )

async function accountNamed(name: string): Promise<{ uid: number; gid: number } | null> {
  const line = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n').find((row) => row.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid && gid && uid !== '0' ? { uid: Number(uid), gid: Number(gid) } : null
}

async function createAccount(): Promise<{ uid: number; gid: number }> {
  await exec('useradd', [
    '--system',
    '--no-create-home',
    '--home-dir',
    '/nonexistent',
    '--shell',
    '/usr/sbin/nologin',
    '--user-group',
    'parley',
  ]).catch(() => exec('adduser', ['-S', '-D', '-H', 'parley']))
  const account = await accountNamed('parley')
  if (!account)
    throw new Error(
      'Started as root, and no unprivileged system user could be made for PostgreSQL. Start Parley as an ordinary user, or set DATABASE_URL.',
    )
  return account
}

/** The first folder on the way to `path` that others may not enter. */
async function closedTo(path: string): Promise<string | null> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const mode = await stat(folder).then(
      (s) => s.mode,
      () => 0o777,
    )
    if ((mode & 0o001) === 0) return folder
    if (folder === dirname(folder)) return null
  }
}

/** util-linux has it everywhere; BusyBox' is too small. Inside a container the capability may be missing: tried, not assumed. */
const hasSetpriv = (): Promise<boolean> =>
  exec('setpriv', [
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    '--inh-caps=+dac_read_search',
    '--ambient-caps=+dac_read_search',
    '/bin/true',
  ]).then(
    () => true,
    () => false,
  )
