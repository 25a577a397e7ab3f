-- Up Migration
-- Numbers that ring, calls, and what came of them. A call, its conversation and its lead point at each other; all carry the tenant.

-- What is special to a number at a telephony provider; the account through which it speaks is channel_account_id.
CREATE TABLE parley.phone_numbers (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  channel_account_id uuid, -- null until the number is there
  slot integer NOT NULL DEFAULT 1, -- 1 to business_settings.phone_number_limit: how many a business may have at once
  phone_number text NOT NULL, -- E.164 with plus
  phone_number_sid text, -- the provider's id of the number
  messaging_service_sid text,
  friendly_name text,
  area_code text, -- toll-free and foreign numbers have none
  region text,
  number_type text NOT NULL DEFAULT 'local',
  capabilities text[] NOT NULL DEFAULT ARRAY['voice', 'sms'],
  status text NOT NULL DEFAULT 'provisioning',
  status_reason text,
  date_provisioned timestamptz,
  date_released timestamptz,
  webhooks_configured boolean NOT NULL DEFAULT false,
  voice_webhook_url text NOT NULL,
  sms_webhook_url text NOT NULL,
  status_callback_url text,
  monthly_price_cents integer NOT NULL DEFAULT 100,
  setup_price_cents integer NOT NULL DEFAULT 0,
  currency text NOT NULL DEFAULT 'USD',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT phone_numbers_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT phone_numbers_number_check CHECK (phone_number ~ '^\+[0-9]{6,20}$'),
  CONSTRAINT phone_numbers_type_check CHECK (number_type IN ('local', 'mobile', 'national', 'toll_free', 'short_code')),
  CONSTRAINT phone_numbers_capabilities_check CHECK (capabilities <@ ARRAY['voice', 'sms', 'mms', 'fax']),
  CONSTRAINT phone_numbers_status_check CHECK (status IN ('provisioning', 'provisioned', 'active', 'suspended', 'released')),
  CONSTRAINT phone_numbers_released_check CHECK ((status = 'released') = (date_released IS NOT NULL)),
  CONSTRAINT phone_numbers_slot_check CHECK (slot BETWEEN 1 AND 1000),
  CONSTRAINT phone_numbers_price_check CHECK (least(monthly_price_cents, setup_price_cents) >= 0),
  CONSTRAINT phone_numbers_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT fk_phone_numbers_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE,
  CONSTRAINT fk_phone_numbers_account FOREIGN KEY (tenant_id, channel_account_id) REFERENCES parley.channel_accounts (tenant_id, id)
);
-- As many at once as the business may have; released ones stay as history. That no two businesses have a number is the account's key.
CREATE UNIQUE INDEX idx_phone_numbers_tenant ON parley.phone_numbers (tenant_id, slot) WHERE status <> 'released';
CREATE UNIQUE INDEX idx_phone_numbers_phone ON parley.phone_numbers (tenant_id, phone_number) WHERE status <> 'released';
CREATE UNIQUE INDEX idx_phone_numbers_sid ON parley.phone_numbers (tenant_id, phone_number_sid) WHERE status <> 'released';
CREATE INDEX idx_phone_numbers_status ON parley.phone_numbers (tenant_id, status);
CREATE INDEX idx_phone_numbers_area_code ON parley.phone_numbers (tenant_id, area_code, region);
CREATE INDEX idx_phone_numbers_account ON parley.phone_numbers (tenant_id, channel_account_id);

