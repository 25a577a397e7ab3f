-- Up Migration
-- People: a second factor, preferences, presence, the way in by invitation and back in after a forgotten password; and what a
-- business says about itself. People are not tenant tables: one person may work for several businesses.
ALTER TABLE parley.users
  ADD COLUMN totp_secret text, -- sealed; asked for at sign-in only once confirmed
  ADD COLUMN totp_confirmed_at timestamptz,
  ADD COLUMN totp_last_step bigint; -- the 30 seconds of the last code taken: none of that step or before is taken again

CREATE TABLE parley.user_recovery_codes (
  user_id uuid NOT NULL,
  code_hash text NOT NULL, -- SHA-256 of the code, hex
  used_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT user_recovery_codes_pkey PRIMARY KEY (user_id, code_hash),
  CONSTRAINT fk_user_recovery_codes_user FOREIGN KEY (user_id) REFERENCES parley.users (id) ON DELETE CASCADE
);

CREATE TABLE parley.user_preferences (
  id uuid NOT NULL DEFAULT parley.uuid7(),
  user_id uuid NOT NULL,
  notification_email boolean NOT NULL DEFAULT true,
  notification_sms boolean NOT NULL DEFAULT true,
  notification_push boolean NOT NULL DEFAULT true,
  ai_takeover_delay integer NOT NULL DEFAULT 60, -- seconds
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT user_preferences_pkey PRIMARY KEY (id),
  CONSTRAINT user_preferences_user_key UNIQUE (user_id),
  CONSTRAINT user_preferences_delay_check CHECK (ai_takeover_delay BETWEEN 0 AND 3600),
  CONSTRAINT fk_user_preferences_user FOREIGN KEY (user_id) REFERENCES parley.users (id) ON DELETE CASCADE
);
CREATE TRIGGER trigger_update_user_preferences_updated_at BEFORE UPDATE ON parley.user_preferences
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

CREATE TABLE parley.user_status (
  id uuid NOT NULL DEFAULT parley.uuid7(),
  user_id uuid NOT NULL,
  is_active boolean NOT NULL DEFAULT true,
  is_online boolean NOT NULL DEFAULT false,
  status text NOT NULL DEFAULT 'available', -- what the person chose to show
  last_seen_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT user_status_pkey PRIMARY KEY (id),
  CONSTRAINT user_status_user_key UNIQUE (user_id),
  CONSTRAINT user_status_status_check CHECK (status IN ('available', 'busy', 'away', 'offline')),
  CONSTRAINT fk_user_status_user FOREIGN KEY (user_id) REFERENCES parley.users (id) ON DELETE CASCADE
);
CREATE INDEX idx_user_status_active ON parley.user_status (is_active, is_online);
CREATE INDEX idx_user_status_last_seen ON parley.user_status (last_seen_at);
CREATE TRIGGER trigger_update_user_status_updated_at BEFORE UPDATE ON parley.user_status
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

-- Which processes hold a live stream of whom. A process that ended without a word stops being counted by `seen_at`.
CREATE TABLE parley.user_connections (
  user_id uuid NOT NULL,
  process_id uuid NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT user_connections_pkey PRIMARY KEY (user_id, process_id),
  CONSTRAINT fk_user_connections_user FOREIGN KEY (user_id) REFERENCES parley.users (id) ON DELETE CASCADE
);
CREATE INDEX idx_user_connections_seen ON parley.user_connections (seen_at);

CREATE TABLE parley.password_resets (
  id uuid NOT NULL DEFAULT parley.uuid7(),
  user_id uuid NOT NULL,
  token_hash text NOT NULL, -- SHA-256 of the token, hex
  created_by text NOT NULL, -- user:<id>, or system where the person asked
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT password_resets_pkey PRIMARY KEY (id),
  CONSTRAINT password_resets_token_key UNIQUE (token_hash),
  CONSTRAINT fk_password_resets_user FOREIGN KEY (user_id) REFERENCES parley.users (id) ON DELETE CASCADE
);
CREATE INDEX idx_password_resets_user ON parley.password_resets (user_id);
CREATE INDEX idx_password_resets_expires ON parley.password_resets (expires_at);

