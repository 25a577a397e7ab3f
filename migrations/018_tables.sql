-- Up Migration
-- Tables of what comes later: campaigns and automations, the assistant's memory, a linked device's keys. What reads and writes them
-- comes with them; here are their keys, walls and clean-up, so that purging, backups and reports know them.

CREATE TABLE parley.campaigns (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  name text NOT NULL,
  description text,
  message text NOT NULL, -- the words, or those of the template as they were when it was made
  recipients text[] NOT NULL DEFAULT '{}', -- as they were given; who really gets it is in campaign_recipients
  channel_account_id uuid,
  template_id uuid,
  audience jsonb NOT NULL DEFAULT '{}',
  rate_per_minute integer,
  -- Kept in step with campaign_recipients and the ledger, which are the truth.
  sent_count integer NOT NULL DEFAULT 0,
  delivered_count integer NOT NULL DEFAULT 0,
  read_count integer NOT NULL DEFAULT 0,
  failed_count integer NOT NULL DEFAULT 0,
  status text NOT NULL DEFAULT 'draft',
  scheduled_at timestamptz,
  started_at timestamptz,
  completed_at timestamptz,
  created_by text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT campaigns_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT campaigns_name_check CHECK (length(name) BETWEEN 1 AND 255),
  CONSTRAINT campaigns_status_check CHECK (status IN ('draft', 'scheduled', 'running', 'paused', 'completed', 'cancelled')),
  CONSTRAINT campaigns_scheduled_check CHECK (status <> 'scheduled' OR scheduled_at IS NOT NULL),
  CONSTRAINT campaigns_rate_check CHECK (rate_per_minute > 0),
  CONSTRAINT campaigns_counts_check CHECK (least(sent_count, delivered_count, read_count, failed_count) >= 0),
  CONSTRAINT fk_campaigns_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE,
  CONSTRAINT fk_campaigns_account FOREIGN KEY (tenant_id, channel_account_id) REFERENCES parley.channel_accounts (tenant_id, id),
  CONSTRAINT fk_campaigns_template FOREIGN KEY (tenant_id, template_id) REFERENCES parley.templates (tenant_id, id) ON DELETE SET NULL (template_id)
);
CREATE INDEX idx_campaigns_status ON parley.campaigns (tenant_id, status, started_at DESC);
CREATE INDEX idx_campaigns_created ON parley.campaigns (tenant_id, created_at DESC);

