-- Up Migration
-- Roles. The server works as parley_app: no owner, no superuser, no BYPASSRLS. The few functions that must see
-- several tenants at once (intake, receipts, lane claims, look-ups by token or number) belong to parley_system, which
-- has no login and no BYPASSRLS either: it sees only the tables on which a policy lets it.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'parley_app') THEN
    CREATE ROLE parley_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'parley_system') THEN
    CREATE ROLE parley_system NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL; -- two databases of one cluster migrated at the same moment: roles are shared, the other one made them
END $$;
-- To hand functions to parley_system one has to be able to become it. From PostgreSQL 16 on, who created a role is its
-- member without that right until it is granted; who may not grant needs to have been given it.
DO $$
DECLARE r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['parley_app', 'parley_system'] LOOP
    BEGIN
      EXECUTE format('GRANT %I TO %I', r, current_user);
    EXCEPTION WHEN insufficient_privilege THEN
      IF NOT pg_has_role(current_user, r, 'MEMBER') THEN
        RAISE EXCEPTION 'the role % is there, and % may not use it', r, current_user
          USING ERRCODE = 'insufficient_privilege',
                HINT = format('As a superuser: GRANT parley_app, parley_system TO %I WITH ADMIN OPTION;', current_user);
      END IF;
    END;
  END LOOP;
END $$;

GRANT USAGE ON SCHEMA parley TO parley_app;
GRANT USAGE, CREATE ON SCHEMA parley TO parley_system;

-- A time-ordered UUID (version 7, RFC 9562) that also works before PostgreSQL 18.
CREATE FUNCTION parley.uuid7() RETURNS uuid
  LANGUAGE sql VOLATILE PARALLEL SAFE
  RETURN encode(
    set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
      PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
      52, 1), 53, 1), 'hex')::uuid;

-- The tenant of this transaction (SET LOCAL parley.tenant_id = '…'); null where none was set: then no row is visible.
CREATE FUNCTION parley.current_tenant() RETURNS uuid
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('parley.tenant_id', true), '')::uuid;

CREATE FUNCTION parley.update_updated_at_column() RETURNS trigger
  LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at = CURRENT_TIMESTAMP;
  RETURN NEW;
END $$;

-- Businesses ---------------------------------------------------------------------------------------------------------

CREATE TABLE parley.tenants (
  id uuid NOT NULL DEFAULT parley.uuid7(),
  tenant_id text NOT NULL, -- the public name of the tenant in URLs and integrations
  name text NOT NULL,
  business_name text GENERATED ALWAYS AS (name) STORED,
  email text,
  domain text,
  subdomain text,
  status text NOT NULL DEFAULT 'active',
  plan text NOT NULL DEFAULT 'standard',
  rate_limit integer NOT NULL DEFAULT 600, -- API requests a minute
  settings jsonb NOT NULL DEFAULT '{}',
  metadata jsonb NOT NULL DEFAULT '{}',
  business_address text,
  business_latitude numeric(9, 6),
  business_longitude numeric(9, 6),
  trade_type text,
  service_area_radius integer NOT NULL DEFAULT 25,
  onboarding_completed boolean NOT NULL DEFAULT false,
  onboarding_completed_at timestamptz,
  onboarding_step integer NOT NULL DEFAULT 1,
  whatsapp_configured boolean NOT NULL DEFAULT false,
  phone_number_id text,
  genesys_org_id text,
  genesys_org_name text,
  genesys_region text,
  genesys_integration_id text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT tenants_pkey PRIMARY KEY (id),
  CONSTRAINT tenants_tenant_id_key UNIQUE (tenant_id),
  CONSTRAINT tenants_status_check CHECK (status IN ('active', 'suspended', 'deleted')),
  CONSTRAINT tenants_name_check CHECK (length(name) BETWEEN 1 AND 255)
);
CREATE UNIQUE INDEX idx_tenant_phone_number ON parley.tenants (phone_number_id) WHERE phone_number_id IS NOT NULL;
CREATE UNIQUE INDEX idx_tenant_integration_id ON parley.tenants (genesys_integration_id) WHERE genesys_integration_id IS NOT NULL;
CREATE UNIQUE INDEX idx_tenant_subdomain ON parley.tenants (subdomain) WHERE subdomain IS NOT NULL;
CREATE INDEX idx_tenant_genesys_org ON parley.tenants (genesys_org_id);
CREATE INDEX idx_tenant_email ON parley.tenants (lower(email));
CREATE INDEX idx_tenant_domain ON parley.tenants (domain);
CREATE INDEX idx_tenant_status ON parley.tenants (status);
CREATE TRIGGER update_tenants_updated_at BEFORE UPDATE ON parley.tenants
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

