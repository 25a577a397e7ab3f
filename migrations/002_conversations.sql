-- Up Migration
-- People who write ---------------------------------------------------------------------------------------------------

CREATE TABLE parley.contacts (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  name text,
  phone text, -- E.164 with plus; null where the person has none we know
  external_ref text,
  notes text,
  status text NOT NULL DEFAULT 'active',
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT contacts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT contacts_status_check CHECK (status IN ('active', 'blocked', 'inactive')),
  CONSTRAINT contacts_name_check CHECK (length(name) <= 512),
  CONSTRAINT contacts_phone_check CHECK (phone ~ '^\+[0-9]{6,20}$')
);
CREATE UNIQUE INDEX idx_contacts_phone ON parley.contacts (tenant_id, phone) WHERE phone IS NOT NULL;
CREATE TRIGGER trigger_update_contacts_updated_at BEFORE UPDATE ON parley.contacts
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

-- How a contact is reached. `scope` is '' for what is the same everywhere (a phone) and names the portfolio or account
-- where the provider scopes the id (a WhatsApp business-scoped user id).
CREATE TABLE parley.contact_identities (
  tenant_id uuid NOT NULL,
  scope text NOT NULL DEFAULT '',
  kind text NOT NULL,
  value text NOT NULL,
  contact_id uuid NOT NULL,
  evidence jsonb NOT NULL DEFAULT '{}', -- what told us: the message or webhook, and since when
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT contact_identities_pkey PRIMARY KEY (tenant_id, scope, kind, value),
  CONSTRAINT contact_identities_kind_check CHECK (kind IN ('phone', 'wa_id', 'bsuid', 'lid', 'visitor', 'email', 'external')),
  CONSTRAINT contact_identities_value_check CHECK (length(value) BETWEEN 1 AND 256 AND length(scope) <= 128)
);
CREATE INDEX idx_contact_identities_contact ON parley.contact_identities (tenant_id, contact_id);

-- Threads ------------------------------------------------------------------------------------------------------------

CREATE TABLE parley.conversations (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  channel_account_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  channel text NOT NULL DEFAULT 'whatsapp',
  status text NOT NULL DEFAULT 'open',
  control text NOT NULL DEFAULT 'human',
  ai_active boolean GENERATED ALWAYS AS (control = 'ai') STORED,
  human_active boolean GENERATED ALWAYS AS (control = 'human') STORED,
  assignee_id uuid, -- users.id
  outcome text,
  appointment_scheduled boolean NOT NULL DEFAULT false,
  call_id uuid,
  lead_id uuid,
  last_seq bigint NOT NULL DEFAULT 0, -- the number of the newest message, taken under this row's lock
  message_count integer NOT NULL DEFAULT 0,
  ai_message_count integer NOT NULL DEFAULT 0,
  human_message_count integer NOT NULL DEFAULT 0,
  unread_count integer NOT NULL DEFAULT 0,
  last_message_at timestamptz NOT NULL DEFAULT now(),
  last_inbound_at timestamptz,
  last_human_response_at timestamptz,
  last_preview text, -- first line of the newest message, for the list
  last_direction text,
  last_inbound_external_id text, -- what a read mark or typing sign refers to
  window_expires_at timestamptz, -- until then free text may be sent; null where the channel knows no window
  ai_handoff_time timestamptz,
  human_takeover_time timestamptz,
  closed_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT conversations_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT conversations_status_check CHECK (status IN ('open', 'closed', 'archived')),
  CONSTRAINT conversations_control_check CHECK (control IN ('bot', 'ai', 'human', 'agent', 'none'))
) WITH (fillfactor = 80);
-- One thread that is not closed for a contact on an account, whatever happens at once.
CREATE UNIQUE INDEX conversations_one_open ON parley.conversations (tenant_id, channel_account_id, contact_id) WHERE status = 'open';
CREATE INDEX idx_conversations_contact ON parley.conversations (tenant_id, contact_id);

