import { badRequest, notFound } from './api-error.ts'
import type { Integration, IntegrationInput, Json } from './types.ts'
import { isoTime, newUuid, type World } from './world.ts'

/** Makes one that is ready at once; `creationMs` makes it wait. */
export function addIntegration(world: World, input: IntegrationInput, creationMs = 0): Integration {
  const now = world.clock.now()
  const integration: Integration = {
    webhookHeaders: {},
    flowId: 'flow-1',
    ...input,
    id: input.id ?? newUuid(world.random.ids),
    readyAt: now + creationMs,
    recipientId: newUuid(world.random.ids),
    supportedContent: newUuid(world.random.ids),
    createdAt: now,
    modifiedAt: now,
  }
  world.integrations.set(integration.id, integration)
  return integration
}

/** Throws 404 for one that does not exist. */
export function integrationOf(world: World, id: string): Integration {
  const integration = world.integrations.get(id)
  if (!integration) throw notFound('Open Messaging integration', id)
  return integration
}

const minSecretLength = 16

/** The API's create request. Its secret is optional there; nothing could be checked without. */
export function createIntegration(world: World, body: Json): Integration {
  const name = textOf(body.name)
  const webhookUrl = textOf(body.outboundNotificationWebhookUrl)
  if (!name) throw badRequest('The name is required.', 'invalid.value')
  checkUrl(webhookUrl)
  const secret = textOf(body.outboundNotificationWebhookSignatureSecretToken) ?? ''
  checkSecret(secret)
  const webhookHeaders = (body.webhookHeaders ?? {}) as Record<string, string>
  return addIntegration(
    world,
    { name, webhookUrl: webhookUrl ?? '', secret, webhookHeaders, flowId: undefined },
    world.settings.creationMs,
  )
}

export function patchIntegration(world: World, id: string, body: Json): Integration {
  const integration = integrationOf(world, id)
  const webhookUrl = textOf(body.outboundNotificationWebhookUrl)
  const secret = textOf(body.outboundNotificationWebhookSignatureSecretToken)
  if (webhookUrl !== undefined) checkUrl(webhookUrl)
  if (secret !== undefined) checkSecret(secret)
  const change = { name: textOf(body.name), webhookUrl, secret, webhookHeaders: body.webhookHeaders }
  const given = Object.entries(change).filter(([, value]) => value !== undefined)
  return Object.assign(integration, Object.fromEntries(given), { modifiedAt: world.clock.now() })
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)

// Really only https on port 443 is taken; a test's receiver is on this machine.
function checkUrl(url: string | undefined): void {
  if (url === undefined || !URL.canParse(url))
    throw badRequest('The outboundNotificationWebhookUrl is not valid.', 'invalid.value')
}

function checkSecret(secret: string): void {
  if (secret.length < minSecretLength)
    throw badRequest('The outboundNotificationWebhookSignatureSecretToken must be longer than 15 characters.', 'invalid.value')
}

/** As the API shows it: the secret is not among it. */
export function integrationView(world: World, integration: Integration): Json {
  const isReady = integration.readyAt <= world.clock.now()
  return {
    id: integration.id,
    name: integration.name,
    supportedContent: { id: integration.supportedContent },
    outboundNotificationWebhookUrl: integration.webhookUrl,
    webhookHeaders: integration.webhookHeaders,
    status: isReady ? 'Active' : 'Inactive',
    ...(isReady ? { recipient: { id: integration.recipientId } } : {}),
    dateCreated: isoTime(integration.createdAt),
    dateModified: isoTime(integration.modifiedAt),
    createStatus: isReady ? 'Completed' : 'Initiated',
    selfUri: `/api/v2/conversations/messaging/integrations/open/${integration.id}`,
  }
}
