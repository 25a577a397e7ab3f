-- Up Migration
-- The life of a business on this server: found by what others know it by, suspended, deleted and restored, purged.

-- What a deleted business gave back, so that another may take it, and so that restoring it knows what it had.
ALTER TABLE parley.tenants ADD COLUMN deleted_at timestamptz, ADD COLUMN released jsonb;
-- An account that was removed keeps its conversations; its address at the provider may be connected by somebody else.
ALTER TABLE parley.channel_accounts ADD COLUMN removed_at timestamptz, ADD COLUMN released_external_id text;

-- A contact centre's organisation is one business: who asks for it twice at once gets the same one.
DROP INDEX parley.idx_tenant_genesys_org;
CREATE UNIQUE INDEX idx_tenant_genesys_org ON parley.tenants (genesys_org_id) WHERE genesys_org_id IS NOT NULL;
-- Lists are read by status, newest first.
DROP INDEX parley.idx_tenant_status;
CREATE INDEX idx_tenant_status ON parley.tenants (status, id DESC);

-- A sign-up at WhatsApp that somebody began: only a hash of its state, which counts once.
CREATE TABLE parley.whatsapp_signups (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  state_hash text NOT NULL, -- SHA-256, hex
  begun_by text NOT NULL, -- user:<id>, key:<id>, operator:<users.id>, platform_key:<id>: nobody else may complete it
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  outcome text, -- connected, or the code of what went wrong
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT whatsapp_signups_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT whatsapp_signups_state_key UNIQUE (tenant_id, state_hash),
  CONSTRAINT fk_whatsapp_signups_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);
ALTER TABLE parley.whatsapp_signups ENABLE ROW LEVEL SECURITY;
ALTER TABLE parley.whatsapp_signups FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON parley.whatsapp_signups TO parley_app
  USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON parley.whatsapp_signups TO parley_app;

GRANT CREATE ON SCHEMA parley TO parley_system;

-- Which look-ups a change of a business or of its accounts may have made wrong: told to every process, at the very moment
-- it is committed. (A notification inside a writing transaction costs commits; businesses change seldom.)
CREATE FUNCTION parley.announce_tenant() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
DECLARE
  v_keys text[] := '{}'; v_id uuid; v_payload text;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    v_id := OLD.id;
    v_keys := ARRAY['phone:' || OLD.phone_number_id, 'integration:' || OLD.genesys_integration_id,
                    'genesys_org:' || OLD.genesys_org_id, 'subdomain:' || OLD.subdomain];
  END IF;
  IF TG_OP <> 'DELETE' THEN
    v_id := NEW.id;
    v_keys := v_keys || ARRAY['phone:' || NEW.phone_number_id, 'integration:' || NEW.genesys_integration_id,
                              'genesys_org:' || NEW.genesys_org_id, 'subdomain:' || NEW.subdomain];
  END IF;
  -- Its further numbers find it as well.
  SELECT array_agg(DISTINCT k) INTO v_keys FROM (
    SELECT unnest(v_keys) AS k UNION ALL SELECT 'phone:' || a.external_id FROM channel_accounts a WHERE a.tenant_id = v_id) x
   WHERE k IS NOT NULL;
  IF v_keys IS NULL THEN RETURN NULL; END IF;
  v_payload := array_to_json(v_keys)::text;
  -- A notification holds 8,000 bytes. '*': all of them.
  PERFORM pg_notify('parley_tenants', CASE WHEN octet_length(v_payload) < 7900 THEN v_payload ELSE '["*"]' END);
  RETURN NULL;
END $$;
CREATE TRIGGER trigger_announce_tenant AFTER INSERT OR UPDATE OR DELETE ON parley.tenants
  FOR EACH ROW EXECUTE FUNCTION parley.announce_tenant();

CREATE FUNCTION parley.announce_account() RETURNS trigger
  LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('parley_tenants', array_to_json(array_remove(ARRAY[
    CASE WHEN TG_OP <> 'INSERT' THEN 'phone:' || OLD.external_id END,
    CASE WHEN TG_OP <> 'DELETE' THEN 'phone:' || NEW.external_id END], NULL))::text);
  RETURN NULL;
END $$;
CREATE TRIGGER trigger_announce_account AFTER INSERT OR DELETE OR UPDATE OF external_id ON parley.channel_accounts
  FOR EACH ROW EXECUTE FUNCTION parley.announce_account();