CREATE TABLE parley.messaging_services (
  tenant_id uuid NOT NULL,
  phone_number_id uuid NOT NULL, -- of phone_numbers; WhatsApp's id of the same name is something else
  messaging_service_sid text NOT NULL,
  friendly_name text NOT NULL,
  inbound_webhook_url text NOT NULL,
  inbound_method text NOT NULL DEFAULT 'POST',
  fallback_url text,
  status_callback text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT messaging_services_pkey PRIMARY KEY (tenant_id, phone_number_id),
  CONSTRAINT messaging_services_sid_key UNIQUE (tenant_id, messaging_service_sid),
  CONSTRAINT messaging_services_method_check CHECK (inbound_method IN ('GET', 'POST')),
  CONSTRAINT fk_messaging_services_phone FOREIGN KEY (tenant_id, phone_number_id)
    REFERENCES parley.phone_numbers (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE parley.calls (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  call_sid text NOT NULL, -- the provider's id of the caller's leg
  channel_account_id uuid NOT NULL,
  contact_id uuid,
  customer_phone text, -- E.164; null where the caller withheld it or calls from no telephone
  caller_kind text NOT NULL DEFAULT 'phone',
  caller text, -- as the provider wrote it
  caller_name text,
  business_phone text NOT NULL,
  direction text NOT NULL DEFAULT 'inbound',
  status text NOT NULL DEFAULT 'ringing',
  outcome text, -- how it ended; null while it rings or is talked
  outcome_by text, -- what said so: ringing the business (dialled) counts more than the end of the caller's leg or silence
  picked_up boolean NOT NULL DEFAULT false, -- somebody took it, or where nobody is asked for a key, something picked up
  start_time timestamptz NOT NULL,
  end_time timestamptz,
  duration integer NOT NULL DEFAULT 0, -- seconds
  -- What was made of it, each set in the transaction that made it.
  processed boolean NOT NULL DEFAULT false,
  sms_triggered boolean NOT NULL DEFAULT false,
  conversation_created boolean NOT NULL DEFAULT false,
  lead_created boolean NOT NULL DEFAULT false,
  conversation_id uuid,
  lead_id uuid,
  text_message_id uuid, -- the message of the ledger; what is kept of it is the ledger's business
  rule text, -- which line of the table of decisions applied (src/calls/decision.ts)
  rule_version integer,
  facts jsonb NOT NULL DEFAULT '{}', -- what it was decided by
  decided_at timestamptz,
  due_at timestamptz, -- when it is looked at again by itself; null: nothing is left to do
  caller_city text,
  caller_state text,
  caller_country text NOT NULL DEFAULT 'US',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT calls_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT calls_sid_check CHECK (length(call_sid) BETWEEN 1 AND 128),
  CONSTRAINT calls_phone_check CHECK (customer_phone ~ '^\+[0-9]{6,20}$'),
  CONSTRAINT calls_caller_check CHECK (caller_kind IN ('phone', 'withheld', 'other') AND (caller_kind = 'phone') = (customer_phone IS NOT NULL)),
  CONSTRAINT calls_direction_check CHECK (direction IN ('inbound', 'outbound')),
  CONSTRAINT calls_status_check CHECK (status IN ('ringing', 'in-progress', 'completed', 'missed', 'failed')),
  CONSTRAINT calls_outcome_check CHECK (outcome IN ('answered', 'short', 'voicemail', 'no_answer', 'busy', 'failed', 'canceled', 'unanswered')),
  CONSTRAINT calls_outcome_by_check CHECK ((outcome IS NULL) = (outcome_by IS NULL) AND outcome_by IN ('dialled', 'ended', 'silence')),
  CONSTRAINT calls_ended_check CHECK ((outcome IS NULL) = (status IN ('ringing', 'in-progress'))),
  CONSTRAINT calls_duration_check CHECK (duration >= 0),
  CONSTRAINT calls_rule_check CHECK ((rule IS NULL) = (rule_version IS NULL)),
  CONSTRAINT calls_text_check CHECK (NOT sms_triggered OR text_message_id IS NOT NULL),
  CONSTRAINT calls_country_check CHECK (caller_country ~ '^[A-Z]{2,3}$')
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX idx_calls_call_sid ON parley.calls (tenant_id, call_sid);
CREATE INDEX idx_calls_tenant_status ON parley.calls (tenant_id, status, start_time DESC, id DESC);
CREATE INDEX idx_calls_customer_phone ON parley.calls (tenant_id, customer_phone, start_time DESC);
CREATE INDEX idx_calls_start_time ON parley.calls (tenant_id, start_time DESC, id DESC);
CREATE INDEX idx_calls_outcome ON parley.calls (tenant_id, outcome, start_time DESC, id DESC);
CREATE INDEX idx_calls_contact ON parley.calls (tenant_id, contact_id, start_time DESC) WHERE contact_id IS NOT NULL;
CREATE INDEX idx_calls_conversation ON parley.calls (tenant_id, conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX idx_calls_lead ON parley.calls (tenant_id, lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX idx_calls_due ON parley.calls (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE parley.leads (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  contact_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  call_id uuid, -- where it began with a call
  origin text NOT NULL, -- call, or the channel of the first words: sms, whatsapp …
  -- What the person said of themselves; what the business knows is the contact.
  customer_phone text,
  customer_name text,
  customer_email text,
  customer_address text,
  problem_description text, -- the customer's first words, until somebody writes better ones
  job_type text,
  urgency_level text NOT NULL DEFAULT 'normal',
  estimated_value numeric(10, 2),
  status text NOT NULL DEFAULT 'new',
  status_notes text,
  ai_analysis jsonb,
  appointment_id uuid,
  conversion_value numeric(10, 2),
  lost_reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT leads_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT leads_status_check CHECK (status IN ('new', 'qualified', 'appointment_scheduled', 'completed', 'lost')),
  CONSTRAINT leads_lost_check CHECK (status <> 'lost' OR length(trim(lost_reason)) > 0),
  CONSTRAINT leads_urgency_check CHECK (urgency_level IN ('low', 'normal', 'high', 'emergency')),
  CONSTRAINT leads_value_check CHECK (estimated_value >= 0 AND conversion_value >= 0),
  CONSTRAINT leads_phone_check CHECK (customer_phone ~ '^\+[0-9]{6,20}$')
);
-- A contact has one lead that is not at its end, whatever came first and however much comes at once.
CREATE UNIQUE INDEX leads_one_open ON parley.leads (tenant_id, contact_id) WHERE status NOT IN ('completed', 'lost');
CREATE INDEX idx_leads_tenant_status ON parley.leads (tenant_id, status, created_at DESC, id DESC);
CREATE INDEX idx_leads_customer_phone ON parley.leads (tenant_id, customer_phone);
CREATE INDEX idx_leads_created_at ON parley.leads (tenant_id, created_at DESC, id DESC);
CREATE INDEX idx_leads_contact ON parley.leads (tenant_id, contact_id);
CREATE INDEX idx_leads_conversation ON parley.leads (tenant_id, conversation_id);
CREATE INDEX idx_leads_call ON parley.leads (tenant_id, call_id) WHERE call_id IS NOT NULL;

-- How a business wants its calls to be taken and its missed calls to be answered.
ALTER TABLE parley.business_settings
  ADD COLUMN phone_number_limit integer NOT NULL DEFAULT 1,
  ADD COLUMN forward_to text, -- E.164: the telephone that rings; null: none does, callers hear the message
  ADD COLUMN ring_seconds integer NOT NULL DEFAULT 20,
  ADD COLUMN answer_by_key boolean NOT NULL DEFAULT false, -- whoever picks up presses 1: voicemail cannot
  ADD COLUMN minimum_answered_seconds integer, -- shorter talks count as missed; null: none does
  ADD COLUMN missed_call_greeting text NOT NULL DEFAULT 'Sorry, we cannot take your call right now. We will text you in a moment.',
  ADD COLUMN missed_call_greeting_without_text text NOT NULL DEFAULT 'Sorry, we cannot take your call right now. We will get back to you as soon as we can.',
  ADD COLUMN missed_call_cooldown_minutes integer NOT NULL DEFAULT 60,
  ADD COLUMN after_hours_message text, -- null: the same text at any hour
  ADD COLUMN quiet_hours jsonb, -- {"from": "22:00", "to": "07:00"}: what would be sent then waits until they end; null: none
  ADD COLUMN leads_from_texts boolean NOT NULL DEFAULT true, -- whether a first text makes a lead without a call
  ADD CONSTRAINT business_settings_numbers_check CHECK (phone_number_limit BETWEEN 1 AND 1000),
  ADD CONSTRAINT business_settings_forward_check CHECK (forward_to ~ '^\+[0-9]{6,20}$'),
  ADD CONSTRAINT business_settings_ring_check CHECK (ring_seconds BETWEEN 5 AND 60),
  ADD CONSTRAINT business_settings_answered_check CHECK (minimum_answered_seconds BETWEEN 1 AND 120),
  ADD CONSTRAINT business_settings_cooldown_check CHECK (missed_call_cooldown_minutes BETWEEN 0 AND 10080),
  ADD CONSTRAINT business_settings_quiet_check CHECK (quiet_hours IS NULL OR coalesce(
    quiet_hours ->> 'from' ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$' AND quiet_hours ->> 'to' ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'
    AND quiet_hours ->> 'from' <> quiet_hours ->> 'to', false));

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['phone_numbers', 'messaging_services', 'calls', 'leads'] LOOP
    EXECUTE format('ALTER TABLE parley.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE parley.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant_wall ON parley.%I TO parley_app
      USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()))', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON parley.%I TO parley_app', t);
    EXECUTE format('CREATE TRIGGER trigger_update_%s_updated_at BEFORE UPDATE ON parley.%I
      FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column()', t, t);
  END LOOP;
END $$;

-- Down Migration
ALTER TABLE parley.business_settings DROP COLUMN phone_number_limit, DROP COLUMN forward_to, DROP COLUMN ring_seconds, DROP COLUMN answer_by_key,
  DROP COLUMN minimum_answered_seconds, DROP COLUMN missed_call_greeting, DROP COLUMN missed_call_greeting_without_text, DROP COLUMN missed_call_cooldown_minutes, DROP COLUMN after_hours_message,
  DROP COLUMN quiet_hours, DROP COLUMN leads_from_texts;
DROP TABLE parley.leads, parley.calls, parley.messaging_services, parley.phone_numbers;
