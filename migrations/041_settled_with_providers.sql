-- Up Migration
-- What is settled with a provider that can be asked: sends whose answer was lost, and messages that no webhook brought.
ALTER TABLE parley.channel_accounts
  ADD COLUMN asked_until timestamptz, -- all that came to the account before this is here
  ADD COLUMN ask_at timestamptz; -- when the provider is asked next what came
GRANT CREATE ON SCHEMA parley TO parley_system;

-- Sends whose answer was lost, over accounts of these providers, the oldest first. What is older than a day a person has to
-- look at.
CREATE FUNCTION parley.unknown_sends(p_providers text[], p_now timestamptz, p_wait_ms integer, p_limit integer)
RETURNS TABLE (tenant_id uuid, conversation_id uuid, account_id uuid, provider text, message_id uuid, attempt integer, token bigint,
               started_at timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT t.tenant_id, t.conversation_id, t.channel_account_id, a.provider, t.id, s.n, s.token, s.started_at
    FROM message_tracking t
    JOIN channel_accounts a ON a.tenant_id = t.tenant_id AND a.id = t.channel_account_id AND a.provider = ANY (p_providers)
    JOIN LATERAL (SELECT x.n, x.token, x.started_at, x.finished_at FROM send_attempts x
                   WHERE x.tenant_id = t.tenant_id AND x.message_id = t.id ORDER BY x.n DESC LIMIT 1) s ON true
   WHERE t.unsent AND t.send_outcome = 'unknown' AND s.finished_at < p_now - make_interval(secs => p_wait_ms / 1000.0)
     AND s.started_at > p_now - interval '1 day'
   ORDER BY s.started_at, t.id LIMIT p_limit
$$;

-- Takes accounts whose provider is to be asked what came, and says from when on. Who takes one has it until its next time.
CREATE FUNCTION parley.claim_askings(p_providers text[], p_now timestamptz, p_every_ms integer, p_limit integer)
RETURNS TABLE (tenant_id uuid, account_id uuid, provider text, app_slug text, since timestamptz)
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  UPDATE channel_accounts a SET ask_at = p_now + make_interval(secs => p_every_ms / 1000.0)
    FROM (SELECT x.tenant_id, x.id FROM channel_accounts x JOIN tenants t ON t.id = x.tenant_id AND t.status = 'active'
           WHERE x.provider = ANY (p_providers) AND x.removed_at IS NULL AND x.state IN ('connected', 'degraded', 'held')
             AND coalesce(x.ask_at, x.created_at + make_interval(secs => p_every_ms / 1000.0)) <= p_now
           ORDER BY x.ask_at NULLS FIRST LIMIT p_limit FOR NO KEY UPDATE OF x SKIP LOCKED) c
   WHERE a.tenant_id = c.tenant_id AND a.id = c.id
  RETURNING a.tenant_id, a.id, a.provider, a.app_slug, coalesce(a.asked_until, a.created_at)
$$;

DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['parley.unknown_sends(text[], timestamptz, integer, integer)', 'parley.claim_askings(text[], timestamptz, integer, integer)'] LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO parley_system', f);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO parley_app', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
DROP FUNCTION parley.unknown_sends(text[], timestamptz, integer, integer), parley.claim_askings(text[], timestamptz, integer, integer);
ALTER TABLE parley.channel_accounts DROP COLUMN asked_until, DROP COLUMN ask_at;
