-- Up Migration
-- A key lives no longer, and may no more, than who made it; who came and went is in the log of every business concerned; a
-- number goes to whoever shows that it is theirs.

-- Keys of a business. `made_for`: the person at the beginning of who made it with what; null: whoever runs the server, for good.
ALTER TABLE parley.tenant_api_keys ADD COLUMN made_for uuid, ADD COLUMN made_with uuid;
ALTER TABLE parley.platform_api_keys ADD COLUMN made_for uuid, ADD COLUMN made_with uuid;
-- When the provider showed the number to its token, or who runs the server said so. Without it, it gives way to who has it.
ALTER TABLE parley.channel_accounts ADD COLUMN proven_at timestamptz;

-- Row-level security binds whoever migrates too; only for these statements it does not.
ALTER TABLE parley.tenant_api_keys NO FORCE ROW LEVEL SECURITY;
ALTER TABLE parley.channel_accounts NO FORCE ROW LEVEL SECURITY;
UPDATE parley.tenant_api_keys k SET made_with = m.id FROM parley.tenant_api_keys m
 WHERE m.tenant_id = k.tenant_id AND k.created_by = 'key:' || m.id;
WITH RECURSIVE made AS (
  SELECT tenant_id, id, substr(created_by, 6)::uuid AS person FROM parley.tenant_api_keys
   WHERE created_by ~ '^user:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
  UNION ALL
  SELECT k.tenant_id, k.id, m.person FROM parley.tenant_api_keys k JOIN made m ON m.tenant_id = k.tenant_id AND m.id = k.made_with)
UPDATE parley.tenant_api_keys k SET made_for = m.person FROM made m WHERE m.tenant_id = k.tenant_id AND m.id = k.id;
-- Made with a key that was revoked, or outliving it.
WITH RECURSIVE made AS (
  SELECT tenant_id, id, revoked_at, expires_at FROM parley.tenant_api_keys WHERE made_with IS NULL
  UNION ALL
  SELECT k.tenant_id, k.id, coalesce(k.revoked_at, m.revoked_at), least(k.expires_at, m.expires_at)
    FROM parley.tenant_api_keys k JOIN made m ON m.tenant_id = k.tenant_id AND m.id = k.made_with)
UPDATE parley.tenant_api_keys k SET revoked_at = m.revoked_at, expires_at = m.expires_at FROM made m
 WHERE m.tenant_id = k.tenant_id AND m.id = k.id
   AND (k.revoked_at IS DISTINCT FROM m.revoked_at OR k.expires_at IS DISTINCT FROM m.expires_at);
-- What the platform's own app delivers was given out with proof, or by who runs the server.
UPDATE parley.channel_accounts SET proven_at = created_at WHERE app_slug = '';
ALTER TABLE parley.tenant_api_keys FORCE ROW LEVEL SECURITY;
ALTER TABLE parley.channel_accounts FORCE ROW LEVEL SECURITY;

UPDATE parley.platform_api_keys k SET made_with = m.id FROM parley.platform_api_keys m WHERE k.created_by = 'platform_key:' || m.id;
WITH RECURSIVE made AS (
  SELECT id, revoked_at, expires_at, CASE WHEN created_by ~ '^operator:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
         THEN substr(created_by, 10)::uuid END AS person FROM parley.platform_api_keys WHERE made_with IS NULL
  UNION ALL
  SELECT k.id, coalesce(k.revoked_at, m.revoked_at), least(k.expires_at, m.expires_at), m.person
    FROM parley.platform_api_keys k JOIN made m ON m.id = k.made_with)
UPDATE parley.platform_api_keys k SET revoked_at = m.revoked_at, expires_at = m.expires_at, made_for = m.person FROM made m WHERE m.id = k.id;

GRANT CREATE ON SCHEMA parley TO parley_system;
CREATE OR REPLACE FUNCTION parley.find_api_key(p_key_hash text)
RETURNS TABLE (tenant_id uuid, id uuid, name text, role text, scopes text[], tenant_status text)
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  -- Last use to the minute: a busy key must not become a busy row.
  UPDATE tenant_api_keys k SET last_used_at = now()
   WHERE k.key_hash = p_key_hash AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute');
  -- Of its role and that of the person it was made for the lesser; nothing once that person has left.
  SELECT k.tenant_id, k.id, k.name,
         CASE WHEN array_position(r.roles, m.role) < array_position(r.roles, k.role) THEN m.role ELSE k.role END, k.scopes, t.status
    FROM (SELECT ARRAY['viewer', 'agent', 'admin', 'owner'] AS roles) r, tenant_api_keys k
    JOIN tenants t ON t.id = k.tenant_id AND t.status <> 'deleted'
    LEFT JOIN user_profiles m ON m.tenant_id = k.tenant_id AND m.user_id = k.made_for
   WHERE k.key_hash = p_key_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
     AND (k.made_for IS NULL OR m.user_id IS NOT NULL)
$$;

-- In how many businesses a person works, those included that were deleted and may come back.
CREATE FUNCTION parley.count_memberships(p_user uuid) RETURNS integer
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$ SELECT count(*)::integer FROM user_profiles p WHERE p.user_id = p_user $$;

-- The ids of all businesses, whatever became of them: their order never changes, so one that is suspended or brought back
-- while they are gone through is not missed.
CREATE FUNCTION parley.every_tenant(p_after uuid, p_limit integer) RETURNS SETOF uuid
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$ SELECT t.id FROM tenants t WHERE t.id > p_after ORDER BY t.id LIMIT p_limit $$;

