-- Up Migration
-- The way of nearly every batch of receipts: sent, delivered and read of messages that went out and were accepted. What such a
-- batch writes is what receive_plain_receipts writes. The next state is made of the one that is there, under its lock, instead of
-- being made anew of all receipts that the message ever had.
GRANT CREATE ON SCHEMA parley TO parley_system;
CREATE FUNCTION parley.receive_statuses(
  p_now timestamptz,
  -- By place: the addresses of the batch.
  p_place_provider text[], p_place_app text[], p_place_account text[],
  -- By message: when it was sent, delivered and read, as far as this batch says so, and the id of the event.
  p_place integer[], p_external text[], p_sent timestamptz[], p_delivered timestamptz[], p_read timestamptz[], p_event uuid[],
  -- By receipt: which message. No message has two of the same status.
  p_of integer[], p_id uuid[], p_status text[], p_phone text[], p_detail text[], p_occurred timestamptz[],
  -- By webhook. The bodies are one byte string.
  p_w_place integer[], p_w_id uuid[], p_w_type text[], p_w_headers text[], p_w_start integer[], p_w_length integer[], p_w_payloads bytea)
RETURNS TABLE (tenant_id uuid)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp SET plan_cache_mode = force_generic_plan
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  v_n integer := cardinality(p_external);
  w_tenant uuid[]; w_account uuid[];
  v_message uuid[]; v_conv uuid[]; v_was text[]; v_sent timestamptz[]; v_delivered timestamptz[]; v_read timestamptz[];
  v_status text[]; v_at timestamptz[]; v_moved boolean[];
BEGIN
  SELECT array_agg(a.tenant_id), array_agg(a.id) INTO w_tenant, w_account
    FROM (SELECT x.tenant_id, x.id FROM unnest(p_place_provider, p_place_app, p_place_account) WITH ORDINALITY AS p(provider, app, account, n)
            LEFT JOIN channel_accounts x ON x.provider = p.provider AND x.external_id = p.account AND x.app_slug = p.app
           ORDER BY p.n) a;

  -- Whose the ids are. What speaks of an earlier attempt, or came before the sender learned the id, takes the longer way.
  SELECT array_agg((SELECT p.message_id FROM provider_refs p WHERE p.tenant_id = w_tenant[p_place[n]]
                       AND p.channel_account_id = w_account[p_place[n]] AND p.external_id = p_external[n] AND NOT p.superseded))
    INTO v_message FROM generate_series(1, v_n) AS n;
  IF array_position(v_message, NULL) IS NOT NULL THEN
    RAISE EXCEPTION 'a receipt of no message that is known' USING ERRCODE = 'PA001';
  END IF;

  -- Held in the order of settle_messages. What is read after this is read after whoever held them before.
  SELECT array_agg(h.conversation_id ORDER BY h.n), array_agg(h.status ORDER BY h.n), array_agg(h.sent_at ORDER BY h.n),
         array_agg(h.delivered_at ORDER BY h.n), array_agg(h.read_at ORDER BY h.n),
         array_agg(CASE WHEN p_read[h.n] IS NOT NULL THEN 'read' WHEN p_delivered[h.n] IS NOT NULL AND h.status = 'sent' THEN 'delivered' ELSE h.status END ORDER BY h.n),
         array_agg(CASE WHEN h.status = 'read' THEN h.status_at ELSE coalesce(p_read[h.n], CASE WHEN h.status = 'sent' THEN p_delivered[h.n] END, h.status_at) END ORDER BY h.n),
         array_agg((p_sent[h.n] IS NOT NULL AND p_sent[h.n] IS DISTINCT FROM h.sent_at) OR (p_delivered[h.n] IS NOT NULL AND (h.delivered_at IS NULL OR h.status = 'sent'))
                   OR (p_read[h.n] IS NOT NULL AND (h.read_at IS NULL OR h.status <> 'read')) ORDER BY h.n)
    INTO v_conv, v_was, v_sent, v_delivered, v_read, v_status, v_at, v_moved
    FROM (SELECT e.n, t.* FROM (SELECT n FROM generate_series(1, v_n) AS n ORDER BY w_tenant[p_place[n]], v_message[n]) e,
           LATERAL (SELECT x.conversation_id, x.status, x.status_at, x.sent_at, x.delivered_at, x.read_at FROM message_tracking x
                     WHERE x.tenant_id = w_tenant[p_place[e.n]] AND x.id = v_message[e.n] AND x.channel_account_id = w_account[p_place[e.n]]
                       AND x.wamid = p_external[e.n] AND x.direction = 'OUTBOUND' AND x.status IN ('sent', 'delivered', 'read') AND x.send_outcome IS NULL
                       FOR NO KEY UPDATE) t) h;
  IF cardinality(v_conv) IS DISTINCT FROM v_n
     -- A receipt that is there already, or the same news at another time; one that the message does not show (a failure of a message that
     -- waited to be sent again); and what was sent more than once, which is made of all its ids.
     OR EXISTS (SELECT FROM generate_series(1, v_n) AS n WHERE EXISTS (
          SELECT FROM message_statuses s WHERE s.tenant_id = w_tenant[p_place[n]] AND s.channel_account_id = w_account[p_place[n]] AND s.wamid = p_external[n]
             AND CASE s.status WHEN 'sent' THEN p_sent[n] IS NOT NULL OR s.occurred_at IS DISTINCT FROM v_sent[n]
                               WHEN 'delivered' THEN p_delivered[n] IS NOT NULL OR v_delivered[n] IS NULL OR v_was[n] = 'sent'
                               WHEN 'read' THEN p_read[n] IS NOT NULL OR v_read[n] IS NULL OR v_was[n] <> 'read' ELSE true END)
        OR EXISTS (
          SELECT FROM provider_refs p WHERE p.tenant_id = w_tenant[p_place[n]] AND p.message_id = v_message[n]
             AND (p.channel_account_id, p.external_id) <> (w_account[p_place[n]], p_external[n]))) THEN
    RAISE EXCEPTION 'not all of these receipts are plain' USING ERRCODE = 'PA001';
  END IF;

  UPDATE message_tracking t SET
    status = v_status[e.n],
    status_at = v_at[e.n],
    sent_at = coalesce(p_sent[e.n], t.sent_at),
    delivered_at = coalesce(t.delivered_at, p_delivered[e.n]),
    read_at = coalesce(t.read_at, p_read[e.n]),
    updated_at = clock_timestamp()
    FROM generate_series(1, v_n) AS e(n) WHERE t.tenant_id = w_tenant[p_place[e.n]] AND t.id = v_message[e.n];
  INSERT INTO message_statuses (tenant_id, id, channel_account_id, message_id, wamid, status, participant, phone, detail, occurred_at, applied, created_at)
    SELECT w_tenant[p_place[p_of[r]]], p_id[r], w_account[p_place[p_of[r]]], v_message[p_of[r]], p_external[p_of[r]], p_status[r], '', p_phone[r],
           p_detail[r]::jsonb, p_occurred[r], v_status[p_of[r]] = p_status[r], p_now
      FROM generate_series(1, cardinality(p_of)) AS r;
  INSERT INTO events (tenant_id, id, type, conversation_id, message_id, actor, data, created_at)
    SELECT w_tenant[p_place[n]], p_event[n], 'message.status', v_conv[n], v_message[n], 'provider', jsonb_build_object('status', v_status[n]), p_now
      FROM generate_series(1, v_n) AS n WHERE v_moved[n];
  INSERT INTO webhook_events (id, created_at, tenant_id, provider, app_slug, event_type, payload, headers, status, processed_at)
    SELECT p_w_id[n], p_now, w_tenant[p_w_place[n]], p_place_provider[p_w_place[n]], p_place_app[p_w_place[n]], p_w_type[n],
           substr(p_w_payloads, p_w_start[n] + 1, p_w_length[n]), p_w_headers[n]::jsonb, 'processed', p_now
      FROM generate_series(1, cardinality(p_w_id)) AS n;
  RETURN QUERY SELECT DISTINCT t FROM unnest(w_tenant) AS t;
