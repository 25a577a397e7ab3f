/** The server's own shapes, named for callers. Types only: nothing of the server or of zod is loaded at run time. */
import type { z } from 'zod'
import type * as inbox from '../src/inbox/schema.ts'
import type * as tenancy from '../src/tenancy/schema.ts'

export type { MessageBody, MessageType, OutboundBody, TemplateParameters } from '../src/ports/message.ts'

export type Session = z.infer<typeof tenancy.sessionView>
export type Member = z.infer<typeof tenancy.memberView>
export type Role = z.infer<typeof tenancy.role>
export type ApiKey = z.infer<typeof tenancy.apiKeyView>
export type CreatedApiKey = z.infer<typeof tenancy.createdApiKey>
export type CreateApiKey = z.input<typeof tenancy.createApiKey>
export type SignIn = z.infer<typeof tenancy.signIn>

export type Conversation = z.infer<typeof inbox.conversationView>
export type Message = z.infer<typeof inbox.messageView>
export type Media = z.infer<typeof inbox.mediaView>
export type Contact = z.infer<typeof inbox.contactView>
export type Account = z.infer<typeof inbox.accountView>
export type Template = z.infer<typeof inbox.templateView>
export type SendAttempt = z.infer<typeof inbox.attemptView>
export type Receipt = z.infer<typeof inbox.receiptView>
export type MessagePage = z.infer<typeof inbox.messagePage>
export type StreamBatch = z.infer<typeof inbox.streamBatch>
export type ApiErrorBody = z.infer<typeof inbox.apiError>
export type PatchConversation = z.infer<typeof inbox.patchConversation>
export type PatchContact = z.infer<typeof inbox.patchContact>
export type SendMessage = z.input<typeof inbox.sendMessage>
export type StartMessage = z.input<typeof inbox.startMessage>

export interface Page<T> {
  items: T[]
  /** Cursor of the next page; null on the last. */
  next: string | null
}
export interface ListConversations {
  status?: 'open' | 'closed' | 'archived' | 'all'
  /** 'me', 'none', 'any', or a member's id. */
  assignee?: string
  unread?: boolean
  accountId?: string
  contactId?: string
  q?: string
  cursor?: string
  /** 1 to 100; the server's default is 50. */
  limit?: number
}
export interface ListMessages {
  before?: number
  after?: number
  around?: string
  /** 1 to 200; the server's default is 50. */
  limit?: number
}
export interface MessageHistory {
  attempts: SendAttempt[]
  receipts: Receipt[]
}
export type PresenceState = 'viewing' | 'typing' | 'left'
export interface Presence {
  conversationId: string
  userId: string
  name: string
  state: PresenceState
}