-- What a person did with their way in, as a line in the log of each business they work for. Returns the businesses.
CREATE POLICY system_door ON parley.audit_log FOR INSERT TO parley_system WITH CHECK (true);
GRANT INSERT ON parley.audit_log TO parley_system;
CREATE FUNCTION parley.audit_person(p_user uuid, p_id uuid, p_actor text, p_actor_name text, p_action text, p_changes jsonb, p_ip text)
RETURNS SETOF uuid
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
DECLARE v_tenant uuid;
BEGIN
  FOR v_tenant IN SELECT p.tenant_id FROM user_profiles p JOIN tenants t ON t.id = p.tenant_id AND t.status <> 'deleted'
                   WHERE p.user_id = p_user ORDER BY p.tenant_id LOOP
    INSERT INTO audit_log (tenant_id, id, actor, actor_name, action, subject_type, subject_id, changes, ip)
      VALUES (v_tenant, p_id, p_actor, p_actor_name, p_action, 'user', p_user::text, p_changes, p_ip);
    RETURN NEXT v_tenant;
  END LOOP;
END $$;

-- Who has a number's id, and whether they showed that it is theirs.
CREATE FUNCTION parley.find_holder(p_provider text, p_external_id text)
RETURNS TABLE (tenant_id uuid, account_id uuid, proven boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT a.tenant_id, a.id, a.proven_at IS NOT NULL FROM channel_accounts a
   WHERE a.provider = p_provider AND a.external_id = p_external_id
$$;

-- Takes a number from a business that never showed that it is theirs, for one that did: in the transaction in which that one
-- stores it. The loser's conversations stay, its log says what happened and not for whom.
GRANT UPDATE (phone_number_id, whatsapp_configured) ON parley.tenants TO parley_system;
GRANT DELETE ON parley.tenant_credentials TO parley_system;
CREATE FUNCTION parley.release_unproven(p_provider text, p_external_id text, p_for uuid) RETURNS SETOF uuid
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
DECLARE a record; v_main text;
BEGIN
  UPDATE channel_accounts c SET removed_at = now(), released_external_id = c.external_id, external_id = 'released:' || c.id,
         is_default = false, state = 'logged_out', state_text = 'Another business showed that this number is its own.'
   WHERE c.provider = p_provider AND c.external_id = p_external_id AND c.tenant_id <> p_for AND c.proven_at IS NULL
  RETURNING c.tenant_id, c.id, c.name INTO a;
  IF NOT FOUND THEN RETURN; END IF;
  DELETE FROM tenant_credentials t WHERE t.tenant_id = a.tenant_id AND t.subject = a.id::text
     AND t.credential_type IN ('channel_account', 'whatsapp_pin');
  SELECT c.external_id INTO v_main FROM channel_accounts c
   WHERE c.tenant_id = a.tenant_id AND c.provider = 'whatsapp-cloud' AND c.removed_at IS NULL ORDER BY c.is_default DESC, c.created_at, c.id LIMIT 1;
  UPDATE tenants t SET phone_number_id = v_main, whatsapp_configured = v_main IS NOT NULL
   WHERE t.id = a.tenant_id AND (t.phone_number_id IS DISTINCT FROM v_main OR t.whatsapp_configured <> (v_main IS NOT NULL));
  INSERT INTO events (tenant_id, type, actor, data)
    VALUES (a.tenant_id, 'account.updated', 'system', jsonb_build_object('accountId', a.id, 'state', 'logged_out'));
  INSERT INTO audit_log (tenant_id, actor, actor_name, action, subject_type, subject_id, changes)
    VALUES (a.tenant_id, 'system', 'Parley', 'account.lost', 'account', a.id, jsonb_build_object('name', a.name, 'phoneNumberId', p_external_id));
  RETURN NEXT a.tenant_id;
END $$;

DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['find_api_key', 'count_memberships', 'every_tenant', 'audit_person', 'find_holder', 'release_unproven'] LOOP
    EXECUTE format('ALTER FUNCTION parley.%I OWNER TO parley_system', f);
    EXECUTE format('REVOKE ALL ON FUNCTION parley.%I FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION parley.%I TO parley_app', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DROP FUNCTION parley.count_memberships, parley.every_tenant, parley.audit_person, parley.find_holder, parley.release_unproven;
CREATE OR REPLACE FUNCTION parley.find_api_key(p_key_hash text)
RETURNS TABLE (tenant_id uuid, id uuid, name text, role text, scopes text[], tenant_status text)
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  UPDATE tenant_api_keys k SET last_used_at = now()
   WHERE k.key_hash = p_key_hash AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute');
  SELECT k.tenant_id, k.id, k.name, k.role, k.scopes, t.status FROM tenant_api_keys k
    JOIN tenants t ON t.id = k.tenant_id AND t.status <> 'deleted'
   WHERE k.key_hash = p_key_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
REVOKE DELETE ON parley.tenant_credentials FROM parley_system;
REVOKE UPDATE (phone_number_id, whatsapp_configured) ON parley.tenants FROM parley_system;
REVOKE INSERT ON parley.audit_log FROM parley_system;
DROP POLICY system_door ON parley.audit_log;
ALTER TABLE parley.channel_accounts DROP COLUMN proven_at;
ALTER TABLE parley.platform_api_keys DROP COLUMN made_for, DROP COLUMN made_with;
ALTER TABLE parley.tenant_api_keys DROP COLUMN made_for, DROP COLUMN made_with;
