-- Up Migration
GRANT CREATE ON SCHEMA parley TO parley_system;

-- A business's contact centre: where it delivers, how the bridge to it is doing, what the business set.
CREATE TABLE parley.contact_centres (
  tenant_id uuid NOT NULL,
  name text NOT NULL, -- genesys …: which folder under answerers/ speaks to it
  slug text NOT NULL, -- the last part of its webhook address
  state text NOT NULL DEFAULT 'connected',
  state_code text,
  state_text text,
  paused_until timestamptz NOT NULL DEFAULT '-infinity', -- nothing is said to it before
  probing_until timestamptz NOT NULL DEFAULT '-infinity', -- one that failed is being asked with a single line until then
  failures integer NOT NULL DEFAULT 0, -- calls in a row that failed for all of it
  failing_since timestamptz, -- null: the last call was answered
  told_at timestamptz, -- when people were told that it does not answer
  settings jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT contact_centres_pkey PRIMARY KEY (tenant_id, name),
  CONSTRAINT contact_centres_state_check CHECK (state IN ('connected', 'degraded', 'logged_out')),
  CONSTRAINT fk_contact_centres_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX contact_centres_slug_key ON parley.contact_centres (name, slug);
CREATE TRIGGER trigger_update_contact_centres_updated_at BEFORE UPDATE ON parley.contact_centres
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

-- What a contact centre told, each once; and what was said of a message before the message was known here.
CREATE TABLE parley.contact_centre_events (
  tenant_id uuid NOT NULL,
  key text NOT NULL,
  payload jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT contact_centre_events_pkey PRIMARY KEY (tenant_id, key),
  CONSTRAINT contact_centre_events_key_check CHECK (length(key) BETWEEN 1 AND 700),
  CONSTRAINT fk_contact_centre_events_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);
CREATE INDEX contact_centre_events_created ON parley.contact_centre_events (created_at);

-- What still has to be done for a contact centre, written with what caused it: `receipt` and `disconnect` are calls to it;
-- `say` is an agent's message that waits for its files, or behind one that does, in the order of `id`.
CREATE TABLE parley.contact_centre_tasks (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL,
  mapping_id uuid,
  conversation_id uuid,
  payload jsonb NOT NULL DEFAULT '{}',
  attempts integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT contact_centre_tasks_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT contact_centre_tasks_kind_check CHECK (kind IN ('receipt', 'disconnect', 'say')),
  CONSTRAINT fk_contact_centre_tasks_conversation FOREIGN KEY (tenant_id, conversation_id)
    REFERENCES parley.conversations (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX contact_centre_tasks_next ON parley.contact_centre_tasks (next_at);
CREATE INDEX contact_centre_tasks_conversation ON parley.contact_centre_tasks (tenant_id, conversation_id, id);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['contact_centres', 'contact_centre_events', 'contact_centre_tasks'] LOOP
    EXECUTE format('ALTER TABLE parley.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE parley.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant_wall ON parley.%I TO parley_app
      USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()))', t);
    EXECUTE format('CREATE POLICY system_door ON parley.%I TO parley_system USING (true) WITH CHECK (true)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON parley.%I TO parley_app', t);
  END LOOP;
END $$;
GRANT SELECT, UPDATE ON parley.contact_centres, parley.contact_centre_tasks TO parley_system;
GRANT SELECT, UPDATE, DELETE ON parley.contact_centre_events TO parley_system;

-- Businesses that have entered their credentials already.
INSERT INTO parley.contact_centres (tenant_id, name, slug)
  SELECT DISTINCT tenant_id, 'genesys', replace(gen_random_uuid()::text, '-', '') FROM parley.tenant_credentials
   WHERE credential_type = 'genesys' AND is_active;

-- Sessions ---------------------------------------------------------------------------------------------------------

ALTER TABLE parley.conversation_mappings ADD COLUMN checked_at timestamptz; -- when the contact centre was last asked whether it goes on
CREATE INDEX conversation_mappings_ref ON parley.conversation_mappings (tenant_id, conversation_ref) WHERE status = 'active';
CREATE POLICY system_door ON parley.conversation_mappings TO parley_system USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON parley.conversation_mappings TO parley_system;

-- What an agent wrote and what became of it has to be told to the contact centre: true as long as it was not told how far the
-- message is now. `centre_told` is what it was told last; nothing follows a final word.
ALTER TABLE parley.message_tracking
  ADD COLUMN centre_told text,
  ADD COLUMN centre_next_at timestamptz,
  ADD COLUMN centre_owed boolean GENERATED ALWAYS AS (
    direction = 'OUTBOUND' AND genesys_message_id IS NOT NULL AND status IN ('delivered', 'read', 'failed')
    AND centre_told IS DISTINCT FROM status AND coalesce(centre_told, '') NOT IN ('read', 'failed', 'given_up')) STORED;
CREATE UNIQUE INDEX idx_genesys_message_id ON parley.message_tracking (tenant_id, genesys_message_id) WHERE genesys_message_id IS NOT NULL;
CREATE INDEX idx_mapping_id ON parley.message_tracking (tenant_id, mapping_id, id) WHERE mapping_id IS NOT NULL;
CREATE INDEX idx_message_tracking_centre_owed ON parley.message_tracking (tenant_id, centre_next_at) WHERE centre_owed;

-- The customer's lines go to a contact centre through a lane of their own: its `done_seq` is the newest line that it has.
ALTER TABLE parley.conversation_lanes DROP CONSTRAINT conversation_lanes_kind_check,
  ADD CONSTRAINT conversation_lanes_kind_check CHECK (kind IN ('send', 'turn', 'bridge'));

-- A conversation of an account that a contact centre answers begins with it; and whoever a conversation was given to is woken
-- by a new line, also on an account that people answer. That costs nothing: the row was in hand when its counters moved on.
DO $$
DECLARE v_old text; v_new text; r record;
BEGIN
  v_new := pg_get_functiondef('parley.receive_messages'::regproc);
  FOR r IN SELECT * FROM (VALUES
    ('CASE WHEN w_answerer[g.place] = ''human'' THEN ''human'' ELSE ''bot'' END',
     'CASE w_answerer[g.place] WHEN ''human'' THEN ''human'' WHEN ''genesys'' THEN ''agent'' ELSE ''bot'' END'),
    ('v_counted integer; v_bumped integer;', 'v_counted integer; v_bumped integer; v_given boolean := false;'),
    ('RETURNING c.id AS conv, c.last_seq - g.n AS base)', 'RETURNING c.id AS conv, c.last_seq - g.n AS base, c.control)'),
    (E'(SELECT count(*) FROM g), (SELECT count(*) FROM bumped)\n      INTO v_seq, v_counted, v_bumped;',
     E'(SELECT count(*) FROM g), (SELECT count(*) FROM bumped),\n           coalesce((SELECT bool_or(b.control IN (''bot'', ''ai'', ''agent'')) FROM bumped b), false)\n      INTO v_seq, v_counted, v_bumped, v_given;'),
    ('IF array_remove(array_remove(w_answerer, ''human''), NULL) <> ''{}'' THEN',
     'IF v_given OR array_remove(array_remove(w_answerer, ''human''), NULL) <> ''{}'' THEN'),
    ('SELECT DISTINCT w_tenant[e.place], e.conv, ''turn'', w_account[e.place], p_now',
     'SELECT DISTINCT w_tenant[e.place], e.conv, CASE c.control WHEN ''agent'' THEN ''bridge'' ELSE ''turn'' END, w_account[e.place], p_now')
  ) AS x(was, becomes) LOOP
    v_old := v_new;
    v_new := replace(v_old, r.was, r.becomes);
    IF v_new = v_old THEN
      RAISE EXCEPTION 'receive_messages is not as expected: %', r.was;
    END IF;
  END LOOP;
  EXECUTE v_new;
  v_old := pg_get_functiondef('parley.queue_lag'::regproc);
  v_new := replace(v_old, 'ARRAY[''send'', ''turn'']', 'ARRAY[''send'', ''turn'', ''bridge'']');
  IF v_new = v_old THEN
    RAISE EXCEPTION 'queue_lag is not as expected';
  END IF;
  EXECUTE v_new;
END $$;

-- Functions across tenants -------------------------------------------------------------------------------------------

-- Conversations with lines for a contact centre, fairly by business. One that does not answer is asked with one conversation
-- at a time, and by nobody else until the answer is here.
CREATE FUNCTION parley.claim_bridge(p_limit integer, p_lease_ms integer)
RETURNS TABLE (tenant_id uuid, conversation_id uuid, account_id uuid, token bigint, done_seq bigint, attempts integer, probe boolean)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  c record; v_left integer := p_limit; v_share integer; v_taken integer;
BEGIN
  FOR c IN
    WITH RECURSIVE hop AS (
      (SELECT x.tenant_id FROM conversation_lanes x WHERE x.kind = 'bridge' AND x.ready_at IS NOT NULL ORDER BY x.tenant_id LIMIT 1)
      UNION ALL
      SELECT n.tenant_id FROM hop h CROSS JOIN LATERAL (
        SELECT x.tenant_id FROM conversation_lanes x WHERE x.kind = 'bridge' AND x.ready_at IS NOT NULL AND x.tenant_id > h.tenant_id
         ORDER BY x.tenant_id LIMIT 1) n)
    SELECT b.tenant_id, b.name, b.failing_since IS NOT NULL AS failing, count(*) OVER () AS businesses
      FROM hop h JOIN contact_centres b ON b.tenant_id = h.tenant_id
      JOIN tenants t ON t.id = b.tenant_id AND t.status = 'active'
     WHERE b.state IN ('connected', 'degraded') AND b.paused_until <= clock_timestamp()
     ORDER BY random()
  LOOP
    EXIT WHEN v_left <= 0;
    v_share := least(v_left, greatest(1, ceil(p_limit::numeric / c.businesses)::integer));
    IF c.failing THEN
      UPDATE contact_centres b SET probing_until = clock_timestamp() + make_interval(secs => p_lease_ms / 1000.0)
       WHERE b.tenant_id = c.tenant_id AND b.name = c.name AND b.probing_until <= clock_timestamp() AND b.paused_until <= clock_timestamp();
      CONTINUE WHEN NOT FOUND;
      v_share := 1;
    END IF;
    -- Materialized: as the inner side of a join the choice would be made again for every row, and LIMIT would mean nothing.
    RETURN QUERY
      WITH y AS MATERIALIZED (
        SELECT x.conversation_id FROM conversation_lanes x
         WHERE x.kind = 'bridge' AND x.tenant_id = c.tenant_id AND x.ready_at <= clock_timestamp() AND x.lease_until < clock_timestamp()
         ORDER BY x.ready_at LIMIT v_share FOR UPDATE SKIP LOCKED)
      UPDATE conversation_lanes l SET token = l.token + 1, lease_until = clock_timestamp() + make_interval(secs => p_lease_ms / 1000.0)
        FROM y
       WHERE l.tenant_id = c.tenant_id AND l.conversation_id = y.conversation_id AND l.kind = 'bridge'
      RETURNING l.tenant_id, l.conversation_id, l.channel_account_id, l.token, l.done_seq, l.attempts, c.failing;
    GET DIAGNOSTICS v_taken = ROW_COUNT;
    v_left := v_left - v_taken;
  END LOOP;
END $$;

-- How far agents' messages have come, where their contact centre was not told. Nobody else takes them for p_lease_ms.
CREATE FUNCTION parley.claim_centre_receipts(p_limit integer, p_lease_ms integer)
RETURNS TABLE (tenant_id uuid, message_id uuid, genesys_message_id text, status text, status_at timestamptz,
               error_code text, error_text text, mapping_id uuid, wa_id text, provider text)
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH due AS MATERIALIZED (
    SELECT x.tenant_id, x.id FROM message_tracking x
      JOIN contact_centres c ON c.tenant_id = x.tenant_id AND c.state IN ('connected', 'degraded') AND c.paused_until <= clock_timestamp()
      JOIN tenants t ON t.id = x.tenant_id AND t.status = 'active'
     WHERE x.centre_owed AND (x.centre_next_at IS NULL OR x.centre_next_at <= clock_timestamp())
     ORDER BY x.centre_next_at NULLS FIRST LIMIT p_limit FOR NO KEY UPDATE OF x SKIP LOCKED),
  taken AS (
    UPDATE message_tracking t SET centre_next_at = clock_timestamp() + make_interval(secs => p_lease_ms / 1000.0)
      FROM due WHERE t.tenant_id = due.tenant_id AND t.id = due.id
    RETURNING t.tenant_id, t.id, t.genesys_message_id, t.status, t.status_at, t.error_code, t.error_text, t.mapping_id, t.channel_account_id)
  SELECT k.tenant_id, k.id, k.genesys_message_id, k.status, k.status_at, k.error_code, k.error_text, k.mapping_id, m.wa_id, a.provider
    FROM taken k
    LEFT JOIN conversation_mappings m ON m.tenant_id = k.tenant_id AND m.id = k.mapping_id
    JOIN channel_accounts a ON a.tenant_id = k.tenant_id AND a.id = k.channel_account_id
$$;

-- Tasks that are due. Of an agent's messages only the first of each conversation.
CREATE FUNCTION parley.claim_centre_tasks(p_limit integer, p_lease_ms integer)
RETURNS TABLE (tenant_id uuid, id bigint, kind text, mapping_id uuid, conversation_id uuid, payload jsonb, attempts integer)
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH y AS MATERIALIZED (
          SELECT x.tenant_id, x.id FROM contact_centre_tasks x JOIN tenants t ON t.id = x.tenant_id AND t.status = 'active'
           WHERE x.next_at <= clock_timestamp()
             AND CASE WHEN x.kind = 'say'
                   THEN NOT EXISTS (SELECT FROM contact_centre_tasks e WHERE e.tenant_id = x.tenant_id AND e.conversation_id = x.conversation_id
                                       AND e.kind = 'say' AND e.id < x.id)
                   ELSE EXISTS (SELECT FROM contact_centres c WHERE c.tenant_id = x.tenant_id AND c.state IN ('connected', 'degraded')
                                   AND c.paused_until <= clock_timestamp()) END
           ORDER BY x.next_at LIMIT p_limit FOR UPDATE OF x SKIP LOCKED)
  UPDATE contact_centre_tasks k SET next_at = clock_timestamp() + make_interval(secs => p_lease_ms / 1000.0), attempts = k.attempts + 1
    FROM y
   WHERE k.tenant_id = y.tenant_id AND k.id = y.id
  RETURNING k.tenant_id, k.id, k.kind, k.mapping_id, k.conversation_id, k.payload, k.attempts
$$;

-- Ends sessions in which nobody has said anything for as long as their business keeps them (24 hours unless it set another
-- time), up to p_limit of them. Returns how many.
CREATE FUNCTION parley.expire_mappings(p_now timestamptz, p_limit integer) RETURNS integer
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH y AS MATERIALIZED (
            SELECT x.tenant_id, x.id FROM conversation_mappings x LEFT JOIN contact_centres c ON c.tenant_id = x.tenant_id
             WHERE x.status = 'active' AND x.last_activity_at < p_now - interval '1 hour'
               AND x.last_activity_at < p_now - make_interval(hours => coalesce((c.settings ->> 'expireHours')::integer, 24))
             ORDER BY x.last_activity_at LIMIT p_limit FOR UPDATE OF x SKIP LOCKED),
  over AS (
    UPDATE conversation_mappings m SET status = 'expired' FROM y
     WHERE m.tenant_id = y.tenant_id AND m.id = y.id
    RETURNING m.tenant_id, m.id, m.conversation_ref),
  happened AS (
    INSERT INTO events (tenant_id, type, conversation_id, actor, data)
      SELECT o.tenant_id, 'mapping.expired', o.conversation_ref, 'system', jsonb_build_object('mappingId', o.id) FROM over o)
  SELECT count(*)::integer FROM over
$$;

-- Sessions that were silent for a while: does the contact centre still have them? Up to p_limit of each business.
CREATE FUNCTION parley.mappings_to_check(p_now timestamptz, p_limit integer)
RETURNS TABLE (tenant_id uuid, id uuid, conversation_id text)
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH y AS MATERIALIZED (
    SELECT c.tenant_id, z.id FROM contact_centres c CROSS JOIN LATERAL (
           SELECT x.id FROM conversation_mappings x
            WHERE x.tenant_id = c.tenant_id AND x.status = 'active' AND x.conversation_id IS NOT NULL
              AND x.last_activity_at < p_now - interval '10 minutes' AND (x.checked_at IS NULL OR x.checked_at < p_now - interval '10 minutes')
            ORDER BY x.checked_at NULLS FIRST LIMIT p_limit) z
     WHERE c.state IN ('connected', 'degraded') AND c.failing_since IS NULL AND c.paused_until <= clock_timestamp())
  UPDATE conversation_mappings m SET checked_at = p_now FROM y
   WHERE m.tenant_id = y.tenant_id AND m.id = y.id AND (m.checked_at IS NULL OR m.checked_at < p_now - interval '10 minutes')
  RETURNING m.tenant_id, m.id, m.conversation_id
$$;

-- Contact centres that have not answered for longer than their business wants to wait (15 minutes unless set), each once.
CREATE FUNCTION parley.silent_centres(p_now timestamptz)
RETURNS TABLE (tenant_id uuid, name text, failing_since timestamptz, hand_over boolean)
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH told AS (
    UPDATE contact_centres c SET told_at = p_now
     WHERE c.failing_since IS NOT NULL AND c.told_at IS NULL
       AND c.failing_since <= p_now - make_interval(mins => coalesce((c.settings ->> 'tellAfterMinutes')::integer, 15))
    RETURNING c.tenant_id, c.name, c.failing_since, c.state_text),
  happened AS (
    INSERT INTO events (tenant_id, type, actor, data)
      SELECT t.tenant_id, 'centre.silent', 'system', jsonb_build_object('name', t.name, 'since', t.failing_since, 'text', t.state_text) FROM told t)
  SELECT c.tenant_id, c.name, c.failing_since,
         c.failing_since <= p_now - make_interval(mins => (c.settings ->> 'handOverAfterMinutes')::integer)
    FROM contact_centres c
   WHERE c.failing_since IS NOT NULL AND ((c.settings ->> 'handOverAfterMinutes') IS NOT NULL
      OR EXISTS (SELECT FROM told t WHERE t.tenant_id = c.tenant_id AND t.name = c.name))
$$;

-- What a contact centre told long ago is not told again.
CREATE FUNCTION parley.forget_centre_events(p_before timestamptz, p_limit integer) RETURNS integer
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH y AS MATERIALIZED (
    SELECT x.tenant_id, x.key FROM contact_centre_events x WHERE x.created_at < p_before ORDER BY x.created_at LIMIT p_limit FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM contact_centre_events e USING y
     WHERE e.tenant_id = y.tenant_id AND e.key = y.key RETURNING 1)
  SELECT count(*)::integer FROM gone
$$;

-- Whose webhook address it is, and the credentials accepted there, before anything in a body is believed.
CREATE FUNCTION parley.find_contact_centre(p_name text, p_slug text)
RETURNS TABLE (tenant_id uuid, credential_type text, subject text, credentials text, valid_until timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT b.tenant_id, c.credential_type, c.subject, c.credentials, CASE WHEN c.is_active THEN NULL ELSE c.valid_until END
    FROM contact_centres b JOIN tenants t ON t.id = b.tenant_id AND t.status <> 'deleted'
    LEFT JOIN tenant_credentials c ON c.tenant_id = b.tenant_id AND c.credential_type = b.name AND c.subject = ''
         AND (c.is_active OR c.valid_until > now())
   WHERE b.name = p_name AND b.slug = p_slug
   ORDER BY c.is_active DESC, c.created_at DESC
$$;

DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['claim_bridge', 'claim_centre_receipts', 'claim_centre_tasks', 'expire_mappings', 'mappings_to_check',
    'silent_centres', 'forget_centre_events', 'find_contact_centre'] LOOP
    EXECUTE format('ALTER FUNCTION parley.%I OWNER TO parley_system', f);
    EXECUTE format('REVOKE ALL ON FUNCTION parley.%I FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION parley.%I TO parley_app', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DROP FUNCTION parley.claim_bridge, parley.claim_centre_receipts, parley.claim_centre_tasks, parley.expire_mappings,
  parley.mappings_to_check, parley.silent_centres, parley.forget_centre_events, parley.find_contact_centre;
DO $$
DECLARE v_new text; r record;
BEGIN
  v_new := pg_get_functiondef('parley.receive_messages'::regproc);
  FOR r IN SELECT * FROM (VALUES
    ('CASE w_answerer[g.place] WHEN ''human'' THEN ''human'' WHEN ''genesys'' THEN ''agent'' ELSE ''bot'' END',
     'CASE WHEN w_answerer[g.place] = ''human'' THEN ''human'' ELSE ''bot'' END'),
    (' v_given boolean := false;', ''),
    (', c.last_seq - g.n AS base, c.control)', ', c.last_seq - g.n AS base)'),
    (E',\n           coalesce((SELECT bool_or(b.control IN (''bot'', ''ai'', ''agent'')) FROM bumped b), false)\n      INTO v_seq, v_counted, v_bumped, v_given;',
     E'\n      INTO v_seq, v_counted, v_bumped;'),
    ('IF v_given OR array_remove', 'IF array_remove'),
    ('CASE c.control WHEN ''agent'' THEN ''bridge'' ELSE ''turn'' END, w_account', '''turn'', w_account')
  ) AS x(was, becomes) LOOP
    v_new := replace(v_new, r.was, r.becomes);
  END LOOP;
  EXECUTE v_new;
  EXECUTE replace(pg_get_functiondef('parley.queue_lag'::regproc), 'ARRAY[''send'', ''turn'', ''bridge'']', 'ARRAY[''send'', ''turn'']');
END $$;
DELETE FROM parley.conversation_lanes WHERE kind = 'bridge';
ALTER TABLE parley.conversation_lanes DROP CONSTRAINT conversation_lanes_kind_check,
  ADD CONSTRAINT conversation_lanes_kind_check CHECK (kind IN ('send', 'turn'));
DROP INDEX parley.idx_message_tracking_centre_owed, parley.idx_mapping_id, parley.idx_genesys_message_id, parley.conversation_mappings_ref;
ALTER TABLE parley.message_tracking DROP COLUMN centre_owed, DROP COLUMN centre_told, DROP COLUMN centre_next_at;
REVOKE SELECT, UPDATE ON parley.conversation_mappings FROM parley_system;
DROP POLICY system_door ON parley.conversation_mappings;
ALTER TABLE parley.conversation_mappings DROP COLUMN checked_at;
DROP TABLE parley.contact_centre_tasks, parley.contact_centre_events, parley.contact_centres;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
