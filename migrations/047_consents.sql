-- Up Migration
-- What people agreed to: who wants to hear from the business on a channel and who does not, since when, and in which words. Rows
-- are only added; the newest of a topic is how it stands.
CREATE TABLE parley.consents (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  contact_id uuid NOT NULL,
  channel text NOT NULL,
  topic text NOT NULL DEFAULT 'all', -- all: anything; marketing: advertising only
  state text NOT NULL,
  source text NOT NULL, -- keyword: the customer wrote it; provider: it says so; anything else: where a person has it from
  wording text NOT NULL, -- exactly as it was said
  actor text NOT NULL,
  message_id uuid, -- the customer's line, or ours that was refused
  occurred_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT consents_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT consents_topic_check CHECK (topic IN ('all', 'marketing')),
  CONSTRAINT consents_state_check CHECK (state IN ('opted_in', 'opted_out')),
  CONSTRAINT consents_source_check CHECK (length(source) BETWEEN 1 AND 100),
  CONSTRAINT consents_wording_check CHECK (length(wording) BETWEEN 1 AND 2000),
  CONSTRAINT fk_consents_contact FOREIGN KEY (tenant_id, contact_id) REFERENCES parley.contacts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_consents_present ON parley.consents (tenant_id, contact_id, channel, topic, occurred_at DESC, id DESC);
ALTER TABLE parley.consents ENABLE ROW LEVEL SECURITY;
ALTER TABLE parley.consents FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON parley.consents TO parley_app
  USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()));
CREATE POLICY system_door ON parley.consents TO parley_system USING (true) WITH CHECK (true);
-- Nobody changes what was said.
GRANT SELECT, INSERT, DELETE ON parley.consents TO parley_app;
GRANT SELECT, INSERT ON parley.consents TO parley_system;

-- Carriers in the United States take texts only of senders that are registered with them.
ALTER TABLE parley.channel_accounts
  ADD COLUMN registration text NOT NULL DEFAULT 'not_needed',
  ADD COLUMN registration_text text,
  ADD CONSTRAINT channel_accounts_registration_check CHECK (registration IN ('not_needed', 'pending', 'approved', 'rejected'));

GRANT CREATE ON SCHEMA parley TO parley_system;

-- What lines and receipts of a batch said about being written to; called by intake with what it has just stored, in the same
-- transaction, and only where something was said. p_state is null for a question for help. What has such a word for its text is
-- nobody's turn. `answer`: what the customer has to be told (stop, start, help), null where nothing changed or the provider has
-- answered already.
CREATE FUNCTION parley.receive_consents(
  p_now timestamptz, p_id uuid[], p_tenant uuid[], p_message uuid[], p_topic text[], p_state text[], p_source text[], p_wording text[],
  p_occurred timestamptz[], p_answered boolean[]
) RETURNS TABLE (tenant_id uuid, message_id uuid, conversation_id uuid, answer text)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  e record; m record; v_before text;
BEGIN
  FOR e IN SELECT * FROM unnest(p_id, p_tenant, p_message, p_topic, p_state, p_source, p_wording, p_occurred, p_answered)
      WITH ORDINALITY AS u(id, tenant, message, topic, state, source, wording, occurred, answered, ord) ORDER BY u.ord
  LOOP
    SELECT t.conversation_id, t.direction, t.created_at, c.contact_id, c.channel INTO m
      FROM message_tracking t JOIN conversations c ON c.tenant_id = t.tenant_id AND c.id = t.conversation_id
     WHERE t.tenant_id = e.tenant AND t.id = e.message;
    CONTINUE WHEN NOT FOUND;
    IF m.direction = 'INBOUND' THEN
      UPDATE conversation_lanes l SET done_seq = greatest(l.done_seq, x.seq)
        FROM messages x
       WHERE x.tenant_id = e.tenant AND x.id = e.message AND x.created_at = m.created_at
         AND l.tenant_id = e.tenant AND l.conversation_id = m.conversation_id AND l.kind = 'turn';
    END IF;
    v_before := NULL;
    IF e.state IS NOT NULL THEN
      -- One at a time: of two that say the same at once, one changes something.
      PERFORM FROM contacts k WHERE k.tenant_id = e.tenant AND k.id = m.contact_id FOR NO KEY UPDATE;
      SELECT s.state INTO v_before FROM consents s
       WHERE s.tenant_id = e.tenant AND s.contact_id = m.contact_id AND s.channel = m.channel AND s.topic = e.topic
       ORDER BY s.occurred_at DESC, s.id DESC LIMIT 1;
      -- A provider says it with every message that it refuses: once is enough.
      CONTINUE WHEN e.source = 'provider' AND v_before = e.state;
      INSERT INTO consents (tenant_id, id, contact_id, channel, topic, state, source, wording, actor, message_id, occurred_at, created_at)
        VALUES (e.tenant, e.id, m.contact_id, m.channel, e.topic, e.state, e.source, e.wording,
                CASE WHEN e.source = 'provider' THEN 'provider' ELSE 'customer' END, e.message, least(e.occurred, p_now), p_now);
      INSERT INTO events (tenant_id, type, conversation_id, message_id, actor, data, created_at)
        VALUES (e.tenant, 'contact.consent', m.conversation_id, e.message, CASE WHEN e.source = 'provider' THEN 'provider' ELSE 'customer' END,
                jsonb_build_object('contactId', m.contact_id, 'channel', m.channel, 'topic', e.topic, 'state', e.state, 'source', e.source), p_now);
    END IF;
    tenant_id := e.tenant; message_id := e.message; conversation_id := m.conversation_id;
    answer := CASE WHEN e.answered OR m.direction <> 'INBOUND' THEN NULL
                   WHEN e.state IS NULL THEN 'help'
                   WHEN e.state = 'opted_out' AND v_before IS DISTINCT FROM 'opted_out' THEN 'stop'
                   WHEN e.state = 'opted_in' AND v_before = 'opted_out' THEN 'start' END;
    RETURN NEXT;
  END LOOP;