-- The business that others know by this value; each branch uses one index.
CREATE FUNCTION parley.find_tenant(p_by text, p_value text) RETURNS SETOF parley.tenants
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
BEGIN
  CASE p_by
    WHEN 'id' THEN RETURN QUERY SELECT t.* FROM tenants t WHERE t.id = p_value::uuid;
    WHEN 'public_id' THEN RETURN QUERY SELECT t.* FROM tenants t WHERE t.tenant_id = p_value;
    WHEN 'integration' THEN RETURN QUERY SELECT t.* FROM tenants t WHERE t.genesys_integration_id = p_value;
    WHEN 'genesys_org' THEN RETURN QUERY SELECT t.* FROM tenants t WHERE t.genesys_org_id = p_value;
    WHEN 'subdomain' THEN RETURN QUERY SELECT t.* FROM tenants t WHERE t.subdomain = p_value;
    WHEN 'phone' THEN
      RETURN QUERY SELECT t.* FROM tenants t WHERE t.phone_number_id = p_value;
      IF NOT FOUND THEN -- a further number of a business that has several
        RETURN QUERY SELECT t.* FROM channel_accounts a JOIN tenants t ON t.id = a.tenant_id
          WHERE a.provider = 'whatsapp-cloud' AND a.external_id = p_value;
      END IF;
    ELSE RAISE EXCEPTION 'nobody is found by %', p_by;
  END CASE;
END $$;

-- For those who run the server. p_status null: all but the deleted. p_before: the id after which the next page begins.
-- The plan is made for the values given: each filter has its index.
CREATE FUNCTION parley.list_tenants(p_status text, p_email text, p_domain text, p_q text, p_before uuid, p_limit integer)
RETURNS SETOF parley.tenants
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = parley, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
  RETURN QUERY SELECT t.* FROM tenants t
   WHERE (CASE WHEN p_status IS NULL THEN t.status <> 'deleted' ELSE t.status = p_status END)
     AND (p_email IS NULL OR lower(t.email) = lower(p_email))
     AND (p_domain IS NULL OR t.domain = p_domain)
     AND (p_q IS NULL OR concat_ws(' ', t.name, t.email, t.subdomain, t.domain, t.tenant_id, t.id) ILIKE '%' || p_q || '%')
     AND (p_before IS NULL OR t.id < p_before)
   ORDER BY t.id DESC LIMIT p_limit;
END $$;
CREATE FUNCTION parley.count_tenants(p_status text, p_email text, p_domain text, p_q text) RETURNS bigint
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = parley, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
  RETURN (SELECT count(*) FROM tenants t
   WHERE (CASE WHEN p_status IS NULL THEN t.status <> 'deleted' ELSE t.status = p_status END)
     AND (p_email IS NULL OR lower(t.email) = lower(p_email))
     AND (p_domain IS NULL OR t.domain = p_domain)
     AND (p_q IS NULL OR concat_ws(' ', t.name, t.email, t.subdomain, t.domain, t.tenant_id, t.id) ILIKE '%' || p_q || '%'));
END $$;

-- The last step of erasing a deleted business, after its rows in the tables the server may empty: what came to its own
-- webhook addresses, the business itself with all that hangs on it, and its people who belong nowhere else.
CREATE FUNCTION parley.purge_tenant(p_tenant uuid) RETURNS TABLE (relation text, n bigint)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
DECLARE v_users uuid[];
BEGIN
  PERFORM FROM tenants t WHERE t.id = p_tenant AND t.status = 'deleted' FOR UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'only a deleted business can be purged'; END IF;
  SELECT array_agg(p.user_id) INTO v_users FROM user_profiles p WHERE p.tenant_id = p_tenant;
  DELETE FROM webhook_events w USING channel_apps a
   WHERE a.tenant_id = p_tenant AND w.provider = a.provider AND w.app_slug = a.slug AND w.tenant_id IS NULL;
  GET DIAGNOSTICS n = ROW_COUNT;
  relation := 'webhook_events';
  RETURN NEXT;
  DELETE FROM tenants t WHERE t.id = p_tenant;
  GET DIAGNOSTICS n = ROW_COUNT;
  relation := 'tenants';
  RETURN NEXT;
  DELETE FROM users u WHERE u.id = ANY (v_users)
     AND NOT EXISTS (SELECT FROM user_profiles p WHERE p.user_id = u.id)
     AND NOT EXISTS (SELECT FROM platform_operators o WHERE o.user_id = u.id);
  GET DIAGNOSTICS n = ROW_COUNT;
  relation := 'users';
  RETURN NEXT;