-- Secrets by type; `subject` names what they belong to (a channel account's id, an app's slug). Only ciphertext.
-- One active row for a subject; a rotated one stays and is accepted until `valid_until`.
CREATE TABLE parley.tenant_credentials (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  credential_type text NOT NULL,
  subject text NOT NULL DEFAULT '',
  credentials text NOT NULL,
  is_active boolean NOT NULL DEFAULT true,
  valid_until timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT tenant_credentials_pkey PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX tenant_credentials_one_active ON parley.tenant_credentials (tenant_id, credential_type, subject) WHERE is_active;
CREATE TRIGGER update_credentials_updated_at BEFORE UPDATE ON parley.tenant_credentials
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

-- People who work here -----------------------------------------------------------------------------------------------

-- A person signs in once and may belong to several tenants, so users and sessions are not tenant tables.
CREATE TABLE parley.users (
  id uuid NOT NULL DEFAULT parley.uuid7(),
  email text NOT NULL,
  password_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT users_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX users_email_key ON parley.users (lower(email));
CREATE TRIGGER trigger_update_users_updated_at BEFORE UPDATE ON parley.users
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

CREATE TABLE parley.user_profiles (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  user_id uuid NOT NULL,
  role text NOT NULL DEFAULT 'agent',
  first_name text,
  last_name text,
  email text,
  phone_number text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT user_profiles_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT user_profiles_user_key UNIQUE (tenant_id, user_id),
  CONSTRAINT user_profiles_role_check CHECK (role IN ('owner', 'admin', 'agent', 'viewer'))
);
CREATE INDEX idx_user_profiles_user ON parley.user_profiles (user_id);
CREATE TRIGGER trigger_update_user_profiles_updated_at BEFORE UPDATE ON parley.user_profiles
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

CREATE TABLE parley.user_sessions (
  id uuid NOT NULL DEFAULT parley.uuid7(),
  user_id uuid NOT NULL,
  tenant_id uuid, -- the tenant this session looks at
  session_token text NOT NULL, -- SHA-256 of the token, hex
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT user_sessions_pkey PRIMARY KEY (id),
  CONSTRAINT user_sessions_token_key UNIQUE (session_token)
);
CREATE INDEX idx_user_sessions_user ON parley.user_sessions (user_id);
CREATE INDEX idx_user_sessions_expires ON parley.user_sessions (expires_at);

CREATE TABLE parley.tenant_api_keys (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  name text NOT NULL,
  key_hash text NOT NULL, -- SHA-256 of the key, hex; the key itself is shown once
  key_hint text NOT NULL, -- its last four characters
  role text NOT NULL DEFAULT 'agent',
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT tenant_api_keys_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT tenant_api_keys_role_check CHECK (role IN ('owner', 'admin', 'agent', 'viewer'))
);
CREATE UNIQUE INDEX tenant_api_keys_hash_key ON parley.tenant_api_keys (key_hash);

-- Channel accounts ---------------------------------------------------------------------------------------------------

-- An application registered at a provider, whose secret signs webhooks. The platform's own app has no row: its secret
-- is configuration. `slug` is the last part of its webhook address.
CREATE TABLE parley.channel_apps (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  provider text NOT NULL,
  slug text NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT channel_apps_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT channel_apps_slug_check CHECK (slug ~ '^[A-Za-z0-9_-]{1,64}$')
);
CREATE UNIQUE INDEX channel_apps_slug_key ON parley.channel_apps (provider, slug);

CREATE TABLE parley.channel_accounts (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  channel text NOT NULL,  -- whatsapp, sms, webchat …: what the customer sees
  provider text NOT NULL, -- whatsapp-cloud, twilio …: which folder under channels/ speaks to it
  app_slug text NOT NULL DEFAULT '', -- '' is the platform's own app
  external_id text NOT NULL, -- the provider's id of this address (WhatsApp: phone_number_id)
  portfolio_id text, -- what business-scoped user ids are scoped to
  name text NOT NULL,
  address text, -- as people write it, E.164 for phones
  country text NOT NULL DEFAULT 'US', -- for numbers written without a country code
  is_default boolean NOT NULL DEFAULT false,
  answerer text NOT NULL DEFAULT 'human',
  state text NOT NULL DEFAULT 'connected',
  state_code text,
  state_text text,
  paused_until timestamptz,
  settings jsonb NOT NULL DEFAULT '{}',
  pace_tokens double precision NOT NULL DEFAULT 0,
  pace_at timestamptz NOT NULL DEFAULT 'epoch',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT channel_accounts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT channel_accounts_state_check CHECK (state IN ('pairing', 'connecting', 'connected', 'degraded', 'held', 'logged_out'))
);
CREATE UNIQUE INDEX channel_accounts_external_key ON parley.channel_accounts (provider, external_id);
CREATE TRIGGER trigger_update_channel_accounts_updated_at
  BEFORE UPDATE OF name, address, state, settings, answerer ON parley.channel_accounts
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

CREATE TABLE parley.tenant_whatsapp_config (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  channel_account_id uuid NOT NULL,
  phone_number_id text NOT NULL,
  waba_id text,
  business_id text,
  display_phone_number text,
  graph_url text NOT NULL DEFAULT 'https://graph.facebook.com',
  graph_version text NOT NULL DEFAULT 'v25.0',
  quality_rating text,
  messaging_limit_tier text,
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT tenant_whatsapp_config_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT tenant_whatsapp_config_account_key UNIQUE (tenant_id, channel_account_id)
);
CREATE INDEX idx_tenant_whatsapp_config_waba ON parley.tenant_whatsapp_config (waba_id);
CREATE TRIGGER update_whatsapp_updated_at BEFORE UPDATE ON parley.tenant_whatsapp_config
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

-- Down Migration
DROP TABLE parley.tenant_whatsapp_config, parley.channel_accounts, parley.channel_apps, parley.tenant_api_keys,
  parley.user_sessions, parley.user_profiles, parley.users, parley.tenant_credentials, parley.tenants;
DROP FUNCTION parley.update_updated_at_column(), parley.current_tenant(), parley.uuid7();