-- Tries to sign in, counted for all processes together. `key` is a hash of who or where; `expire` is in milliseconds.
CREATE TABLE parley.sign_in_tries (
  key text NOT NULL,
  points integer NOT NULL DEFAULT 0,
  expire bigint,
  CONSTRAINT sign_in_tries_pkey PRIMARY KEY (key)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON parley.user_recovery_codes, parley.user_preferences, parley.user_status,
  parley.user_connections, parley.password_resets, parley.sign_in_tries TO parley_app;

-- Tenant tables ------------------------------------------------------------------------------------------------------

ALTER TABLE parley.tenants ADD COLUMN phone text;
CREATE INDEX idx_tenants_business_location ON parley.tenants (business_latitude, business_longitude);
CREATE INDEX idx_tenants_trade_type ON parley.tenants (trade_type);
CREATE INDEX idx_tenants_onboarding ON parley.tenants (onboarding_completed, onboarding_step);
CREATE INDEX idx_user_profiles_tenant ON parley.user_profiles (tenant_id);
CREATE INDEX idx_user_profiles_email ON parley.user_profiles (email);

-- Seven days, each with open and close as wall-clock times and whether it counts. Closing before opening is a night shift.
CREATE FUNCTION parley.valid_business_hours(p_hours jsonb) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT jsonb_typeof(p_hours) = 'object' AND (
    SELECT count(*) = 7 AND bool_and(coalesce(
             jsonb_typeof(h.value -> 'enabled') = 'boolean'
             AND h.value ->> 'open' ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'
             AND h.value ->> 'close' ~ '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$'
             AND NOT ((h.value ->> 'enabled')::boolean AND h.value ->> 'open' = h.value ->> 'close'), false))
      FROM unnest(ARRAY['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']) AS d (day)
      JOIN jsonb_each(CASE jsonb_typeof(p_hours) WHEN 'object' THEN p_hours ELSE '{}' END) h ON h.key = d.day)
$$;

CREATE TABLE parley.business_settings (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  business_hours jsonb NOT NULL DEFAULT '{"monday":{"open":"09:00","close":"17:00","enabled":true},"tuesday":{"open":"09:00","close":"17:00","enabled":true},"wednesday":{"open":"09:00","close":"17:00","enabled":true},"thursday":{"open":"09:00","close":"17:00","enabled":true},"friday":{"open":"09:00","close":"17:00","enabled":true},"saturday":{"open":"09:00","close":"17:00","enabled":false},"sunday":{"open":"09:00","close":"17:00","enabled":false}}',
  timezone text NOT NULL DEFAULT 'America/New_York', -- IANA; kept in step with tenants.settings
  auto_response_enabled boolean NOT NULL DEFAULT true,
  auto_response_message text NOT NULL DEFAULT 'Hi! Sorry we missed your call. How can we help?',
  ai_greeting_template text NOT NULL DEFAULT 'Hello! I''m here to help with your [TRADE] needs. What can I assist you with today?',
  ai_takeover_delay integer NOT NULL DEFAULT 60, -- seconds, where nobody is assigned
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT business_settings_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT business_settings_hours_check CHECK (parley.valid_business_hours(business_hours)),
  CONSTRAINT business_settings_delay_check CHECK (ai_takeover_delay BETWEEN 0 AND 3600),
  CONSTRAINT fk_business_settings_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX idx_business_settings_tenant ON parley.business_settings (tenant_id);
CREATE TRIGGER trigger_update_business_settings_updated_at BEFORE UPDATE ON parley.business_settings
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

CREATE TABLE parley.invitations (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  email text NOT NULL,
  role text NOT NULL,
  token_hash text NOT NULL, -- SHA-256 of the token, hex
  invited_by text NOT NULL, -- user:<id>, key:<id>, operator:<id>, cli
  invited_by_name text NOT NULL,
  expires_at timestamptz NOT NULL,
  accepted_at timestamptz,
  accepted_by uuid, -- users.id
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT invitations_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT invitations_role_check CHECK (role IN ('owner', 'admin', 'agent', 'viewer')),
  CONSTRAINT fk_invitations_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX invitations_token_key ON parley.invitations (token_hash);
CREATE UNIQUE INDEX invitations_one_open ON parley.invitations (tenant_id, lower(email)) WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE INDEX idx_invitations_expires ON parley.invitations (expires_at);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['business_settings', 'invitations'] LOOP
    EXECUTE format('ALTER TABLE parley.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE parley.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant_wall ON parley.%I TO parley_app
      USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()))', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON parley.%I TO parley_app', t);
  END LOOP;
END $$;

-- What works across tenants --------------------------------------------------------------------------------------------

CREATE POLICY system_door ON parley.invitations TO parley_system USING (true) WITH CHECK (true);
GRANT SELECT, DELETE ON parley.invitations TO parley_system;
GRANT CREATE ON SCHEMA parley TO parley_system;

-- Whose link this is: it is shown before anybody knows the business. Only one that can still be accepted.
CREATE FUNCTION parley.find_invitation(p_token_hash text)
RETURNS TABLE (tenant_id uuid, id uuid, email text, role text, business text, known_user uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT i.tenant_id, i.id, i.email, i.role, t.name, u.id FROM invitations i
    JOIN tenants t ON t.id = i.tenant_id AND t.status = 'active'
    LEFT JOIN users u ON lower(u.email) = lower(i.email)
   WHERE i.token_hash = p_token_hash AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > clock_timestamp()
$$;

-- Tells every business of a person what changed about them (presence, name). Returns the businesses told.
CREATE FUNCTION parley.announce_person(p_user uuid, p_type text) RETURNS SETOF uuid
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  INSERT INTO events (tenant_id, type, actor, data)
  SELECT p.tenant_id, p_type, 'user:' || p_user, jsonb_build_object('memberId', p_user) FROM user_profiles p WHERE p.user_id = p_user
  RETURNING tenant_id
$$;

-- Invitations that nobody can accept any more are kept for a while, to be seen in the list; then they go.
CREATE FUNCTION parley.forget_old_invitations(p_days integer) RETURNS integer
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH gone AS (DELETE FROM invitations WHERE expires_at < now() - make_interval(days => p_days) RETURNING 1)
  SELECT count(*)::integer FROM gone
$$;

DROP FUNCTION parley.find_memberships(uuid);
CREATE FUNCTION parley.find_memberships(p_user uuid)
RETURNS TABLE (tenant_id uuid, role text, tenant_name text, tenant_status text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT p.tenant_id, p.role, t.name, t.status FROM user_profiles p JOIN tenants t ON t.id = p.tenant_id AND t.status <> 'deleted'
   WHERE p.user_id = p_user ORDER BY t.name, t.id
$$;

DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['find_invitation', 'announce_person', 'forget_old_invitations', 'find_memberships'] LOOP
    EXECUTE format('ALTER FUNCTION parley.%I OWNER TO parley_system', f);
    EXECUTE format('REVOKE ALL ON FUNCTION parley.%I FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION parley.%I TO parley_app', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DROP FUNCTION parley.find_invitation(text), parley.announce_person(uuid, text), parley.forget_old_invitations(integer),
  parley.find_memberships(uuid);
CREATE FUNCTION parley.find_memberships(p_user uuid)
RETURNS TABLE (tenant_id uuid, role text, tenant_name text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT p.tenant_id, p.role, t.name FROM user_profiles p JOIN tenants t ON t.id = p.tenant_id AND t.status <> 'deleted'
   WHERE p.user_id = p_user ORDER BY t.name, t.id
$$;
ALTER FUNCTION parley.find_memberships(uuid) OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.find_memberships(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.find_memberships(uuid) TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
DROP TABLE parley.invitations, parley.business_settings;
DROP FUNCTION parley.valid_business_hours(jsonb);
DROP INDEX parley.idx_user_profiles_email, parley.idx_user_profiles_tenant, parley.idx_tenants_onboarding,
  parley.idx_tenants_trade_type, parley.idx_tenants_business_location;
ALTER TABLE parley.tenants DROP COLUMN phone;
DROP TABLE parley.sign_in_tries, parley.password_resets, parley.user_connections, parley.user_status, parley.user_preferences,
  parley.user_recovery_codes;
ALTER TABLE parley.users DROP COLUMN totp_secret, DROP COLUMN totp_confirmed_at, DROP COLUMN totp_last_step;