END $$;
GRANT UPDATE (deleted_at), DELETE ON parley.tenants TO parley_system;
GRANT DELETE ON parley.users, parley.webhook_events TO parley_system;

-- A business that was suspended while a worker was looking sends nothing.
CREATE OR REPLACE FUNCTION parley.claim_sends(p_limit integer, p_lease_ms integer, p_pace jsonb)
RETURNS TABLE (tenant_id uuid, conversation_id uuid, account_id uuid, token bigint, message_id uuid, attempt integer,
               provider text, contact_id uuid, type text, body jsonb, reply_to_external_id text, created_at timestamptz,
               identities jsonb, lane_attempts integer, window_expires_at timestamptz, contact_status text)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  a record; l record; m record; v_left integer := p_limit; v_share integer; v_now timestamptz; v_tokens double precision;
  v_rate double precision; v_burst double precision; v_every interval; v_slack interval; v_taken integer; v_n integer;
BEGIN
  FOR a IN
    -- Accounts with something ready, found by hopping through the index; the one that waited longest for its turn first.
    WITH RECURSIVE hop AS (
      (SELECT x.tenant_id, x.channel_account_id FROM conversation_lanes x WHERE x.kind = 'send' AND x.ready_at IS NOT NULL
        ORDER BY x.tenant_id, x.channel_account_id LIMIT 1)
      UNION ALL
      SELECT n.tenant_id, n.channel_account_id FROM hop h CROSS JOIN LATERAL (
        SELECT x.tenant_id, x.channel_account_id FROM conversation_lanes x WHERE x.kind = 'send' AND x.ready_at IS NOT NULL
           AND (x.tenant_id, x.channel_account_id) > (h.tenant_id, h.channel_account_id)
         ORDER BY x.tenant_id, x.channel_account_id LIMIT 1) n)
    SELECT c.tenant_id, c.id, c.provider, coalesce(c.portfolio_id, c.id::text) AS portfolio, c.pace_tokens, c.pace_at, c.settings, count(*) OVER () AS accounts
      FROM hop h JOIN channel_accounts c ON c.tenant_id = h.tenant_id AND c.id = h.channel_account_id
      JOIN tenants t ON t.id = c.tenant_id AND t.status = 'active'
     WHERE c.state IN ('connected', 'degraded') AND (c.paused_until IS NULL OR c.paused_until <= clock_timestamp())
     ORDER BY c.pace_at
  LOOP
    EXIT WHEN v_left <= 0;
    -- Whoever paces this account now does it alone.
    PERFORM 1 FROM channel_accounts c WHERE c.tenant_id = a.tenant_id AND c.id = a.id FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    -- An answer that stopped the account may have come since it was listed, and with it the message that waits again. Or the
    -- business was suspended: whoever does that holds the locks of its accounts until it is committed.
    SELECT c.pace_tokens, c.pace_at INTO a.pace_tokens, a.pace_at FROM channel_accounts c
      JOIN tenants t ON t.id = c.tenant_id AND t.status = 'active'
     WHERE c.tenant_id = a.tenant_id AND c.id = a.id
       AND c.state IN ('connected', 'degraded') AND (c.paused_until IS NULL OR c.paused_until <= clock_timestamp());
    CONTINUE WHEN NOT FOUND;
    v_now := clock_timestamp();
    IF a.pace_at > v_now THEN -- the clock was set back
      UPDATE channel_accounts c SET pace_at = v_now WHERE c.tenant_id = a.tenant_id AND c.id = a.id;
      a.pace_at := v_now;
    END IF;
    v_rate := coalesce((a.settings ->> 'pacePerSecond')::double precision, (p_pace -> a.provider ->> 'perSecond')::double precision, 10);
    v_burst := greatest(1, least(v_rate, coalesce((p_pace -> a.provider ->> 'burst')::double precision, v_rate)));
    v_every := make_interval(secs => coalesce((p_pace -> a.provider ->> 'pairEveryMs')::double precision, 0) / 1000);
    v_slack := v_every * (coalesce((p_pace -> a.provider ->> 'pairBurst')::double precision, 1) - 1);
    v_tokens := least(v_burst, a.pace_tokens + v_rate * greatest(0, extract(epoch FROM v_now - a.pace_at)));
    v_share := least(v_left, floor(v_tokens)::integer, greatest(1, ceil(p_limit::numeric / a.accounts)::integer));
    CONTINUE WHEN v_share < 1;
    v_taken := 0;
    FOR l IN
      SELECT x.tenant_id, x.conversation_id, x.attempts, x.pair_tat FROM conversation_lanes x
       WHERE x.kind = 'send' AND x.tenant_id = a.tenant_id AND x.channel_account_id = a.id AND x.ready_at <= v_now AND x.lease_until < v_now
       ORDER BY x.ready_at LIMIT v_share FOR UPDATE SKIP LOCKED
    LOOP
      -- What a vanished worker left behind.
      FOR m IN SELECT t.id FROM message_tracking t WHERE t.tenant_id = l.tenant_id AND t.conversation_id = l.conversation_id
                  AND t.status = 'sending' AND t.send_outcome IS NULL AND t.direction = 'OUTBOUND' FOR NO KEY UPDATE
      LOOP
        UPDATE send_attempts s SET outcome = 'unknown', finished_at = v_now, detail = 'the sender stopped before the answer was recorded'
         WHERE s.tenant_id = l.tenant_id AND s.message_id = m.id AND s.outcome = 'started';
        UPDATE message_tracking t SET send_outcome = 'unknown', updated_at = v_now WHERE t.tenant_id = l.tenant_id AND t.id = m.id;
        INSERT INTO events (tenant_id, type, conversation_id, message_id, actor, data)
          VALUES (l.tenant_id, 'message.status', l.conversation_id, m.id, 'system', '{"outcome": "unknown"}');
      END LOOP;
      SELECT t.id, t.created_at, x.type, x.body, x.contact_id, x.reply_to_external_id, r.wamid AS reply_wamid,
             cv.window_expires_at, k.status AS contact_status INTO m
        FROM message_tracking t JOIN messages x ON x.tenant_id = t.tenant_id AND x.id = t.id AND x.created_at = t.created_at
        JOIN conversations cv ON cv.tenant_id = t.tenant_id AND cv.id = t.conversation_id
        JOIN contacts k ON k.tenant_id = cv.tenant_id AND k.id = cv.contact_id
        LEFT JOIN message_tracking r ON r.tenant_id = x.tenant_id AND r.id = x.reply_to_id
       WHERE t.tenant_id = l.tenant_id AND t.conversation_id = l.conversation_id AND t.status = 'queued' ORDER BY x.seq LIMIT 1;
      IF NOT FOUND THEN
        UPDATE conversation_lanes x SET ready_at = NULL, lease_until = '-infinity', attempts = 0
         WHERE x.tenant_id = l.tenant_id AND x.conversation_id = l.conversation_id AND x.kind = 'send';
        CONTINUE;
      END IF;
      IF greatest(l.pair_tat, v_now) > v_now + v_slack THEN
        UPDATE conversation_lanes x SET ready_at = l.pair_tat - v_slack
         WHERE x.tenant_id = l.tenant_id AND x.conversation_id = l.conversation_id AND x.kind = 'send';
        CONTINUE;
      END IF;
      UPDATE conversation_lanes x SET token = x.token + 1, lease_until = v_now + make_interval(secs => p_lease_ms / 1000.0),
             pair_tat = greatest(x.pair_tat, v_now) + v_every
       WHERE x.tenant_id = l.tenant_id AND x.conversation_id = l.conversation_id AND x.kind = 'send' RETURNING x.token INTO token;
      UPDATE message_tracking t SET status = 'sending', status_at = v_now, updated_at = v_now WHERE t.tenant_id = l.tenant_id AND t.id = m.id;
      SELECT coalesce(max(s.n), 0) + 1 INTO v_n FROM send_attempts s WHERE s.tenant_id = l.tenant_id AND s.message_id = m.id;
      INSERT INTO send_attempts (tenant_id, message_id, n, token) VALUES (l.tenant_id, m.id, v_n, token);
      v_taken := v_taken + 1;
      tenant_id := l.tenant_id; conversation_id := l.conversation_id; account_id := a.id; message_id := m.id; attempt := v_n;
      provider := a.provider; contact_id := m.contact_id; type := m.type; body := m.body; created_at := m.created_at;
      reply_to_external_id := coalesce(m.reply_wamid, m.reply_to_external_id); lane_attempts := l.attempts;
      window_expires_at := m.window_expires_at; contact_status := m.contact_status;
      SELECT coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'value', i.value, 'scope', CASE WHEN i.scope = '' THEN '' ELSE 'portfolio' END)
               ORDER BY (i.kind = 'wa_id') DESC, i.created_at DESC), '[]') INTO identities
        FROM contact_identities i WHERE i.tenant_id = l.tenant_id AND i.contact_id = m.contact_id AND i.scope IN ('', a.portfolio);
      RETURN NEXT;
    END LOOP;
    UPDATE channel_accounts c SET pace_tokens = v_tokens - v_taken, pace_at = v_now WHERE c.tenant_id = a.tenant_id AND c.id = a.id;
    v_left := v_left - v_taken;
  END LOOP;
