/** The server's own shapes, named for callers. Types only: nothing of the server or of zod is loaded at run time. */
import type { z } from 'zod'
import type * as calls from '../src/calls/schema.ts'
import type * as centre from '../src/contact-centre/schema.ts'
import type * as deadLetters from '../src/dead-letters/schema.ts'
import type * as consent from '../src/inbox/consent-schema.ts'
import type * as labels from '../src/inbox/label-schema.ts'
import type * as inbox from '../src/inbox/schema.ts'
import type * as search from '../src/inbox/search-schema.ts'
import type * as widget from '../src/inbox/widget-schema.ts'
import type * as leads from '../src/leads/schema.ts'
import type * as notifications from '../src/notifications/schema.ts'
import type * as numbers from '../src/numbers/schema.ts'
import type * as onboarding from '../src/onboarding/schema.ts'
import type * as reports from '../src/reports/schema.ts'
import type * as scheduling from '../src/scheduling/schema.ts'
import type * as business from '../src/tenancy/business-schema.ts'
import type * as people from '../src/tenancy/people-schema.ts'
import type * as tenancy from '../src/tenancy/schema.ts'
import type * as team from '../src/tenancy/team-schema.ts'
import type * as tenants from '../src/tenancy/tenant-schema.ts'
import type * as upkeep from '../src/upkeep/schema.ts'

export type { MessageBody, MessageType, OutboundBody, TemplateParameters } from '../src/ports/message.ts'

export type Call = z.infer<typeof calls.callView>
export type CallStory = z.infer<typeof calls.callStory>
export type CallSettings = z.infer<typeof calls.callSettings>
export type PatchCallSettings = z.input<typeof calls.patchCallSettings>
export type ListCalls = Omit<z.input<typeof calls.listCalls>, 'limit'> & { limit?: number }
export type PreviewCall = z.input<typeof calls.previewBody>
export type CallPreview = z.infer<typeof calls.previewView>
export type CallRules = z.infer<typeof calls.ruleTable>
export type CallStandards = z.infer<typeof calls.standards>
export type MeasuredText = z.infer<typeof calls.measuredText>
export type PhoneNumber = z.infer<typeof numbers.numberView>
export type NumberDelivery = z.infer<typeof numbers.deliveryView>
export type PhoneNumbers = z.infer<typeof numbers.numberList>
export type OfferedNumber = z.infer<typeof numbers.offerView>
export type SearchNumbers = Omit<z.input<typeof numbers.searchNumbers>, 'limit' | 'sms' | 'voice' | 'mms'> & {
  limit?: number
  sms?: boolean
  voice?: boolean
  mms?: boolean
}
export type ProvisionNumber = z.input<typeof numbers.provisionNumber>
export type NumberProvider = z.infer<typeof numbers.providerView>
export type PutNumberProvider = z.input<typeof numbers.putProvider>
export type PatchAccount = z.infer<typeof onboarding.patchAccount>
export type Upkeep = z.infer<typeof upkeep.upkeepView>
export type Hold = z.infer<typeof upkeep.holdView>
export type PlaceHold = z.infer<typeof upkeep.placeHold>
export type DeadLetterItem = z.infer<typeof deadLetters.deadLetterItem>
export type DeadLetter = z.infer<typeof deadLetters.deadLetterView>
export type DeadLetterCounts = z.infer<typeof deadLetters.deadLetterCounts>
export type DeadLetterReason = z.infer<typeof deadLetters.reason>
export type DeadLetterState = z.infer<typeof deadLetters.state>
export type ReplayAnswer = z.infer<typeof deadLetters.replayAnswer>
export type ManyDeadLetters = z.input<typeof deadLetters.manyDeadLetters>
export type ManyAnswer = z.infer<typeof deadLetters.manyAnswer>
export type ListDeadLetters = Omit<z.input<typeof deadLetters.listDeadLetters>, 'limit'> & { limit?: number }
export type Widget = z.infer<typeof widget.widgetView>
export type WidgetHistory = z.infer<typeof widget.historyPage>
export type WidgetLink = z.infer<typeof widget.madeLink>
export type WidgetKey = z.infer<typeof widget.newKey>
export type MakeWidgetLink = z.input<typeof widget.makeLink>
export type Session = z.infer<typeof tenancy.sessionView>
export type Role = z.infer<typeof tenancy.role>
export type ApiKey = z.infer<typeof tenancy.apiKeyView>
export type CreatedApiKey = z.infer<typeof tenancy.createdApiKey>
export type CreateApiKey = z.input<typeof tenancy.createApiKey>
export type SignIn = z.infer<typeof tenancy.signIn>
export type Membership = z.infer<typeof tenancy.membership>
export type AuditItem = z.infer<typeof tenancy.auditItem>