END $$;
ALTER FUNCTION parley.receive_statuses OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.receive_statuses FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.receive_statuses TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- The longer way holds the messages before it inserts, as the shorter one does: the other way round the same receipt, under way on both,
-- stood still for a second before the server ended one of them.
DO $$
DECLARE v_old text := pg_get_functiondef('parley.receive_receipts'::regproc); v_new text;
BEGIN
  v_new := replace(v_old, E'  WITH kept AS (\n    INSERT INTO message_statuses AS s',
    E'  PERFORM FROM (SELECT DISTINCT e.tenant, e.message FROM unnest(v_tenant, v_message) AS e(tenant, message) WHERE e.message IS NOT NULL ORDER BY 1, 2) e,\n'
    '       LATERAL (SELECT FROM message_tracking t WHERE t.tenant_id = e.tenant AND t.id = e.message FOR NO KEY UPDATE) held;\n'
    '  WITH kept AS (\n    INSERT INTO message_statuses AS s');
  IF v_new = v_old THEN
    RAISE EXCEPTION 'receive_receipts does not insert as expected';
  END IF;
  EXECUTE v_new;
END $$;

-- Down Migration
DO $$
BEGIN
  EXECUTE replace(pg_get_functiondef('parley.receive_receipts'::regproc),
    E'  PERFORM FROM (SELECT DISTINCT e.tenant, e.message FROM unnest(v_tenant, v_message) AS e(tenant, message) WHERE e.message IS NOT NULL ORDER BY 1, 2) e,\n'
    '       LATERAL (SELECT FROM message_tracking t WHERE t.tenant_id = e.tenant AND t.id = e.message FOR NO KEY UPDATE) held;\n', '');
END $$;
DROP FUNCTION parley.receive_statuses;