END $$;
ALTER FUNCTION parley.receive_consents OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.receive_consents FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.receive_consents TO parley_app;

-- Whoever claims a message learns whether it may still go: the customer may have said STOP since it was queued. What tells a
-- customer that they are out of the list is the one message that still goes.
DO $$
DECLARE v_old text; v_new text; r record;
BEGIN
  v_new := pg_get_functiondef('parley.claim_sends'::regproc);
  FOR r IN SELECT * FROM (VALUES
    ('window_expires_at timestamp with time zone, contact_status text)',
     'window_expires_at timestamp with time zone, contact_status text, opted_out boolean, registration text)'),
    ('cv.window_expires_at, k.status AS contact_status INTO m',
     E'cv.window_expires_at, k.status AS contact_status, NOT (x.metadata ? ''consentAnswer'') AND coalesce((SELECT s.state FROM consents s\n                WHERE s.tenant_id = cv.tenant_id AND s.contact_id = cv.contact_id AND s.channel = cv.channel AND s.topic = ''all''\n                ORDER BY s.occurred_at DESC, s.id DESC LIMIT 1) = ''opted_out'', false) AS opted_out INTO m'),
    ('contact_status := m.contact_status;', 'contact_status := m.contact_status; opted_out := m.opted_out; registration := a.registration;'),
    ('c.pace_tokens, c.pace_at, c.settings, count(*)', 'c.pace_tokens, c.pace_at, c.settings, c.registration, count(*)')
  ) AS x(was, becomes) LOOP
    v_old := v_new;
    v_new := replace(v_old, r.was, r.becomes);
    IF v_new = v_old THEN
      RAISE EXCEPTION 'claim_sends is not as expected: %', r.was;
    END IF;
  END LOOP;
  DROP FUNCTION parley.claim_sends(integer, integer, jsonb);
  EXECUTE v_new;
END $$;
ALTER FUNCTION parley.claim_sends OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.claim_sends FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.claim_sends TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DO $$
DECLARE v_new text; r record;
BEGIN
  v_new := pg_get_functiondef('parley.claim_sends'::regproc);
  FOR r IN SELECT * FROM (VALUES
    (', opted_out boolean, registration text)', ')'),
    (E', NOT (x.metadata ? ''consentAnswer'') AND coalesce((SELECT s.state FROM consents s\n                WHERE s.tenant_id = cv.tenant_id AND s.contact_id = cv.contact_id AND s.channel = cv.channel AND s.topic = ''all''\n                ORDER BY s.occurred_at DESC, s.id DESC LIMIT 1) = ''opted_out'', false) AS opted_out INTO m', ' INTO m'),
    (' opted_out := m.opted_out; registration := a.registration;', ''),
    (' c.registration,', '')
  ) AS x(was, becomes) LOOP
    v_new := replace(v_new, r.was, r.becomes);
  END LOOP;
  DROP FUNCTION parley.claim_sends(integer, integer, jsonb);
  EXECUTE v_new;
END $$;
ALTER FUNCTION parley.claim_sends OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.claim_sends FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.claim_sends TO parley_app;
DROP FUNCTION parley.receive_consents;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
ALTER TABLE parley.channel_accounts DROP COLUMN registration, DROP COLUMN registration_text;
DROP TABLE parley.consents;