export type Setup = z.infer<typeof people.setupView>
export type SignUp = z.input<typeof people.signUp>
export type SessionItem = z.infer<typeof people.sessionItem>
export type Me = z.infer<typeof people.meView>
export type PatchMe = z.infer<typeof people.patchMe>
export type Preferences = z.infer<typeof people.preferences>
export type PersonPresence = z.infer<typeof people.presenceView>
export type PersonStatus = z.infer<typeof people.presenceState>
export type ChangePassword = z.infer<typeof people.changePassword>
export type TotpSecret = z.infer<typeof people.totpSecret>
export type RecoveryCodes = z.infer<typeof people.recoveryCodes>
export type PatchPreferences = z.infer<typeof people.patchPreferences>
export type ConfirmPasswordReset = z.infer<typeof people.confirmPasswordReset>

export type Notification = z.infer<typeof notifications.notificationView>
export type NotificationPage = z.infer<typeof notifications.notificationPage>
export type Unsent = z.infer<typeof notifications.unsentView>
export type TeamUnsent = z.infer<typeof notifications.teamUnsentView>
export type ReadNotifications = z.infer<typeof notifications.readBody>
export type PushSubscriptionGiven = z.input<typeof notifications.subscribeBody>

export type Member = z.infer<typeof team.memberView>
export type PatchMember = z.infer<typeof team.patchMember>
export type ResetLink = z.infer<typeof team.resetLink>
export type Invitation = z.infer<typeof team.invitationView>
export type CreateInvitation = z.infer<typeof team.createInvitation>
export type CreatedInvitation = z.infer<typeof team.createdInvitation>
export type InvitationLook = z.infer<typeof team.invitationLook>
export type AcceptInvitation = z.infer<typeof team.acceptInvitation>

export type Business = z.infer<typeof business.businessView>
export type BusinessHours = z.infer<typeof business.businessHours>
export type PatchBusiness = z.infer<typeof business.patchBusiness>

export type Conversation = z.infer<typeof inbox.conversationView>
export type Message = z.infer<typeof inbox.messageView>
export type Media = z.infer<typeof inbox.mediaView>
export type Contact = z.infer<typeof inbox.contactView>
export type Lead = z.infer<typeof leads.leadView>
export type LeadStatus = Lead['status']
export type ListLeads = Omit<z.input<typeof leads.listLeads>, 'limit'> & { limit?: number }
export type LeadSums = z.infer<typeof leads.leadSums>
export type Funnel = z.infer<typeof reports.funnel>
export type FunnelDays = { from?: string; to?: string; days?: number }
export type PatchLead = z.infer<typeof leads.patchLead>
export type Staff = z.infer<typeof scheduling.staffView>
export type CreateStaff = z.input<typeof scheduling.createStaff>
export type PatchStaff = z.input<typeof scheduling.patchStaff>
export type Slots = z.infer<typeof scheduling.slots>
export type AskSlots = Omit<z.input<typeof scheduling.askSlots>, 'days' | 'minutes'> & { days?: number; minutes?: number }
export type BookingHold = z.infer<typeof scheduling.holdView>
export type CreateHold = z.input<typeof scheduling.createHold>
export type Booking = z.infer<typeof scheduling.bookingView>
export type BookingStatus = Booking['status']
export type ListBookings = Omit<z.input<typeof scheduling.listBookings>, 'limit'> & { limit?: number }
export type CreateBooking = z.input<typeof scheduling.createBooking>
export type PatchBooking = z.input<typeof scheduling.patchBooking>
export type Consents = z.infer<typeof consent.consents>
export type Consent = z.infer<typeof consent.consentView>
export type StandingConsent = z.infer<typeof consent.standingConsent>
export type AddConsent = z.input<typeof consent.addConsent>
export type Label = z.infer<typeof labels.labelView>
export type CreateLabel = z.input<typeof labels.createLabel>
export type PatchLabel = z.infer<typeof labels.patchLabel>
export type ConversationCounts = z.infer<typeof labels.countsView>
export type Account = z.infer<typeof inbox.accountView>
export type Template = z.infer<typeof inbox.templateView>
export type SendAttempt = z.infer<typeof inbox.attemptView>
export type Receipt = z.infer<typeof inbox.receiptView>
export type Search = Omit<z.input<typeof search.searchQuery>, 'limit'> & { limit?: number }
export type SearchHit = z.infer<typeof search.searchHit>
export type SearchPage = z.infer<typeof search.searchPage>
export type MessagePage = z.infer<typeof inbox.messagePage>
export type StreamBatch = z.infer<typeof inbox.streamBatch>
export type ApiErrorBody = z.infer<typeof inbox.apiError>
export type HandOver = z.infer<typeof inbox.handOverBody>
export type ContactCentre = z.infer<typeof centre.centreView>
export type PatchContactCentre = z.infer<typeof centre.patchCentre>
export type ContactCentreCheck = z.infer<typeof centre.checkAnswer>
export type Mapping = z.infer<typeof centre.mappingResponse>
export type PatchConversation = z.infer<typeof inbox.patchConversation>
export type PatchContact = z.infer<typeof inbox.patchContact>
export type SendMessage = z.input<typeof inbox.sendMessage>
export type StartMessage = z.input<typeof inbox.startMessage>

