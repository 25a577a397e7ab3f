-- Up Migration
-- Receipts are the most frequent news there is: three for every message sent. What was a loop over messages is a handful of
-- set-based steps, and a change of status no longer touches an index.
GRANT CREATE ON SCHEMA parley TO parley_system;

-- Whether a message still has to go out. An index that names `status` in its predicate makes every change of status write all
-- indexes of the row again; this column changes once, and with it the later changes stay on the row's page (HOT).
ALTER TABLE parley.message_tracking ADD COLUMN unsent boolean GENERATED ALWAYS AS (status IN ('queued', 'sending')) STORED;
DROP INDEX parley.idx_message_tracking_status;
CREATE INDEX idx_message_tracking_status ON parley.message_tracking (tenant_id, conversation_id) WHERE unsent;

-- The two functions that look for what still has to go out ask by the column that the index has now.
DO $$
DECLARE f text; v_old text; v_new text;
BEGIN
  FOREACH f IN ARRAY ARRAY['claim_sends', 'record_send'] LOOP
    v_old := pg_get_functiondef(('parley.' || f)::regproc);
    v_new := replace(replace(v_old, 't.status = ''queued''', 't.unsent AND t.status = ''queued'''),
                     't.status = ''sending'' AND t.send_outcome', 't.unsent AND t.status = ''sending'' AND t.send_outcome');
    -- Most answers come before their first receipt: then there is nothing to settle.
    v_new := replace(v_new, 'PERFORM parley.settle_message(p_tenant, p_message);',
      'PERFORM parley.settle_message(p_tenant, p_message) WHERE EXISTS (SELECT FROM message_statuses s
      WHERE s.tenant_id = p_tenant AND s.channel_account_id = p_account AND s.wamid = p_external);');
    IF v_new = v_old THEN
      RAISE EXCEPTION '% does not look for what has to go out', f;
    END IF;
    EXECUTE v_new;
    -- Planning over all months of messages costs more than the work: one plan for all, by key, whatever the tables' size.
    EXECUTE format('ALTER FUNCTION parley.%I SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
      SET enable_hashjoin = off SET enable_mergejoin = off', f);
  END LOOP;
END $$;

-- Brings outbound messages to where their receipts say they are. Reads every receipt of each, under the lock of its row, so
-- the order in which they came does not matter. Returns those whose state changed.
CREATE FUNCTION parley.settle_messages(p_tenant uuid[], p_message uuid[])
RETURNS TABLE (tenant_id uuid, message_id uuid, conversation_id uuid, status text, moved boolean)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
  -- What is read below has to be read after the lock: whoever held it may just have kept another receipt.
  PERFORM FROM (SELECT DISTINCT e.tenant, e.message FROM unnest(p_tenant, p_message) AS e(tenant, message) ORDER BY 1, 2) e,
       LATERAL (SELECT FROM message_tracking t WHERE t.tenant_id = e.tenant AND t.id = e.message FOR NO KEY UPDATE) locked;
  RETURN QUERY
  WITH v AS MATERIALIZED (
    SELECT t.tenant_id, t.id, t.channel_account_id, t.conversation_id, t.status, t.status_at, t.send_outcome, t.wamid,
           t.sent_at, t.delivered_at, t.read_at, t.failed_at, t.error_code, t.error_text
      FROM (SELECT DISTINCT e.tenant, e.message FROM unnest(p_tenant, p_message) AS e(tenant, message) ORDER BY 1, 2) e
      JOIN message_tracking t ON t.tenant_id = e.tenant AND t.id = e.message AND t.direction = 'OUTBOUND'),
  s AS MATERIALIZED (
    SELECT v.*, r.*, CASE WHEN r.rank > status_rank(v.status)
                          THEN CASE r.rank WHEN 2 THEN 'sent' WHEN 3 THEN 'failed' WHEN 4 THEN 'delivered' WHEN 5 THEN 'read' ELSE v.status END
                          ELSE v.status END AS new_status
      FROM v, LATERAL (
        SELECT min(r.occurred_at) FILTER (WHERE r.status = 'sent') AS r_sent_at,
               min(r.occurred_at) FILTER (WHERE r.status = 'delivered') AS r_delivered_at,
               min(r.occurred_at) FILTER (WHERE r.status IN ('read', 'played')) AS r_read_at,
               min(r.occurred_at) FILTER (WHERE r.status = 'failed') AS r_failed_at,
               (array_agg(r.error_code ORDER BY r.created_at) FILTER (WHERE r.status = 'failed'))[1] AS r_error_code,
               (array_agg(r.error ORDER BY r.created_at) FILTER (WHERE r.status = 'failed'))[1] AS r_error,
               max(status_rank(r.status)) AS rank,
               (array_agg(r.occurred_at ORDER BY status_rank(r.status) DESC, r.occurred_at))[1] AS r_at
          FROM provider_refs p CROSS JOIN LATERAL (
                 SELECT x.* FROM message_statuses x
                  WHERE x.tenant_id = v.tenant_id AND x.channel_account_id = p.channel_account_id AND x.wamid = p.external_id
                 OFFSET 0) r -- this way round always: a plan made while receipts were few would read all of the account's
         WHERE p.tenant_id = v.tenant_id AND p.message_id = v.id
           -- After a new attempt, what speaks of an earlier one counts only where it proves delivery.
           AND (NOT p.superseded OR status_rank(r.status) > 3)
           -- Nor does a failure of an attempt whose id was never learned: it cannot fail one that waits, or that got another id.
           AND (r.status <> 'failed' OR (v.status <> 'queued' AND (v.wamid IS NULL OR v.wamid = r.wamid)))) r
     WHERE r.rank IS NOT NULL),
  settled AS (
    UPDATE message_tracking t SET
      status = s.new_status,
      status_at = CASE WHEN s.new_status <> s.status THEN s.r_at ELSE s.status_at END,
      send_outcome = NULL,
      wamid = CASE WHEN s.wamid IS NOT NULL THEN s.wamid ELSE (SELECT p.external_id FROM provider_refs p
               WHERE p.tenant_id = s.tenant_id AND p.channel_account_id = s.channel_account_id AND p.message_id = s.id
                 AND NOT p.superseded ORDER BY p.touched_at DESC LIMIT 1) END,
      sent_at = coalesce(s.r_sent_at, s.sent_at),
      delivered_at = coalesce(s.delivered_at, s.r_delivered_at),
      read_at = coalesce(s.read_at, s.r_read_at),
      failed_at = coalesce(s.failed_at, s.r_failed_at),
      error_code = coalesce(s.error_code, s.r_error_code),
      error_text = coalesce(s.error_text, s.r_error),
      updated_at = clock_timestamp()
      FROM s WHERE t.tenant_id = s.tenant_id AND t.id = s.id),
  -- A receipt answers a send whose own answer was lost.
  answered AS (
    UPDATE send_attempts a SET outcome = 'accepted', finished_at = clock_timestamp(), detail = 'settled by a receipt'
      FROM s
     -- Only a message that is still being sent, or whose end is not known, can have one.
     WHERE (s.send_outcome IS NOT NULL OR s.status IN ('queued', 'sending'))
       AND a.tenant_id = s.tenant_id AND a.message_id = s.id AND a.outcome IN ('unknown', 'started')
       AND a.n = (SELECT max(n.n) FROM send_attempts n WHERE n.tenant_id = s.tenant_id AND n.message_id = s.id))
  SELECT s.tenant_id, s.id, s.conversation_id, s.new_status,
         s.new_status <> s.status OR s.send_outcome IS NOT NULL
           OR (s.r_sent_at IS DISTINCT FROM s.sent_at AND s.r_sent_at IS NOT NULL)
           OR (s.delivered_at IS NULL AND s.r_delivered_at IS NOT NULL) OR (s.read_at IS NULL AND s.r_read_at IS NOT NULL)
    FROM s;
END $$;

CREATE OR REPLACE FUNCTION parley.settle_message(p_tenant uuid, p_message uuid) RETURNS boolean
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT coalesce((SELECT m.moved FROM settle_messages(ARRAY[p_tenant], ARRAY[p_message]) m), false)
$$;

-- Receipts of a batch. Each is kept as it came; one that comes again changes nothing. The sender and the receipt meet in
-- provider_refs: where they have not met yet both upsert that row first, in the same order, so neither can miss the other.
-- Per event: `result` is applied, kept (its message is not here yet), duplicate, inbound (it speaks of a customer's own
-- message: no order of events explains that), or unknown_account.
CREATE OR REPLACE FUNCTION parley.receive_receipts(
  p_now timestamptz, p_provider text[], p_app text[], p_account text[], p_external text[], p_status text[],
  p_participant text[], p_phone text[], p_message_id uuid[], p_error_code text[], p_error text[], p_detail text[], p_occurred timestamptz[]
) RETURNS TABLE (ord integer, result text, tenant_id uuid, message_id uuid)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
  -- Tables are only ever looked into by key, whatever the planner believes about their size: a plan made while they were
  -- nearly empty must not read them whole when they are not.
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  v_tenant uuid[]; v_account uuid[]; v_inbound boolean[]; v_message uuid[]; v_hint uuid[]; v_met boolean[]; v_was text[];
  v_new boolean[]; v_id uuid[]; v_kept jsonb; v_final jsonb;
BEGIN
  SELECT array_agg(a.tenant_id ORDER BY e.ord), array_agg(a.id ORDER BY e.ord)
    INTO v_tenant, v_account
    FROM unnest(p_provider, p_app, p_account) WITH ORDINALITY AS e(provider, app, account, ord)
    LEFT JOIN channel_accounts a ON a.provider = e.provider AND a.external_id = e.account AND a.app_slug = e.app;

  -- Nothing here sorts: the aggregates see the rows in the order of the arrays. They have met where the sender has written
  -- the message's id beside the provider's.
  SELECT array_agg(coalesce(q.t = 'INBOUND', false)), array_agg(q.met), array_agg(q.hint), array_agg(q.met IS NOT NULL), array_agg(q.was),
         array_agg(uuid7())
    INTO v_inbound, v_message, v_hint, v_met, v_was, v_id
    FROM (SELECT e.*, t.direction AS t, t.status AS was,
                 CASE WHEN t.direction = 'OUTBOUND' THEN t.id WHEN t.id IS NULL THEN
                   (SELECT p.message_id FROM provider_refs p WHERE p.tenant_id = e.tenant AND p.channel_account_id = e.account
                       AND p.external_id = e.external) END AS met,
                 -- The id that came back with the receipt counts only if it is an outbound message of this very account.
                 CASE WHEN t.id IS NULL AND e.message_id IS NOT NULL THEN
                   (SELECT m.id FROM message_tracking m WHERE m.tenant_id = e.tenant AND m.id = e.message_id
                       AND m.channel_account_id = e.account AND m.direction = 'OUTBOUND') END AS hint
            FROM unnest(v_tenant, v_account, p_external, p_message_id) AS e(tenant, account, external, message_id)
            LEFT JOIN LATERAL (SELECT t.id, t.direction, t.status FROM message_tracking t
                                WHERE t.tenant_id = e.tenant AND t.channel_account_id = e.account AND t.wamid = e.external) t ON true) q;

  IF false = ANY (v_met) THEN
    WITH upserted AS (
      INSERT INTO provider_refs AS p (tenant_id, channel_account_id, external_id, message_id, touched_at)
        SELECT DISTINCT ON (e.tenant, e.account, e.external) e.tenant, e.account, e.external, e.hint, p_now
          FROM unnest(v_tenant, v_account, p_external, v_hint, v_inbound, v_met) AS e(tenant, account, external, hint, inbound, met)
         WHERE e.tenant IS NOT NULL AND NOT e.inbound AND NOT e.met ORDER BY e.tenant, e.account, e.external, e.hint NULLS LAST
        ON CONFLICT (tenant_id, channel_account_id, external_id)
          DO UPDATE SET message_id = coalesce(p.message_id, excluded.message_id), touched_at = p_now
      RETURNING p.channel_account_id, p.external_id, p.message_id)
    SELECT jsonb_object_agg(u.channel_account_id || ' ' || u.external_id, u.message_id) INTO v_kept FROM upserted u;
    SELECT array_agg(CASE WHEN e.met THEN e.message ELSE (v_kept ->> (e.account || ' ' || e.external))::uuid END ORDER BY e.ord) INTO v_message
      FROM unnest(v_message, v_met, v_account, p_external) WITH ORDINALITY AS e(message, met, account, external, ord);
  END IF;

  WITH kept AS (
    INSERT INTO message_statuses AS s (tenant_id, id, channel_account_id, message_id, wamid, status, participant, phone, error,
                                       error_code, detail, occurred_at, created_at)
      SELECT e.tenant, e.id, e.account, e.message, e.external, e.status, e.participant, e.phone, e.error, e.error_code,
             e.detail::jsonb, e.occurred, p_now
        FROM unnest(v_tenant, v_id, v_account, v_inbound, v_message, p_external, p_status, p_participant, p_phone, p_error, p_error_code, p_detail, p_occurred)
             AS e(tenant, id, account, inbound, message, external, status, participant, phone, error, error_code, detail, occurred)
       WHERE e.tenant IS NOT NULL AND NOT e.inbound
      ON CONFLICT DO NOTHING
      RETURNING s.id)
  SELECT jsonb_object_agg(k.id, true) INTO v_kept FROM kept k;
  SELECT array_agg(coalesce(v_kept ? e.id::text, false) ORDER BY e.ord) INTO v_new FROM unnest(v_id) WITH ORDINALITY AS e(id, ord);

  IF true = ANY (v_new) THEN
    WITH m AS MATERIALIZED (
      SELECT * FROM settle_messages(
        (SELECT array_agg(e.tenant) FROM unnest(v_tenant, v_message, v_new) AS e(tenant, message, is_new) WHERE e.is_new AND e.message IS NOT NULL),
        (SELECT array_agg(e.message) FROM unnest(v_message, v_new) AS e(message, is_new) WHERE e.is_new AND e.message IS NOT NULL))),
    happened AS (
      INSERT INTO events (tenant_id, type, conversation_id, message_id, actor, data, created_at)
        SELECT m.tenant_id, 'message.status', m.conversation_id, m.message_id, 'provider', jsonb_build_object('status', m.status), p_now
          FROM m WHERE m.moved)
    SELECT jsonb_object_agg(m.message_id, m.status) INTO v_final FROM m;
    UPDATE message_statuses s SET applied = true
      FROM unnest(v_tenant, v_id, p_status, v_message, v_new) AS e(tenant, id, status, message, is_new)
     WHERE e.is_new AND v_final ->> e.message::text = CASE e.status WHEN 'played' THEN 'read' ELSE e.status END
       AND s.tenant_id = e.tenant AND s.id = e.id;
  END IF;

  RETURN QUERY
    SELECT e.ord::integer, CASE WHEN e.tenant IS NULL THEN 'unknown_account' WHEN e.inbound THEN 'inbound'
             WHEN NOT e.is_new THEN 'duplicate' WHEN e.message IS NULL THEN 'kept' ELSE 'applied' END, e.tenant, e.message
      FROM unnest(v_tenant, v_inbound, v_new, v_message) WITH ORDINALITY AS e(tenant, inbound, is_new, message, ord);
END $$;

ALTER FUNCTION parley.settle_messages OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.settle_messages FROM PUBLIC;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
CREATE OR REPLACE FUNCTION parley.settle_message(p_tenant uuid, p_message uuid) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
DECLARE
  v message_tracking; s record; v_status text; v_moved boolean;
BEGIN
  SELECT * INTO v FROM message_tracking WHERE tenant_id = p_tenant AND id = p_message FOR NO KEY UPDATE;
  IF NOT FOUND OR v.direction <> 'OUTBOUND' THEN
    RETURN false;
  END IF;
  SELECT min(r.occurred_at) FILTER (WHERE r.status = 'sent') AS sent_at,
         min(r.occurred_at) FILTER (WHERE r.status = 'delivered') AS delivered_at,
         min(r.occurred_at) FILTER (WHERE r.status IN ('read', 'played')) AS read_at,
         min(r.occurred_at) FILTER (WHERE r.status = 'failed') AS failed_at,
         (array_agg(r.error_code ORDER BY r.created_at) FILTER (WHERE r.status = 'failed'))[1] AS error_code,
         (array_agg(r.error ORDER BY r.created_at) FILTER (WHERE r.status = 'failed'))[1] AS error,
         max(status_rank(r.status)) AS rank,
         (array_agg(r.occurred_at ORDER BY status_rank(r.status) DESC, r.occurred_at))[1] AS at
    INTO s
    FROM provider_refs p CROSS JOIN LATERAL (
           SELECT x.* FROM message_statuses x
            WHERE x.tenant_id = p_tenant AND x.channel_account_id = p.channel_account_id AND x.wamid = p.external_id
           OFFSET 0) r -- this way round always: a plan made while receipts were few would read all of the account's
   WHERE p.tenant_id = p_tenant AND p.message_id = p_message
     -- After a new attempt, what speaks of an earlier one counts only where it proves delivery.
     AND (NOT p.superseded OR status_rank(r.status) > 3)
     -- Nor does a failure of an attempt whose id was never learned: it cannot fail one that waits, or that got another id.
     AND (r.status <> 'failed' OR (v.status <> 'queued' AND (v.wamid IS NULL OR v.wamid = r.wamid)));
  IF s.rank IS NULL THEN
    RETURN false;
  END IF;
  v_status := CASE WHEN s.rank > status_rank(v.status)
                   THEN CASE s.rank WHEN 2 THEN 'sent' WHEN 3 THEN 'failed' WHEN 4 THEN 'delivered' WHEN 5 THEN 'read' ELSE v.status END
                   ELSE v.status END;
  v_moved := v_status <> v.status OR v.send_outcome IS NOT NULL
             OR s.sent_at IS DISTINCT FROM v.sent_at AND s.sent_at IS NOT NULL
             OR v.delivered_at IS NULL AND s.delivered_at IS NOT NULL OR v.read_at IS NULL AND s.read_at IS NOT NULL;
  UPDATE message_tracking SET
    status = v_status,
    status_at = CASE WHEN v_status <> v.status THEN s.at ELSE v.status_at END,
    send_outcome = NULL,
    wamid = coalesce(v.wamid, (SELECT p.external_id FROM provider_refs p WHERE p.tenant_id = p_tenant
                                AND p.channel_account_id = v.channel_account_id AND p.message_id = p_message
                                AND NOT p.superseded ORDER BY p.touched_at DESC LIMIT 1)),
    sent_at = coalesce(s.sent_at, v.sent_at),
    delivered_at = coalesce(v.delivered_at, s.delivered_at),
    read_at = coalesce(v.read_at, s.read_at),
    failed_at = coalesce(v.failed_at, s.failed_at),
    error_code = coalesce(v.error_code, s.error_code),
    error_text = coalesce(v.error_text, s.error),
    updated_at = clock_timestamp()
   WHERE tenant_id = p_tenant AND id = p_message;
  -- A receipt answers a send whose own answer was lost.
  UPDATE send_attempts SET outcome = 'accepted', finished_at = clock_timestamp(), detail = 'settled by a receipt'
   WHERE tenant_id = p_tenant AND message_id = p_message AND outcome IN ('unknown', 'started')
     AND n = (SELECT max(n) FROM send_attempts WHERE tenant_id = p_tenant AND message_id = p_message);
  RETURN v_moved;
END $$;
CREATE OR REPLACE FUNCTION parley.receive_receipts(
  p_now timestamptz, p_provider text[], p_app text[], p_account text[], p_external text[], p_status text[],
  p_participant text[], p_phone text[], p_message_id uuid[], p_error_code text[], p_error text[], p_detail text[], p_occurred timestamptz[]
) RETURNS TABLE (ord integer, result text, tenant_id uuid, message_id uuid)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
  -- Tables are only ever looked into by key, whatever the planner believes about their size: a plan made while they were
  -- nearly empty must not read them whole when they are not.
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  v_tenant uuid[]; v_account uuid[]; v_inbound boolean[]; v_message uuid[]; v_new boolean[]; v_id uuid[]; v_kept jsonb; r record;
BEGIN
  SELECT array_agg(a.tenant_id ORDER BY e.ord), array_agg(a.id ORDER BY e.ord)
    INTO v_tenant, v_account
    FROM unnest(p_provider, p_app, p_account) WITH ORDINALITY AS e(provider, app, account, ord)
    LEFT JOIN channel_accounts a ON a.provider = e.provider AND a.external_id = e.account AND a.app_slug = e.app;
  SELECT array_agg(coalesce(t.direction = 'INBOUND', false) ORDER BY e.ord),
         -- The id that came back with the receipt counts only if it is an outbound message of this very account.
         array_agg(coalesce(m.id, CASE WHEN t.direction = 'OUTBOUND' THEN t.id END) ORDER BY e.ord)
    INTO v_inbound, v_message
    FROM unnest(v_tenant, v_account, p_external, p_message_id) WITH ORDINALITY AS e(tenant, account, external, message_id, ord)
    LEFT JOIN message_tracking t ON t.tenant_id = e.tenant AND t.channel_account_id = e.account AND t.wamid = e.external
    LEFT JOIN message_tracking m ON m.tenant_id = e.tenant AND m.id = e.message_id AND m.channel_account_id = e.account AND m.direction = 'OUTBOUND';

  INSERT INTO provider_refs AS p (tenant_id, channel_account_id, external_id, message_id, touched_at)
    SELECT DISTINCT ON (e.tenant, e.account, e.external) e.tenant, e.account, e.external, e.message, p_now
      FROM unnest(v_tenant, v_account, p_external, v_message, v_inbound) AS e(tenant, account, external, message, inbound)
     WHERE e.tenant IS NOT NULL AND NOT e.inbound ORDER BY e.tenant, e.account, e.external, e.message NULLS LAST
    ON CONFLICT (tenant_id, channel_account_id, external_id)
      DO UPDATE SET message_id = coalesce(p.message_id, excluded.message_id), touched_at = p_now;

  SELECT array_agg(uuid7() ORDER BY e.ord) INTO v_id FROM unnest(p_account) WITH ORDINALITY AS e(account, ord);
  WITH kept AS (
    INSERT INTO message_statuses AS s (tenant_id, id, channel_account_id, message_id, wamid, status, participant, phone, error,
                                       error_code, detail, occurred_at, created_at)
      SELECT e.tenant, e.id, e.account, p.message_id, e.external, e.status, e.participant, e.phone, e.error, e.error_code,
             e.detail::jsonb, e.occurred, p_now
        FROM unnest(v_tenant, v_id, v_account, v_inbound, p_external, p_status, p_participant, p_phone, p_error, p_error_code, p_detail, p_occurred)
             WITH ORDINALITY AS e(tenant, id, account, inbound, external, status, participant, phone, error, error_code, detail, occurred, ord)
        JOIN provider_refs p ON p.tenant_id = e.tenant AND p.channel_account_id = e.account AND p.external_id = e.external
       WHERE NOT e.inbound ORDER BY e.ord
      ON CONFLICT DO NOTHING
      RETURNING s.id)
  SELECT coalesce(jsonb_object_agg(k.id, true), '{}') INTO v_kept FROM kept k;
  SELECT array_agg(v_kept ? e.id::text ORDER BY e.ord) INTO v_new FROM unnest(v_id) WITH ORDINALITY AS e(id, ord);

  SELECT array_agg(p.message_id ORDER BY e.ord) INTO v_message
    FROM unnest(v_tenant, v_account, p_external) WITH ORDINALITY AS e(tenant, account, external, ord)
    LEFT JOIN provider_refs p ON p.tenant_id = e.tenant AND p.channel_account_id = e.account AND p.external_id = e.external;

  FOR r IN SELECT DISTINCT e.tenant, e.message FROM unnest(v_tenant, v_message, v_new) AS e(tenant, message, is_new)
            WHERE e.message IS NOT NULL AND e.is_new ORDER BY 1, 2 LOOP
    IF settle_message(r.tenant, r.message) THEN
      INSERT INTO events (tenant_id, type, conversation_id, message_id, actor, data, created_at)
        SELECT t.tenant_id, 'message.status', t.conversation_id, t.id, 'provider', jsonb_build_object('status', t.status), p_now
          FROM message_tracking t WHERE t.tenant_id = r.tenant AND t.id = r.message;
    END IF;
  END LOOP;
  UPDATE message_statuses s SET applied = t.status = CASE e.status WHEN 'played' THEN 'read' ELSE e.status END, message_id = e.message
    FROM unnest(v_tenant, v_id, p_status, v_message, v_new) AS e(tenant, id, status, message, is_new)
    JOIN message_tracking t ON t.tenant_id = e.tenant AND t.id = e.message
   WHERE e.is_new AND s.tenant_id = e.tenant AND s.id = e.id;

  RETURN QUERY
    SELECT e.ord::integer, CASE WHEN e.tenant IS NULL THEN 'unknown_account' WHEN e.inbound THEN 'inbound'
             WHEN NOT e.is_new THEN 'duplicate' WHEN e.message IS NULL THEN 'kept' ELSE 'applied' END, e.tenant, e.message
      FROM unnest(v_tenant, v_inbound, v_new, v_message) WITH ORDINALITY AS e(tenant, inbound, is_new, message, ord);
END $$;
DROP FUNCTION parley.settle_messages;
DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['claim_sends', 'record_send'] LOOP
    EXECUTE format('ALTER FUNCTION parley.%I RESET plan_cache_mode RESET enable_seqscan RESET enable_hashjoin RESET enable_mergejoin', f);
    EXECUTE replace(replace(pg_get_functiondef(('parley.' || f)::regproc), 't.unsent AND ', ''),
      'settle_message(p_tenant, p_message) WHERE EXISTS (SELECT FROM message_statuses s
      WHERE s.tenant_id = p_tenant AND s.channel_account_id = p_account AND s.wamid = p_external)', 'settle_message(p_tenant, p_message)');
  END LOOP;
END $$;
DROP INDEX parley.idx_message_tracking_status;
ALTER TABLE parley.message_tracking DROP COLUMN unsent;
CREATE INDEX idx_message_tracking_status ON parley.message_tracking (tenant_id, conversation_id) WHERE status IN ('queued', 'sending');
REVOKE CREATE ON SCHEMA parley FROM parley_system;
