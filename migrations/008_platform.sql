-- Up Migration
-- Who runs the server: people and keys of the platform, apart from the roles within a business. Not tenant tables: they
-- belong to nobody's business, like users and their sessions.
CREATE TABLE parley.platform_operators (
  user_id uuid NOT NULL,
  granted_by text NOT NULL, -- operator:<users.id>, or cli
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT platform_operators_pkey PRIMARY KEY (user_id),
  CONSTRAINT fk_platform_operators_user FOREIGN KEY (user_id) REFERENCES parley.users (id) ON DELETE CASCADE
);
CREATE TABLE parley.platform_api_keys (
  id uuid NOT NULL DEFAULT parley.uuid7(),
  name text NOT NULL,
  key_hash text NOT NULL, -- SHA-256 of the key, hex; the key itself is shown once
  key_hint text NOT NULL, -- its last four characters
  scopes text[], -- null: everything an operator may
  created_by text NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT platform_api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT platform_api_keys_hash_key UNIQUE (key_hash)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON parley.platform_operators, parley.platform_api_keys TO parley_app;
GRANT SELECT ON parley.platform_operators TO parley_system;

-- Within a business: what a key may do at most (null: all that its role may), and since when a session is silent.
ALTER TABLE parley.tenant_api_keys ADD COLUMN scopes text[], ADD COLUMN created_by text;
ALTER TABLE parley.user_sessions
  ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN idle_seconds integer NOT NULL DEFAULT 604800, -- ends after that long without a request; expires_at ends it anyway
  ADD COLUMN ip text,
  ADD COLUMN user_agent text;

GRANT CREATE ON SCHEMA parley TO parley_system;
GRANT UPDATE (last_seen_at) ON parley.user_sessions TO parley_system;
DROP FUNCTION parley.find_session(text);
-- Who holds this token. Without a business for a person who belongs to none (any more): an operator may.
CREATE FUNCTION parley.find_session(p_token_hash text)
RETURNS TABLE (session_id uuid, user_id uuid, email text, is_operator boolean, expires_at timestamptz,
               tenant_id uuid, role text, first_name text, last_name text, tenant_name text, tenant_status text, settings jsonb)
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  -- Last seen to the minute: a busy session must not become a busy row.
  UPDATE user_sessions s SET last_seen_at = clock_timestamp()
   WHERE s.session_token = p_token_hash AND s.last_seen_at < clock_timestamp() - interval '1 minute'
     AND s.last_seen_at > clock_timestamp() - make_interval(secs => s.idle_seconds) AND s.expires_at > clock_timestamp();
  SELECT s.id, u.id, u.email, o.user_id IS NOT NULL, s.expires_at,
         p.tenant_id, p.role, p.first_name, p.last_name, p.name, p.status, p.settings
    FROM user_sessions s JOIN users u ON u.id = s.user_id
    LEFT JOIN platform_operators o ON o.user_id = u.id
    LEFT JOIN LATERAL (SELECT m.tenant_id, m.role, m.first_name, m.last_name, t.name, t.status, t.settings
                         FROM user_profiles m JOIN tenants t ON t.id = m.tenant_id AND t.status <> 'deleted'
                        WHERE m.user_id = u.id AND m.tenant_id = s.tenant_id) p ON true
   WHERE s.session_token = p_token_hash AND s.expires_at > clock_timestamp()
     AND s.last_seen_at > clock_timestamp() - make_interval(secs => s.idle_seconds)
     AND (p.tenant_id IS NOT NULL OR o.user_id IS NOT NULL)
$$;

DROP FUNCTION parley.find_api_key(text);
CREATE FUNCTION parley.find_api_key(p_key_hash text)
RETURNS TABLE (tenant_id uuid, id uuid, name text, role text, scopes text[], tenant_status text)
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  -- Last use to the minute: a busy key must not become a busy row.
  UPDATE tenant_api_keys k SET last_used_at = now()
   WHERE k.key_hash = p_key_hash AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute');
  SELECT k.tenant_id, k.id, k.name, k.role, k.scopes, t.status FROM tenant_api_keys k
    JOIN tenants t ON t.id = k.tenant_id AND t.status <> 'deleted'
   WHERE k.key_hash = p_key_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;

DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['find_session', 'find_api_key'] LOOP
    EXECUTE format('ALTER FUNCTION parley.%I OWNER TO parley_system', f);
    EXECUTE format('REVOKE ALL ON FUNCTION parley.%I FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION parley.%I TO parley_app', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DROP FUNCTION parley.find_session(text), parley.find_api_key(text);
CREATE FUNCTION parley.find_session(p_token_hash text)
RETURNS TABLE (session_id uuid, user_id uuid, email text, tenant_id uuid, role text, first_name text, last_name text,
               tenant_name text, settings jsonb, expires_at timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT s.id, u.id, u.email, p.tenant_id, p.role, p.first_name, p.last_name, t.name, t.settings, s.expires_at
    FROM user_sessions s JOIN users u ON u.id = s.user_id
    JOIN user_profiles p ON p.user_id = u.id AND p.tenant_id = s.tenant_id
    JOIN tenants t ON t.id = p.tenant_id AND t.status <> 'deleted'
   WHERE s.session_token = p_token_hash AND s.expires_at > clock_timestamp()
$$;
CREATE FUNCTION parley.find_api_key(p_key_hash text)
RETURNS TABLE (tenant_id uuid, id uuid, name text, role text)
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  UPDATE tenant_api_keys k SET last_used_at = now()
   WHERE k.key_hash = p_key_hash AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute');
  SELECT k.tenant_id, k.id, k.name, k.role FROM tenant_api_keys k JOIN tenants t ON t.id = k.tenant_id AND t.status = 'active'
   WHERE k.key_hash = p_key_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;
DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['find_session', 'find_api_key'] LOOP
    EXECUTE format('ALTER FUNCTION parley.%I OWNER TO parley_system', f);
    EXECUTE format('REVOKE ALL ON FUNCTION parley.%I FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION parley.%I TO parley_app', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
REVOKE UPDATE (last_seen_at) ON parley.user_sessions FROM parley_system;
ALTER TABLE parley.user_sessions DROP COLUMN last_seen_at, DROP COLUMN idle_seconds, DROP COLUMN ip, DROP COLUMN user_agent;
ALTER TABLE parley.tenant_api_keys DROP COLUMN scopes, DROP COLUMN created_by;
DROP TABLE parley.platform_api_keys, parley.platform_operators;