-- Who gets a campaign, each number once. How far their message came is in the ledger under message_id, and only there.
CREATE TABLE parley.campaign_recipients (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  campaign_id uuid NOT NULL,
  contact_id uuid,
  given text NOT NULL, -- as it stood in the list
  phone text, -- E.164; null where what was given is no number
  status text NOT NULL DEFAULT 'pending',
  reason text, -- why it was skipped: duplicate, invalid, opted_out, blocked …
  message_id uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT campaign_recipients_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT campaign_recipients_status_check CHECK (status IN ('pending', 'queued', 'skipped', 'cancelled')),
  CONSTRAINT campaign_recipients_queued_check CHECK ((status = 'queued') = (message_id IS NOT NULL)),
  CONSTRAINT campaign_recipients_skipped_check CHECK (status <> 'skipped' OR reason IS NOT NULL),
  CONSTRAINT campaign_recipients_phone_check CHECK (phone ~ '^\+[0-9]{6,20}$'),
  CONSTRAINT fk_campaign_recipients_campaign FOREIGN KEY (tenant_id, campaign_id)
    REFERENCES parley.campaigns (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_campaign_recipients_contact FOREIGN KEY (tenant_id, contact_id)
    REFERENCES parley.contacts (tenant_id, id) ON DELETE SET NULL (contact_id)
);
CREATE UNIQUE INDEX campaign_recipients_once ON parley.campaign_recipients (tenant_id, campaign_id, phone) WHERE status <> 'skipped';
CREATE INDEX idx_campaign_recipients_status ON parley.campaign_recipients (tenant_id, campaign_id, status);
CREATE INDEX idx_campaign_recipients_message ON parley.campaign_recipients (tenant_id, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX idx_campaign_recipients_contact ON parley.campaign_recipients (tenant_id, contact_id) WHERE contact_id IS NOT NULL;

CREATE TABLE parley.automations (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  name text NOT NULL,
  description text,
  trigger_type text NOT NULL,
  trigger_config jsonb NOT NULL DEFAULT '{}',
  conditions jsonb NOT NULL DEFAULT '[]',
  action_type text NOT NULL,
  action_config jsonb NOT NULL DEFAULT '{}',
  status text NOT NULL DEFAULT 'active',
  -- Kept in step with automation_runs.
  execution_count integer NOT NULL DEFAULT 0,
  success_count integer NOT NULL DEFAULT 0,
  failure_count integer NOT NULL DEFAULT 0,
  last_triggered_at timestamptz,
  created_by text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT automations_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT automations_name_check CHECK (length(name) BETWEEN 1 AND 255),
  CONSTRAINT automations_trigger_check CHECK (trigger_type IN ('webhook', 'schedule', 'manual', 'api')),
  CONSTRAINT automations_action_check CHECK (action_type IN ('send_message', 'send_template', 'update_contact', 'http_request')),
  CONSTRAINT automations_status_check CHECK (status IN ('active', 'inactive', 'paused')),
  CONSTRAINT automations_counts_check CHECK (least(success_count, failure_count) >= 0 AND success_count + failure_count <= execution_count),
  CONSTRAINT fk_automations_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);
CREATE INDEX idx_automations_status ON parley.automations (tenant_id, status);
CREATE INDEX idx_automations_trigger_type ON parley.automations (tenant_id, trigger_type);

CREATE TABLE parley.automation_runs (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  automation_id uuid NOT NULL,
  cause text, -- what set it off, for once-only: an event's id, a minute of a schedule
  conversation_id uuid,
  contact_id uuid,
  status text NOT NULL DEFAULT 'running',
  steps jsonb NOT NULL DEFAULT '[]',
  error_code text,
  error_text text,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT automation_runs_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT automation_runs_status_check CHECK (status IN ('running', 'succeeded', 'failed', 'skipped')),
  CONSTRAINT automation_runs_finished_check CHECK ((status = 'running') = (finished_at IS NULL)),
  CONSTRAINT fk_automation_runs_automation FOREIGN KEY (tenant_id, automation_id)
    REFERENCES parley.automations (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_automation_runs_conversation FOREIGN KEY (tenant_id, conversation_id)
    REFERENCES parley.conversations (tenant_id, id) ON DELETE SET NULL (conversation_id),
  CONSTRAINT fk_automation_runs_contact FOREIGN KEY (tenant_id, contact_id)
    REFERENCES parley.contacts (tenant_id, id) ON DELETE SET NULL (contact_id)
);
CREATE UNIQUE INDEX automation_runs_once ON parley.automation_runs (tenant_id, automation_id, cause) WHERE cause IS NOT NULL;
CREATE INDEX idx_automation_runs_started ON parley.automation_runs (tenant_id, automation_id, started_at DESC);
CREATE INDEX idx_automation_runs_conversation ON parley.automation_runs (tenant_id, conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX idx_automation_runs_contact ON parley.automation_runs (tenant_id, contact_id) WHERE contact_id IS NOT NULL;

-- What the assistant remembers of a dialogue, until it expires. `version` moves with every save: who saves an older one is refused.
CREATE TABLE parley.dialog_contexts (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  company_id uuid, -- a branch of the business; null: the business
  phone text NOT NULL,
  conversation_id uuid,
  context jsonb NOT NULL DEFAULT '{}',
  current_step text,
  booking_data jsonb NOT NULL DEFAULT '{}',
  version integer NOT NULL DEFAULT 1,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT dialog_contexts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT dialog_contexts_phone_key UNIQUE NULLS NOT DISTINCT (tenant_id, phone, company_id),
  CONSTRAINT fk_dialog_contexts_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE,
  CONSTRAINT fk_dialog_contexts_conversation FOREIGN KEY (tenant_id, conversation_id)
    REFERENCES parley.conversations (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_dialog_contexts_company ON parley.dialog_contexts (tenant_id, company_id);
CREATE INDEX idx_dialog_contexts_conversation ON parley.dialog_contexts (tenant_id, conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX idx_dialog_contexts_expires ON parley.dialog_contexts (expires_at);

-- What a booking system answered a moment ago. Never used after expires_at, cleared away or not.
CREATE TABLE parley.appointments_cache (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  company_id uuid,
  cache_key text NOT NULL,
  appointments jsonb NOT NULL,
  cached_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  CONSTRAINT appointments_cache_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT appointments_cache_key UNIQUE NULLS NOT DISTINCT (tenant_id, company_id, cache_key),
  CONSTRAINT fk_appointments_cache_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);
CREATE INDEX idx_appointments_cache_expires ON parley.appointments_cache (expires_at);

-- A linked device: what it signs in with, and its keys. Only ciphertext (src/platform/secrets.ts).
CREATE TABLE parley.whatsapp_auth (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  channel_account_id uuid NOT NULL,
  credentials text NOT NULL,
  registered boolean NOT NULL DEFAULT false, -- paired with a phone
  last_connected_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT whatsapp_auth_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT whatsapp_auth_account_key UNIQUE (tenant_id, channel_account_id),
  CONSTRAINT fk_whatsapp_auth_account FOREIGN KEY (tenant_id, channel_account_id)
    REFERENCES parley.channel_accounts (tenant_id, id) ON DELETE CASCADE
);
CREATE TABLE parley.whatsapp_keys (
  tenant_id uuid NOT NULL,
  channel_account_id uuid NOT NULL,
  key_type text NOT NULL, -- pre-key, session, sender-key, app-state-sync-key …
  key_id text NOT NULL,
  value text NOT NULL,
  expires_at timestamptz, -- null: for as long as the device is linked
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT whatsapp_keys_pkey PRIMARY KEY (tenant_id, channel_account_id, key_type, key_id),
  CONSTRAINT fk_whatsapp_keys_auth FOREIGN KEY (tenant_id, channel_account_id)
    REFERENCES parley.whatsapp_auth (tenant_id, channel_account_id) ON DELETE CASCADE
);
CREATE INDEX idx_whatsapp_keys_expires ON parley.whatsapp_keys (expires_at) WHERE expires_at IS NOT NULL;

CREATE INDEX idx_templates_name ON parley.templates (tenant_id, name);
CREATE INDEX idx_templates_status ON parley.templates (tenant_id, status);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['campaigns', 'campaign_recipients', 'automations', 'automation_runs', 'dialog_contexts',
    'appointments_cache', 'whatsapp_auth', 'whatsapp_keys'] LOOP
    EXECUTE format('ALTER TABLE parley.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE parley.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant_wall ON parley.%I TO parley_app
      USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()))', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON parley.%I TO parley_app', t);
    IF t <> 'appointments_cache' THEN
      EXECUTE format('CREATE TRIGGER trigger_update_%s_updated_at BEFORE UPDATE ON parley.%I
        FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column()', t, t);
    END IF;
  END LOOP;
  FOREACH t IN ARRAY ARRAY['dialog_contexts', 'appointments_cache', 'whatsapp_keys'] LOOP
    EXECUTE format('CREATE POLICY system_door ON parley.%I TO parley_system USING (true) WITH CHECK (true)', t);
    EXECUTE format('GRANT SELECT, DELETE ON parley.%I TO parley_system', t);
  END LOOP;
END $$;

-- What has expired goes, of all businesses, up to 10,000 rows to a call; each answers how many went. They take no time of their
-- own: nobody can have anything go early.
GRANT CREATE ON SCHEMA parley TO parley_system;
CREATE FUNCTION parley.cleanup_expired_dialog_contexts() RETURNS integer
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH gone AS (DELETE FROM dialog_contexts d WHERE (d.tenant_id, d.id) IN (
    SELECT x.tenant_id, x.id FROM dialog_contexts x WHERE x.expires_at <= now() ORDER BY x.expires_at LIMIT 10000 FOR UPDATE SKIP LOCKED) RETURNING 1)
  SELECT count(*)::integer FROM gone
$$;
CREATE FUNCTION parley.cleanup_expired_appointments_cache() RETURNS integer
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH gone AS (DELETE FROM appointments_cache a WHERE (a.tenant_id, a.id) IN (
    SELECT x.tenant_id, x.id FROM appointments_cache x WHERE x.expires_at <= now() ORDER BY x.expires_at LIMIT 10000 FOR UPDATE SKIP LOCKED) RETURNING 1)
  SELECT count(*)::integer FROM gone
$$;
CREATE FUNCTION parley.cleanup_expired_whatsapp_keys() RETURNS integer
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH gone AS (DELETE FROM whatsapp_keys k WHERE (k.tenant_id, k.channel_account_id, k.key_type, k.key_id) IN (
    SELECT x.tenant_id, x.channel_account_id, x.key_type, x.key_id FROM whatsapp_keys x WHERE x.expires_at <= now() ORDER BY x.expires_at LIMIT 10000
       FOR UPDATE SKIP LOCKED) RETURNING 1)
  SELECT count(*)::integer FROM gone
$$;
-- FOR UPDATE asks for the right to change a row, of which nothing else is made use.
GRANT UPDATE ON parley.dialog_contexts, parley.appointments_cache, parley.whatsapp_keys TO parley_system;
DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['cleanup_expired_dialog_contexts', 'cleanup_expired_appointments_cache', 'cleanup_expired_whatsapp_keys'] LOOP
    EXECUTE format('ALTER FUNCTION parley.%I OWNER TO parley_system', f);
    EXECUTE format('REVOKE ALL ON FUNCTION parley.%I FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION parley.%I TO parley_app', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Linked devices and their keys, as far as the caller sees them. One row, also where there are none.
CREATE FUNCTION parley.get_whatsapp_auth_stats()
RETURNS TABLE (devices bigint, registered bigint, keys bigint, expired_keys bigint, oldest_key timestamptz, last_connected timestamptz, total_bytes bigint)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT a.devices, a.registered, k.keys, k.expired, k.oldest, a.connected,
         pg_total_relation_size('parley.whatsapp_auth') + pg_total_relation_size('parley.whatsapp_keys')
    FROM (SELECT count(*) AS devices, count(*) FILTER (WHERE x.registered) AS registered, max(x.last_connected_at) AS connected FROM whatsapp_auth x) a,
         (SELECT count(*) AS keys, count(*) FILTER (WHERE x.expires_at <= now()) AS expired, min(x.created_at) AS oldest FROM whatsapp_keys x) k
$$;

-- Down Migration
DROP FUNCTION parley.get_whatsapp_auth_stats, parley.cleanup_expired_whatsapp_keys, parley.cleanup_expired_appointments_cache,
  parley.cleanup_expired_dialog_contexts;
DROP INDEX parley.idx_templates_status, parley.idx_templates_name;
DROP TABLE parley.whatsapp_keys, parley.whatsapp_auth, parley.appointments_cache, parley.dialog_contexts, parley.automation_runs,
  parley.automations, parley.campaign_recipients, parley.campaigns;