END $$;

-- News about an account that was given back are not its former business's.
CREATE OR REPLACE FUNCTION parley.find_owned_accounts(p_provider text, p_app text, p_owner text, p_account text)
RETURNS TABLE (tenant_id uuid, account_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT a.tenant_id, a.id FROM channel_accounts a
    LEFT JOIN tenant_whatsapp_config w ON w.tenant_id = a.tenant_id AND w.channel_account_id = a.id
   WHERE a.provider = p_provider AND a.app_slug = p_app AND a.released_external_id IS NULL
     AND (a.external_id = p_account OR (p_account IS NULL AND w.waba_id = p_owner))
$$;

DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['announce_tenant', 'find_tenant', 'list_tenants', 'count_tenants', 'purge_tenant'] LOOP
    EXECUTE format('ALTER FUNCTION parley.%I OWNER TO parley_system', f);
    EXECUTE format('REVOKE ALL ON FUNCTION parley.%I FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION parley.%I TO parley_app', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
CREATE OR REPLACE FUNCTION parley.find_owned_accounts(p_provider text, p_app text, p_owner text, p_account text)
RETURNS TABLE (tenant_id uuid, account_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT a.tenant_id, a.id FROM channel_accounts a
    LEFT JOIN tenant_whatsapp_config w ON w.tenant_id = a.tenant_id AND w.channel_account_id = a.id
   WHERE a.provider = p_provider AND a.app_slug = p_app
     AND (a.external_id = p_account OR (p_account IS NULL AND w.waba_id = p_owner))
$$;
CREATE OR REPLACE FUNCTION parley.claim_sends(p_limit integer, p_lease_ms integer, p_pace jsonb)
RETURNS TABLE (tenant_id uuid, conversation_id uuid, account_id uuid, token bigint, message_id uuid, attempt integer,
               provider text, contact_id uuid, type text, body jsonb, reply_to_external_id text, created_at timestamptz,
               identities jsonb, lane_attempts integer, window_expires_at timestamptz, contact_status text)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  a record; l record; m record; v_left integer := p_limit; v_share integer; v_now timestamptz; v_tokens double precision;
  v_rate double precision; v_burst double precision; v_every interval; v_slack interval; v_taken integer; v_n integer;
BEGIN
  FOR a IN
    -- Accounts with something ready, found by hopping through the index; the one that waited longest for its turn first.
    WITH RECURSIVE hop AS (
      (SELECT x.tenant_id, x.channel_account_id FROM conversation_lanes x WHERE x.kind = 'send' AND x.ready_at IS NOT NULL
        ORDER BY x.tenant_id, x.channel_account_id LIMIT 1)
      UNION ALL
      SELECT n.tenant_id, n.channel_account_id FROM hop h CROSS JOIN LATERAL (
        SELECT x.tenant_id, x.channel_account_id FROM conversation_lanes x WHERE x.kind = 'send' AND x.ready_at IS NOT NULL
           AND (x.tenant_id, x.channel_account_id) > (h.tenant_id, h.channel_account_id)
         ORDER BY x.tenant_id, x.channel_account_id LIMIT 1) n)
    SELECT c.tenant_id, c.id, c.provider, coalesce(c.portfolio_id, c.id::text) AS portfolio, c.pace_tokens, c.pace_at, c.settings, count(*) OVER () AS accounts
      FROM hop h JOIN channel_accounts c ON c.tenant_id = h.tenant_id AND c.id = h.channel_account_id
      JOIN tenants t ON t.id = c.tenant_id AND t.status = 'active'
     WHERE c.state IN ('connected', 'degraded') AND (c.paused_until IS NULL OR c.paused_until <= clock_timestamp())
     ORDER BY c.pace_at
  LOOP
    EXIT WHEN v_left <= 0;
    -- Whoever paces this account now does it alone.
    PERFORM 1 FROM channel_accounts c WHERE c.tenant_id = a.tenant_id AND c.id = a.id FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    -- An answer that stopped the account may have come since it was listed, and with it the message that waits again.
    SELECT c.pace_tokens, c.pace_at INTO a.pace_tokens, a.pace_at FROM channel_accounts c
     WHERE c.tenant_id = a.tenant_id AND c.id = a.id
       AND c.state IN ('connected', 'degraded') AND (c.paused_until IS NULL OR c.paused_until <= clock_timestamp());
    CONTINUE WHEN NOT FOUND;
    v_now := clock_timestamp();
    IF a.pace_at > v_now THEN -- the clock was set back
      UPDATE channel_accounts c SET pace_at = v_now WHERE c.tenant_id = a.tenant_id AND c.id = a.id;
      a.pace_at := v_now;
    END IF;
    v_rate := coalesce((a.settings ->> 'pacePerSecond')::double precision, (p_pace -> a.provider ->> 'perSecond')::double precision, 10);
    v_burst := greatest(1, least(v_rate, coalesce((p_pace -> a.provider ->> 'burst')::double precision, v_rate)));
    v_every := make_interval(secs => coalesce((p_pace -> a.provider ->> 'pairEveryMs')::double precision, 0) / 1000);
    v_slack := v_every * (coalesce((p_pace -> a.provider ->> 'pairBurst')::double precision, 1) - 1);
    v_tokens := least(v_burst, a.pace_tokens + v_rate * greatest(0, extract(epoch FROM v_now - a.pace_at)));
    v_share := least(v_left, floor(v_tokens)::integer, greatest(1, ceil(p_limit::numeric / a.accounts)::integer));
    CONTINUE WHEN v_share < 1;
    v_taken := 0;
    FOR l IN
      SELECT x.tenant_id, x.conversation_id, x.attempts, x.pair_tat FROM conversation_lanes x
       WHERE x.kind = 'send' AND x.tenant_id = a.tenant_id AND x.channel_account_id = a.id AND x.ready_at <= v_now AND x.lease_until < v_now
       ORDER BY x.ready_at LIMIT v_share FOR UPDATE SKIP LOCKED
    LOOP
      -- What a vanished worker left behind.
      FOR m IN SELECT t.id FROM message_tracking t WHERE t.tenant_id = l.tenant_id AND t.conversation_id = l.conversation_id
                  AND t.status = 'sending' AND t.send_outcome IS NULL AND t.direction = 'OUTBOUND' FOR NO KEY UPDATE
      LOOP
        UPDATE send_attempts s SET outcome = 'unknown', finished_at = v_now, detail = 'the sender stopped before the answer was recorded'
         WHERE s.tenant_id = l.tenant_id AND s.message_id = m.id AND s.outcome = 'started';
        UPDATE message_tracking t SET send_outcome = 'unknown', updated_at = v_now WHERE t.tenant_id = l.tenant_id AND t.id = m.id;
        INSERT INTO events (tenant_id, type, conversation_id, message_id, actor, data)
          VALUES (l.tenant_id, 'message.status', l.conversation_id, m.id, 'system', '{"outcome": "unknown"}');
      END LOOP;
      SELECT t.id, t.created_at, x.type, x.body, x.contact_id, x.reply_to_external_id, r.wamid AS reply_wamid,
             cv.window_expires_at, k.status AS contact_status INTO m
        FROM message_tracking t JOIN messages x ON x.tenant_id = t.tenant_id AND x.id = t.id AND x.created_at = t.created_at
        JOIN conversations cv ON cv.tenant_id = t.tenant_id AND cv.id = t.conversation_id
        JOIN contacts k ON k.tenant_id = cv.tenant_id AND k.id = cv.contact_id
        LEFT JOIN message_tracking r ON r.tenant_id = x.tenant_id AND r.id = x.reply_to_id
       WHERE t.tenant_id = l.tenant_id AND t.conversation_id = l.conversation_id AND t.status = 'queued' ORDER BY x.seq LIMIT 1;
      IF NOT FOUND THEN
        UPDATE conversation_lanes x SET ready_at = NULL, lease_until = '-infinity', attempts = 0
         WHERE x.tenant_id = l.tenant_id AND x.conversation_id = l.conversation_id AND x.kind = 'send';
        CONTINUE;
      END IF;
      IF greatest(l.pair_tat, v_now) > v_now + v_slack THEN
        UPDATE conversation_lanes x SET ready_at = l.pair_tat - v_slack
         WHERE x.tenant_id = l.tenant_id AND x.conversation_id = l.conversation_id AND x.kind = 'send';
        CONTINUE;
      END IF;
      UPDATE conversation_lanes x SET token = x.token + 1, lease_until = v_now + make_interval(secs => p_lease_ms / 1000.0),
             pair_tat = greatest(x.pair_tat, v_now) + v_every
       WHERE x.tenant_id = l.tenant_id AND x.conversation_id = l.conversation_id AND x.kind = 'send' RETURNING x.token INTO token;
      UPDATE message_tracking t SET status = 'sending', status_at = v_now, updated_at = v_now WHERE t.tenant_id = l.tenant_id AND t.id = m.id;
      SELECT coalesce(max(s.n), 0) + 1 INTO v_n FROM send_attempts s WHERE s.tenant_id = l.tenant_id AND s.message_id = m.id;
      INSERT INTO send_attempts (tenant_id, message_id, n, token) VALUES (l.tenant_id, m.id, v_n, token);
      v_taken := v_taken + 1;
      tenant_id := l.tenant_id; conversation_id := l.conversation_id; account_id := a.id; message_id := m.id; attempt := v_n;
      provider := a.provider; contact_id := m.contact_id; type := m.type; body := m.body; created_at := m.created_at;
      reply_to_external_id := coalesce(m.reply_wamid, m.reply_to_external_id); lane_attempts := l.attempts;
      window_expires_at := m.window_expires_at; contact_status := m.contact_status;
      SELECT coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'value', i.value, 'scope', CASE WHEN i.scope = '' THEN '' ELSE 'portfolio' END)
               ORDER BY (i.kind = 'wa_id') DESC, i.created_at DESC), '[]') INTO identities
        FROM contact_identities i WHERE i.tenant_id = l.tenant_id AND i.contact_id = m.contact_id AND i.scope IN ('', a.portfolio);
      RETURN NEXT;
    END LOOP;
    UPDATE channel_accounts c SET pace_tokens = v_tokens - v_taken, pace_at = v_now WHERE c.tenant_id = a.tenant_id AND c.id = a.id;
    v_left := v_left - v_taken;
  END LOOP;
END $$;

REVOKE CREATE ON SCHEMA parley FROM parley_system;
REVOKE DELETE ON parley.users, parley.webhook_events FROM parley_system;
REVOKE UPDATE (deleted_at), DELETE ON parley.tenants FROM parley_system;
DROP TRIGGER trigger_announce_account ON parley.channel_accounts;
DROP TRIGGER trigger_announce_tenant ON parley.tenants;
DROP FUNCTION parley.purge_tenant, parley.count_tenants, parley.list_tenants, parley.find_tenant, parley.announce_account,
  parley.announce_tenant;
DROP TABLE parley.whatsapp_signups;
DROP INDEX parley.idx_tenant_status;
CREATE INDEX idx_tenant_status ON parley.tenants (status);
DROP INDEX parley.idx_tenant_genesys_org;
CREATE INDEX idx_tenant_genesys_org ON parley.tenants (genesys_org_id);
ALTER TABLE parley.channel_accounts DROP COLUMN removed_at, DROP COLUMN released_external_id;
ALTER TABLE parley.tenants DROP COLUMN deleted_at, DROP COLUMN released;