-- The lease on a conversation's work, by kind: `send` (queued messages) and `turn` (who answers). It lives beside the
-- conversation, not on it: intake rewrites that row for every message and must neither wait for a worker nor be skipped by one.
CREATE TABLE parley.conversation_lanes (
  tenant_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  kind text NOT NULL,
  channel_account_id uuid NOT NULL,
  ready_at timestamptz, -- null: nothing to do
  lease_until timestamptz NOT NULL DEFAULT '-infinity',
  token bigint NOT NULL DEFAULT 0, -- every write of the holder says WHERE token = its own
  attempts integer NOT NULL DEFAULT 0,
  pair_tat timestamptz NOT NULL DEFAULT '-infinity', -- pace towards this one customer (generic cell rate algorithm)
  done_seq bigint NOT NULL DEFAULT 0, -- turn: the newest customer message that was answered or let be
  CONSTRAINT conversation_lanes_pkey PRIMARY KEY (tenant_id, conversation_id, kind),
  CONSTRAINT conversation_lanes_kind_check CHECK (kind IN ('send', 'turn'))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX conversation_lanes_ready ON parley.conversation_lanes (kind, ready_at) WHERE ready_at IS NOT NULL;

-- A conversation's session in a contact centre.
CREATE TABLE parley.conversation_mappings (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  conversation_ref uuid,
  channel_account_id uuid,
  wa_id text NOT NULL,
  conversation_id text, -- the contact centre's; null until correlated
  communication_id text,
  last_message_id text,
  contact_name text,
  phone_number_id text,
  display_phone_number text,
  status text NOT NULL DEFAULT 'active',
  last_activity_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  metadata jsonb,
  CONSTRAINT conversation_mappings_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT conversation_mappings_status_check CHECK (status IN ('active', 'closed', 'expired'))
);
CREATE UNIQUE INDEX idx_unique_active_mapping ON parley.conversation_mappings (tenant_id, coalesce(phone_number_id, ''), wa_id) WHERE status = 'active';
CREATE INDEX idx_wa_id ON parley.conversation_mappings (tenant_id, wa_id);
CREATE INDEX idx_conversation_id ON parley.conversation_mappings (tenant_id, conversation_id);
CREATE INDEX idx_last_message_id ON parley.conversation_mappings (tenant_id, last_message_id);
CREATE INDEX idx_last_activity_at ON parley.conversation_mappings (last_activity_at) WHERE status = 'active';
CREATE INDEX idx_status ON parley.conversation_mappings (tenant_id, status);
CREATE TRIGGER trigger_update_conversation_mappings_updated_at BEFORE UPDATE ON parley.conversation_mappings
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

CREATE TABLE parley.conversation_context (
  tenant_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  key text NOT NULL,
  value jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT conversation_context_pkey PRIMARY KEY (tenant_id, conversation_id, key)
);

-- Messages -----------------------------------------------------------------------------------------------------------

-- The ledger: one row to a message, never partitioned, so that a provider's id is known as seen after the content is gone.
-- A message and its ledger row have the same id and the same created_at.
CREATE TABLE parley.message_tracking (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  channel_account_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  mapping_id uuid,
  wamid text, -- the provider's id; null until sent
  genesys_message_id text,
  direction text NOT NULL,
  status text NOT NULL,
  status_at timestamptz NOT NULL,
  send_outcome text, -- unknown: the request went out and no answer came
  media_url text,
  sent_at timestamptz,
  delivered_at timestamptz,
  read_at timestamptz,
  failed_at timestamptz,
  error_code text,
  error_text text,
  idempotency_key text, -- the caller's; a repeated call returns the first message
  request_hash text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  metadata jsonb,
  CONSTRAINT message_tracking_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT message_tracking_direction_check CHECK (direction IN ('INBOUND', 'OUTBOUND')),
  CONSTRAINT message_tracking_status_check CHECK (status IN ('queued', 'sending', 'sent', 'delivered', 'read', 'received', 'processed', 'failed')),
  CONSTRAINT message_tracking_wamid_check CHECK (length(wamid) BETWEEN 1 AND 512)
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX idx_wamid ON parley.message_tracking (tenant_id, channel_account_id, wamid) WHERE wamid IS NOT NULL;
CREATE UNIQUE INDEX idx_message_tracking_idempotency ON parley.message_tracking (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
-- What dispatch still has to do, and what an operator looks at: both are small.
CREATE INDEX idx_message_tracking_status ON parley.message_tracking (tenant_id, conversation_id) WHERE status IN ('queued', 'sending');

CREATE TABLE parley.messages (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  channel text NOT NULL DEFAULT 'whatsapp',
  seq bigint NOT NULL, -- order within the conversation
  direction text NOT NULL,
  sender text NOT NULL,
  author_id uuid, -- users.id where a person wrote it
  type text NOT NULL,
  content text, -- what people read and search
  body jsonb NOT NULL DEFAULT '{}', -- the typed payload (ports/message.ts)
  metadata jsonb NOT NULL DEFAULT '{}',
  external_message_id text,
  reply_to_id uuid, -- the message this one answers, reacts to, edits or takes back
  reply_to_external_id text, -- the same by the provider's id, also where that message is not here
  occurred_at timestamptz NOT NULL, -- the provider's time
  created_at timestamptz NOT NULL, -- our receive time
  CONSTRAINT messages_pkey PRIMARY KEY (tenant_id, id, created_at),
  CONSTRAINT messages_direction_check CHECK (direction IN ('inbound', 'outbound', 'internal')),
  CONSTRAINT messages_sender_check CHECK (sender IN ('customer', 'human', 'ai', 'system', 'agent', 'automation', 'campaign', 'device'))
) PARTITION BY RANGE (created_at);
CREATE INDEX idx_messages_conversation ON parley.messages (tenant_id, conversation_id, seq);
CREATE INDEX idx_messages_reply_to ON parley.messages (tenant_id, reply_to_id) WHERE reply_to_id IS NOT NULL;
CREATE TABLE parley.messages_default PARTITION OF parley.messages DEFAULT;

-- Every receipt as it came. message_id is null while the message is not known here.
CREATE TABLE parley.message_statuses (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  channel_account_id uuid NOT NULL,
  message_id uuid,
  wamid text NOT NULL,
  status text NOT NULL,
  participant text NOT NULL DEFAULT '', -- groups: one receipt for each member
  phone text,
  error text,
  error_code text,
  detail jsonb NOT NULL DEFAULT '{}', -- pricing, conversation category and whatever else came
  occurred_at timestamptz NOT NULL,
  applied boolean NOT NULL DEFAULT false, -- whether it moved the message's status
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT message_statuses_pkey PRIMARY KEY (tenant_id, id)
);
-- A receipt that comes again is the same receipt.
CREATE UNIQUE INDEX message_statuses_once ON parley.message_statuses (tenant_id, channel_account_id, wamid, status, participant, occurred_at);

-- Where the sender and the receipt of a message meet: both upsert this row first, so neither can miss the other.
CREATE TABLE parley.provider_refs (
  tenant_id uuid NOT NULL,
  channel_account_id uuid NOT NULL,
  external_id text NOT NULL,
  message_id uuid,
  superseded boolean NOT NULL DEFAULT false, -- a later attempt replaced the one that got this id
  touched_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT provider_refs_pkey PRIMARY KEY (tenant_id, channel_account_id, external_id)
) WITH (fillfactor = 80);
CREATE INDEX provider_refs_message ON parley.provider_refs (tenant_id, message_id) WHERE message_id IS NOT NULL;

CREATE TABLE parley.send_attempts (
  tenant_id uuid NOT NULL,
  message_id uuid NOT NULL,
  n integer NOT NULL,
  token bigint NOT NULL,
  outcome text NOT NULL DEFAULT 'started',
  code text,
  detail text,
  next_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  CONSTRAINT send_attempts_pkey PRIMARY KEY (tenant_id, message_id, n),
  CONSTRAINT send_attempts_outcome_check CHECK (outcome IN ('started', 'accepted', 'refused', 'retry', 'unknown'))
);

-- Files, by the hash of their content; the same file sent twice is stored once in a tenant.
CREATE TABLE parley.media_objects (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  message_id uuid, -- the message it came with or goes out with; null while it is an unsent upload
  conversation_id uuid,
  channel_account_id uuid,
  position integer NOT NULL DEFAULT 0,
  origin text NOT NULL,
  external_id text, -- the provider's id of the file
  source_url text,
  state text NOT NULL DEFAULT 'pending',
  sha256 text, -- hex; names the file in the store
  declared_sha256 text, -- what the provider said it would be, hex
  mime_type text,
  declared_mime_type text,
  file_name text,
  byte_size bigint,
  error_code text,
  error_text text,
  provider_uploads jsonb NOT NULL DEFAULT '{}', -- provider's id of an upload by account, with its expiry
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT media_objects_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT media_objects_origin_check CHECK (origin IN ('inbound', 'upload')),
  CONSTRAINT media_objects_state_check CHECK (state IN ('pending', 'stored', 'failed', 'refused'))
);
CREATE INDEX media_objects_message ON parley.media_objects (tenant_id, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX media_objects_content ON parley.media_objects (tenant_id, sha256) WHERE sha256 IS NOT NULL;
CREATE TRIGGER trigger_update_media_objects_updated_at BEFORE UPDATE ON parley.media_objects
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

-- Templates ----------------------------------------------------------------------------------------------------------

CREATE TABLE parley.templates (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  channel_account_id uuid NOT NULL,
  external_id text,
  name text NOT NULL,
  language text NOT NULL,
  category text NOT NULL DEFAULT 'utility',
  components jsonb NOT NULL DEFAULT '[]',
  parameter_format text NOT NULL DEFAULT 'POSITIONAL',
  status text NOT NULL DEFAULT 'pending',
  quality text,
  rejection_reason text,
  synced_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT templates_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT templates_name_key UNIQUE (tenant_id, channel_account_id, name, language)
);
CREATE TRIGGER trigger_update_templates_updated_at BEFORE UPDATE ON parley.templates
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

-- What came in and what happened -------------------------------------------------------------------------------------

-- Every webhook as it came. It belongs to the address it came to, and may speak of several tenants: tenant_id is set
-- where it speaks of one. Raw bytes: NUL and lone surrogates are legal in JSON.
CREATE TABLE parley.webhook_events (
  id uuid NOT NULL DEFAULT parley.uuid7(),
  created_at timestamptz NOT NULL DEFAULT now(),
  tenant_id uuid,
  provider text NOT NULL,
  app_slug text NOT NULL DEFAULT '',
  event_type text,
  payload bytea NOT NULL,
  headers jsonb NOT NULL DEFAULT '{}',
  status text NOT NULL DEFAULT 'processed',
  processing_error text,
  attempts integer NOT NULL DEFAULT 1,
  processed_at timestamptz,
  CONSTRAINT webhook_events_pkey PRIMARY KEY (id, created_at),
  CONSTRAINT webhook_events_status_check CHECK (status IN ('unprocessed', 'processed', 'failed'))
) PARTITION BY RANGE (created_at);
CREATE INDEX webhook_events_open ON parley.webhook_events (created_at) WHERE status <> 'processed';
CREATE TABLE parley.webhook_events_default PARTITION OF parley.webhook_events DEFAULT;

-- What happened, appended once in the transaction in which it happened. The order is (txid, id): a reader that stops
-- below the oldest running transaction never misses a late commit (event_horizon()).
CREATE TABLE parley.events (
  tenant_id uuid NOT NULL,
  txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  id uuid NOT NULL DEFAULT parley.uuid7(),
  type text NOT NULL,
  conversation_id uuid,
  message_id uuid,
  actor text, -- user:<id>, key:<id>, system, provider:<name>
  data jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT events_pkey PRIMARY KEY (tenant_id, txid, id)
);

CREATE TABLE parley.dead_letters (
  tenant_id uuid, -- null where it could not be told whose it is
  id uuid NOT NULL DEFAULT parley.uuid7(),
  source text NOT NULL,
  webhook_event_id uuid,
  original_payload jsonb NOT NULL,
  reason text NOT NULL,
  error_message text,
  retry_count integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  CONSTRAINT dead_letters_pkey PRIMARY KEY (id),
  CONSTRAINT dead_letters_reason_check CHECK (reason IN ('lock_timeout', 'mapping_not_found', 'invalid_payload',
    'state_violation', 'mapping_status_expired', 'mapping_status_closed', 'database_error', 'invalid_media_url'))
);
CREATE INDEX dead_letters_tenant ON parley.dead_letters (tenant_id, created_at);

-- Down Migration
DROP TABLE parley.dead_letters, parley.events, parley.webhook_events, parley.templates, parley.media_objects,
  parley.send_attempts, parley.provider_refs, parley.message_statuses, parley.messages, parley.message_tracking,
  parley.conversation_context, parley.conversation_mappings, parley.conversation_lanes, parley.conversations,
  parley.contact_identities, parley.contacts;