export type Tenant = z.infer<typeof tenants.tenantView>
export type TenantStatus = z.infer<typeof tenants.tenantStatus>
export type TenantDetail = z.infer<typeof tenants.tenantDetail>
export type CreateTenant = z.input<typeof tenants.createTenant>
export type CreatedTenant = z.infer<typeof tenants.createdTenant>
export type PatchTenant = z.input<typeof tenants.patchTenant>
export type TenantPage = z.infer<typeof tenants.tenantPage>
export type TenantFromGenesys = z.infer<typeof tenants.fromGenesysAnswer>
export type StoredCredentials = z.infer<typeof tenants.credentialView>
export type PutCredentials = z.input<typeof tenants.putCredentials>
export type PlatformAction = z.infer<typeof tenants.platformAction>
export type PlatformKey = z.infer<typeof tenants.platformKeyView>
export type CreatePlatformKey = z.input<typeof tenants.createPlatformKey>
export type CreatedPlatformKey = z.infer<typeof tenants.createdPlatformKey>
export type Operator = z.infer<typeof tenants.operatorView>
export type CreateAccount = z.input<typeof onboarding.createAccount>
export type ConnectedAccount = z.infer<typeof onboarding.accountView>
export type CreatedAccount = z.infer<typeof onboarding.createdAccount>
export type AccountTest = z.infer<typeof onboarding.testAnswer>
export type Segments = z.infer<typeof inbox.segmentsView>
export type AccountSetup = z.infer<typeof onboarding.accountSetup>
export type SetupStep = z.infer<typeof onboarding.setupStep>
export type Readiness = z.infer<typeof onboarding.readiness>
export type PatchOnboarding = z.input<typeof onboarding.patchOnboarding>
export type WhatsAppConfiguration = z.infer<typeof onboarding.whatsAppConfig>
export type PutWhatsApp = z.input<typeof onboarding.putWhatsApp>
export type WhatsAppSignUp = z.infer<typeof onboarding.signUpBegun>
export type CompleteWhatsAppSignUp = z.input<typeof onboarding.completeSignUp>
export type WhatsAppSignUpDone = z.infer<typeof onboarding.signUpDone>

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
  channel?: string
  accountId?: string
  contactId?: string
  labelId?: string
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
export interface ListAudit {
  cursor?: string
  limit?: number
  /** user:<id>, key:<id>, system, … */
  actor?: string
  action?: string
  /** A type, or type:id. */
  subject?: string
}
export interface ListTenants {
  /** Absent: all but the deleted. */
  status?: 'active' | 'suspended' | 'deleted'
  q?: string
  cursor?: string
  limit?: number
}
