/** Letters to people, written as jobs: asking for one takes as long whether or not there is anybody to write to. */
import { type Database, inTenant, inTransaction, type Tx } from '../platform/db/tx.ts'
import type { JobDefinition } from '../platform/jobs.ts'
import type { Mailer } from '../platform/mail.ts'
import type { Secrets } from '../platform/secrets.ts'
import type { PeopleDeps } from './deps.ts'
import { linkForMail } from './password-resets.ts'
import { tokenHash } from './tokens.ts'

export const mailJob = 'people.mail'

/** No token in clear: that of an invitation is sealed, that of a forgotten password is made when the mail is sent. */
type Letter =
  | { kind: 'invitation'; tenantId: string; invitationId: string; token: string }
  | { kind: 'password_reset'; email: string }

const belongsTo = (invitationId: string): string => `mail/invitation/${invitationId}`

type Sender = Pick<PeopleDeps, 'secrets' | 'jobs'>

export async function enqueueInvitation(deps: Sender, tx: Tx, invitationId: string, token: string): Promise<void> {
  const letter: Letter = {
    kind: 'invitation',
    tenantId: tx.tenantId,
    invitationId,
    token: deps.secrets.seal(token, belongsTo(invitationId)),
  }
  await deps.jobs.enqueue(tx, mailJob, [letter])
  tx.onCommit(() => deps.jobs.wake(mailJob))
}

export async function enqueueReset(deps: Pick<PeopleDeps, 'db' | 'jobs'>, email: string): Promise<void> {
  const letter: Letter = { kind: 'password_reset', email }
  await inTransaction(deps.db, (client) => deps.jobs.enqueue(client, mailJob, [letter]))
  deps.jobs.wake(mailJob)
}

interface Post {
  db: Database
  secrets: Secrets
  mailer: Mailer
  publicUrl: () => string
}

export const sendLetters = (post: Post): JobDefinition<Letter> => ({
  name: mailJob,
  retryLimit: 5,
  retryDelay: 30,
  expireInSeconds: 120,
  handle: (letter) => (letter.kind === 'invitation' ? sendInvitation(post, letter) : sendReset(post, letter)),
})

async function sendInvitation(post: Post, letter: Extract<Letter, { kind: 'invitation' }>): Promise<void> {
  const token = post.secrets.open(letter.token, belongsTo(letter.invitationId))
  const found = await inTenant(post.db, letter.tenantId, (tx) =>
    tx.query<{ email: string; invited_by_name: string; business: string }>(
      `SELECT i.email, i.invited_by_name, t.name AS business FROM invitations i JOIN tenants t ON t.id = i.tenant_id
        WHERE i.tenant_id = $1 AND i.id = $2 AND i.token_hash = $3 AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()`,
      [letter.tenantId, letter.invitationId, tokenHash(token)],
    ),
  )
  const row = found.rows[0]
  if (!row) return // renewed, withdrawn or accepted meanwhile
  await post.mailer.send({
    to: row.email,
    subject: `${oneLine(row.business)} invites you to Parley`,
    text: [
      `${oneLine(row.invited_by_name)} invites you to answer the customers of ${oneLine(row.business)}.`,
      `Open this link to accept. It works once, for seven days:\n\n${post.publicUrl()}/invitation#${token}`,
      'If you did not expect this, there is nothing to do.',
    ].join('\n\n'),
  })
}

async function sendReset(post: Post, letter: Extract<Letter, { kind: 'password_reset' }>): Promise<void> {
  const link = await linkForMail(post.db, post.publicUrl, letter.email)
  if (!link) return
  await post.mailer.send({
    to: letter.email,
    subject: 'A new password for Parley',
    text: [
      'Somebody, probably you, asked for a new password.',
      `Open this link to choose one. It works once, for an hour:\n\n${link.url}`,
      'If it was not you, there is nothing to do: your password stays as it is.',
    ].join('\n\n'),
  })
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()
