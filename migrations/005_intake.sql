-- Up Migration
CREATE INDEX idx_conversations_last_message ON parley.conversations (tenant_id, status, last_message_at DESC, id DESC);

-- How far a status is. A status never moves to a smaller rank by a receipt; `delivered` beats `failed` (proof beats claim).
CREATE FUNCTION parley.status_rank(p_status text) RETURNS smallint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE p_status WHEN 'queued' THEN 0 WHEN 'sending' THEN 1 WHEN 'sent' THEN 2 WHEN 'failed' THEN 3
    WHEN 'delivered' THEN 4 WHEN 'read' THEN 5 WHEN 'played' THEN 5 ELSE -1 END;

-- Raw webhooks of a batch. The bodies come as one byte string, cut by length: no re-encoding on the way.
CREATE FUNCTION parley.receive_webhooks(
  p_id uuid[], p_provider text[], p_app text[], p_type text[], p_headers text[], p_status text[], p_error text[],
  p_tenant uuid[], p_length integer[], p_payloads bytea, p_now timestamptz
) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  INSERT INTO webhook_events (id, created_at, tenant_id, provider, app_slug, event_type, payload, headers, status, processing_error, processed_at)
  SELECT w.id, p_now, w.tenant, w.provider, w.app, w.type,
         substr(p_payloads, (sum(w.len) OVER (ORDER BY w.ord) - w.len + 1)::integer, w.len),
         w.headers::jsonb, w.status, w.error, CASE WHEN w.status = 'processed' THEN p_now END
  FROM unnest(p_id, p_provider, p_app, p_type, p_headers, p_status, p_error, p_tenant, p_length)
       WITH ORDINALITY AS w(id, provider, app, type, headers, status, error, tenant, len, ord)
$$;

-- Messages of a batch: once-only key, contact and identity, conversation, message, domain event, in set-based steps whose
-- rows are always touched in the same order. A step that is overtaken by another process (it inserted the same key a moment
-- ago) fails on the unique key: the caller runs the batch again and then finds those rows.
-- Per event: `result` is stored, duplicate, or unknown_account (nothing written).
CREATE FUNCTION parley.receive_messages(
  p_now timestamptz, p_provider text[], p_app text[], p_account text[], p_id uuid[], p_external text[], p_echo boolean[],
  p_kind1 text[], p_scope1 text[], p_value1 text[], p_kind2 text[], p_scope2 text[], p_value2 text[],
  p_phone text[], p_name text[], p_type text[], p_content text[], p_body text[], p_metadata text[],
  p_occurred timestamptz[], p_reply_to text[], p_opens_window boolean[], p_conversational boolean[],
  p_window_hours integer[], p_preview text[], p_media text[], p_new_contact uuid[], p_new_conversation uuid[]
) RETURNS TABLE (ord integer, result text, tenant_id uuid, account_id uuid, conversation_id uuid, message_id uuid,
                 is_new_conversation boolean, media_ids uuid[])
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
  -- Tables are only ever looked into by key, whatever the planner believes about their size: a plan made while they were
  -- nearly empty must not read them whole when they are not.
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  v_tenant uuid[]; v_account uuid[]; v_answerer text[]; v_scope1 text[]; v_scope2 text[];
  v_dup boolean[]; v_known1 boolean[]; v_known2 boolean[]; v_contact uuid[];
  v_conv uuid[]; v_conv_state text[]; v_base jsonb;
BEGIN
  -- 1. Whose address is it, was it seen, who is it?
  SELECT array_agg(a.tenant_id ORDER BY e.ord), array_agg(a.id ORDER BY e.ord), array_agg(a.answerer ORDER BY e.ord),
         array_agg(CASE WHEN e.scope1 = '' THEN '' ELSE coalesce(a.portfolio_id, a.id::text) END ORDER BY e.ord),
         array_agg(CASE WHEN e.scope2 = '' THEN '' ELSE coalesce(a.portfolio_id, a.id::text) END ORDER BY e.ord),
         array_agg(e.nth > 1 OR (SELECT t.id FROM message_tracking t WHERE t.tenant_id = a.tenant_id
                     AND t.channel_account_id = a.id AND t.wamid = e.external) IS NOT NULL ORDER BY e.ord)
    INTO v_tenant, v_account, v_answerer, v_scope1, v_scope2, v_dup
    FROM (SELECT u.*, row_number() OVER (PARTITION BY u.provider, u.app, u.account, u.external ORDER BY u.ord) AS nth
            FROM unnest(p_provider, p_app, p_account, p_external, p_scope1, p_scope2)
                 WITH ORDINALITY AS u(provider, app, account, external, scope1, scope2, ord)) e
    LEFT JOIN (channel_accounts a JOIN tenants tn ON tn.id = a.tenant_id AND tn.status <> 'deleted')
      ON a.provider = e.provider AND a.external_id = e.account AND a.app_slug = e.app;

  SELECT array_agg(i1.contact_id IS NOT NULL ORDER BY e.ord), array_agg(i2.contact_id IS NOT NULL ORDER BY e.ord),
         array_agg(coalesce(i1.contact_id, i2.contact_id, c.id) ORDER BY e.ord)
    INTO v_known1, v_known2, v_contact
    FROM unnest(v_tenant, v_dup, p_kind1, v_scope1, p_value1, p_kind2, v_scope2, p_value2, p_phone)
         WITH ORDINALITY AS e(tenant, dup, kind1, scope1, value1, kind2, scope2, value2, phone, ord)
    LEFT JOIN contact_identities i1 ON NOT e.dup AND i1.tenant_id = e.tenant AND i1.scope = e.scope1 AND i1.kind = e.kind1 AND i1.value = e.value1
    LEFT JOIN contact_identities i2 ON NOT e.dup AND i2.tenant_id = e.tenant AND i2.scope = e.scope2 AND i2.kind = e.kind2 AND i2.value = e.value2
    LEFT JOIN contacts c ON NOT e.dup AND c.tenant_id = e.tenant AND c.phone = e.phone;

  -- 2. People we have not met. Within a batch the caller gives the same person the same new id.
  IF EXISTS (SELECT FROM unnest(v_contact, v_tenant, v_dup) AS e(contact, tenant, dup)
              WHERE e.contact IS NULL AND e.tenant IS NOT NULL AND NOT e.dup) THEN
    INSERT INTO contacts (tenant_id, id, name, phone, created_at, updated_at)
      SELECT f.tenant, f.new_id, f.name, f.phone, p_now, p_now
        FROM (SELECT DISTINCT ON (e.tenant, e.new_id) e.tenant, e.new_id, e.name, e.phone
                FROM unnest(v_tenant, v_dup, v_contact, p_new_contact, p_name, p_phone)
                     WITH ORDINALITY AS e(tenant, dup, contact, new_id, name, phone, ord)
               WHERE e.contact IS NULL AND e.tenant IS NOT NULL AND NOT e.dup
               ORDER BY e.tenant, e.new_id, (e.name IS NULL), e.ord) f
       ORDER BY f.tenant, f.phone, f.new_id;
    SELECT array_agg(coalesce(e.contact, e.new_id) ORDER BY e.ord) INTO v_contact
      FROM unnest(v_contact, p_new_contact) WITH ORDINALITY AS e(contact, new_id, ord);
  END IF;

  -- 3. Identities that are new, for new and for known people.
  IF EXISTS (SELECT FROM unnest(v_tenant, v_dup, v_known1, p_value2, v_known2) AS e(tenant, dup, k1, value2, k2)
              WHERE e.tenant IS NOT NULL AND NOT e.dup AND (NOT e.k1 OR (e.value2 IS NOT NULL AND NOT e.k2))) THEN
    INSERT INTO contact_identities (tenant_id, scope, kind, value, contact_id, evidence, created_at)
      SELECT DISTINCT ON (tenant, scope, kind, value) tenant, scope, kind, value, contact, jsonb_build_object('message', evidence), p_now
        FROM (SELECT e.tenant, e.scope1 AS scope, e.kind1 AS kind, e.value1 AS value, e.contact, e.evidence
                FROM unnest(v_tenant, v_dup, v_known1, v_scope1, p_kind1, p_value1, v_contact, p_external)
                     AS e(tenant, dup, known, scope1, kind1, value1, contact, evidence)
               WHERE e.tenant IS NOT NULL AND NOT e.dup AND NOT e.known
              UNION ALL
              SELECT e.tenant, e.scope2, e.kind2, e.value2, e.contact, e.evidence
                FROM unnest(v_tenant, v_dup, v_known2, v_scope2, p_kind2, p_value2, v_contact, p_external)
                     AS e(tenant, dup, known, scope2, kind2, value2, contact, evidence)
               WHERE e.tenant IS NOT NULL AND NOT e.dup AND NOT e.known AND e.value2 IS NOT NULL) x
       ORDER BY tenant, scope, kind, value;
    -- A name or a number that a known person did not have yet.
    UPDATE contacts c SET name = coalesce(c.name, e.name), phone = coalesce(c.phone, e.phone)
      FROM (SELECT DISTINCT ON (u.tenant, u.contact) u.tenant, u.contact, u.name, u.phone
              FROM unnest(v_tenant, v_dup, v_contact, p_name, p_phone) WITH ORDINALITY AS u(tenant, dup, contact, name, phone, ord)
             WHERE u.tenant IS NOT NULL AND NOT u.dup ORDER BY u.tenant, u.contact, (u.phone IS NULL), u.ord) e
     WHERE c.tenant_id = e.tenant AND c.id = e.contact
       AND ((c.name IS NULL AND e.name IS NOT NULL) OR (c.phone IS NULL AND e.phone IS NOT NULL))
       AND NOT EXISTS (SELECT FROM contacts o WHERE o.tenant_id = e.tenant AND o.phone = e.phone AND o.id <> c.id);
  END IF;

  -- 4. Their conversation: the open one; else the newest closed one, which a new line reopens within the tenant's reopen
  -- window and a reaction or system line never does; else a new one. Locked in one order for all batches.
  PERFORM FROM (SELECT DISTINCT e.tenant, e.account, e.contact FROM unnest(v_tenant, v_account, v_contact, v_dup) AS e(tenant, account, contact, dup)
                 WHERE e.tenant IS NOT NULL AND NOT e.dup ORDER BY 1, 2, 3) e,
       LATERAL (SELECT FROM conversations c WHERE c.tenant_id = e.tenant AND c.channel_account_id = e.account
                   AND c.contact_id = e.contact AND c.status = 'open' FOR NO KEY UPDATE) locked;
  -- The first new id offered for a contact on an account serves all its lines of this batch.
  SELECT array_agg(coalesce(o.id, l.id, CASE WHEN e.tenant IS NOT NULL AND NOT e.dup THEN e.first_id END) ORDER BY e.ord),
         array_agg(CASE WHEN o.id IS NOT NULL THEN 'open' WHEN l.id IS NULL THEN 'new'
                        WHEN l.reopen THEN 'reopen' ELSE 'closed' END ORDER BY e.ord)
    INTO v_conv, v_conv_state
    FROM (SELECT u.*, first_value(u.new_id) OVER (PARTITION BY u.tenant, u.account, u.contact ORDER BY u.ord) AS first_id
            FROM unnest(v_tenant, v_account, v_contact, v_dup, p_new_conversation, p_conversational)
                 WITH ORDINALITY AS u(tenant, account, contact, dup, new_id, conversational, ord)) e
    LEFT JOIN conversations o ON NOT e.dup AND o.tenant_id = e.tenant AND o.channel_account_id = e.account
         AND o.contact_id = e.contact AND o.status = 'open'
    LEFT JOIN LATERAL (
      SELECT x.id, e.conversational AS reopen FROM conversations x JOIN tenants t ON t.id = x.tenant_id
       WHERE o.id IS NULL AND NOT e.dup AND x.tenant_id = e.tenant AND x.channel_account_id = e.account AND x.contact_id = e.contact
         AND (NOT e.conversational OR (x.status = 'closed'
              AND x.closed_at > p_now - make_interval(hours => coalesce((t.settings ->> 'reopenHours')::integer, 24))))
       ORDER BY x.created_at DESC LIMIT 1) l ON true;

  IF 'reopen' = ANY (v_conv_state) THEN
    UPDATE conversations c SET status = 'open', closed_at = NULL
      FROM (SELECT DISTINCT e.tenant, e.conv FROM unnest(v_tenant, v_conv, v_conv_state) AS e(tenant, conv, state)
             WHERE e.state = 'reopen') r
     WHERE c.tenant_id = r.tenant AND c.id = r.conv;
    INSERT INTO events (tenant_id, type, conversation_id, actor, created_at)
      SELECT DISTINCT e.tenant, 'conversation.reopened', e.conv, 'system', p_now
        FROM unnest(v_tenant, v_conv, v_conv_state) AS e(tenant, conv, state) WHERE e.state = 'reopen';
  END IF;

  -- 5. The ledger: its unique key says once.
  INSERT INTO message_tracking (tenant_id, id, channel_account_id, conversation_id, wamid, direction, status, status_at,
                                sent_at, created_at, updated_at)
    SELECT e.tenant, e.id, e.account, e.conv, e.external, CASE WHEN e.echo THEN 'OUTBOUND' ELSE 'INBOUND' END,
           CASE WHEN e.echo THEN 'sent' ELSE 'received' END, e.occurred, CASE WHEN e.echo THEN e.occurred END, p_now, p_now
      FROM unnest(v_tenant, v_dup, p_id, v_account, v_conv, p_external, p_echo, p_occurred)
           WITH ORDINALITY AS e(tenant, dup, id, account, conv, external, echo, occurred, ord)
     WHERE e.tenant IS NOT NULL AND NOT e.dup ORDER BY e.tenant, e.account, e.external;
  -- What the business wrote on its own device may already have receipts waiting.
  IF true = ANY (p_echo) THEN
    INSERT INTO provider_refs (tenant_id, channel_account_id, external_id, message_id, touched_at)
      SELECT e.tenant, e.account, e.external, e.id, p_now
        FROM unnest(v_tenant, v_dup, p_echo, v_account, p_external, p_id) AS e(tenant, dup, echo, account, external, id)
       WHERE e.tenant IS NOT NULL AND NOT e.dup AND e.echo ORDER BY 1, 2, 3
      ON CONFLICT (tenant_id, channel_account_id, external_id) DO UPDATE SET message_id = excluded.message_id, touched_at = p_now;
    PERFORM settle_message(e.tenant, e.id)
       FROM unnest(v_tenant, v_dup, p_echo, p_id) AS e(tenant, dup, echo, id)
      WHERE e.tenant IS NOT NULL AND NOT e.dup AND e.echo;
  END IF;

  -- 6. The conversations: new ones are made with their counters, the others' counters move on; the numbers for the new
  -- messages are taken under the row's lock.
  WITH grouped AS (
    SELECT e.tenant, e.conv, min(e.state) AS state, (array_agg(e.account))[1] AS account, (array_agg(e.contact))[1] AS contact,
           min(e.answerer) AS answerer, count(*) AS n, count(*) FILTER (WHERE NOT e.echo AND e.conversational) AS unread,
           max(least(e.occurred, p_now)) FILTER (WHERE e.opens_window AND NOT e.echo) AS inbound_at,
           max(make_interval(hours => e.window_hours)) AS win,
           (array_agg(e.preview ORDER BY e.ord DESC) FILTER (WHERE e.conversational))[1] AS preview,
           (array_agg(CASE WHEN e.echo THEN 'outbound' ELSE 'inbound' END ORDER BY e.ord DESC) FILTER (WHERE e.conversational))[1] AS direction,
           (array_agg(e.external ORDER BY e.ord DESC) FILTER (WHERE NOT e.echo AND e.opens_window))[1] AS external,
           bool_or(e.conversational) AS said
      FROM unnest(v_tenant, v_dup, v_conv, v_conv_state, v_account, v_contact, v_answerer, p_echo, p_conversational, p_occurred,
                  p_opens_window, p_window_hours, p_preview, p_external)
           WITH ORDINALITY AS e(tenant, dup, conv, state, account, contact, answerer, echo, conversational, occurred, opens_window, window_hours, preview, external, ord)
     WHERE e.tenant IS NOT NULL AND NOT e.dup GROUP BY e.tenant, e.conv),
  made AS (
    INSERT INTO conversations (tenant_id, id, channel_account_id, contact_id, channel, control, last_seq, message_count, unread_count,
                               last_message_at, last_preview, last_direction, last_inbound_at, last_inbound_external_id,
                               window_expires_at, created_at, updated_at)
    SELECT g.tenant, g.conv, g.account, g.contact, a.channel, CASE WHEN g.answerer = 'human' THEN 'human' ELSE 'bot' END, g.n, g.n,
           CASE WHEN k.status = 'blocked' THEN 0 ELSE g.unread END, p_now, g.preview, g.direction, g.inbound_at, g.external,
           g.inbound_at + g.win, p_now, p_now
      FROM grouped g JOIN channel_accounts a ON a.tenant_id = g.tenant AND a.id = g.account
      JOIN contacts k ON k.tenant_id = g.tenant AND k.id = g.contact
     WHERE g.state = 'new' ORDER BY g.tenant, g.account, g.contact
    RETURNING id AS conv, 0::bigint AS base),
  bumped AS (
    UPDATE conversations c SET
      last_seq = c.last_seq + g.n,
      message_count = c.message_count + g.n::integer,
      unread_count = c.unread_count + CASE WHEN k.status = 'blocked' THEN 0 ELSE g.unread::integer END,
      last_message_at = CASE WHEN g.said THEN p_now ELSE c.last_message_at END,
      last_preview = CASE WHEN g.said THEN g.preview ELSE c.last_preview END,
      last_direction = CASE WHEN g.said THEN g.direction ELSE c.last_direction END,
      last_inbound_at = greatest(c.last_inbound_at, g.inbound_at),
      last_inbound_external_id = coalesce(g.external, c.last_inbound_external_id),
      window_expires_at = greatest(c.window_expires_at, g.inbound_at + g.win),
      updated_at = p_now
      FROM grouped g, contacts k
     WHERE g.state <> 'new' AND c.tenant_id = g.tenant AND c.id = g.conv AND k.tenant_id = c.tenant_id AND k.id = c.contact_id
    RETURNING c.id AS conv, c.last_seq - g.n AS base)
  SELECT jsonb_object_agg(b.conv, b.base) INTO v_base FROM (SELECT * FROM made UNION ALL SELECT * FROM bumped) b;

  -- 7. The messages themselves.
  INSERT INTO messages (tenant_id, id, conversation_id, contact_id, channel, seq, direction, sender, type, content, body,
                        metadata, external_message_id, reply_to_id, reply_to_external_id, occurred_at, created_at)
    SELECT e.tenant, e.id, e.conv, e.contact, a.channel,
           (v_base ->> e.conv::text)::bigint + row_number() OVER (PARTITION BY e.tenant, e.conv ORDER BY e.ord),
           CASE WHEN e.echo THEN 'outbound' ELSE 'inbound' END, CASE WHEN e.echo THEN 'device' ELSE 'customer' END,
           e.type, e.content, e.body::jsonb, e.metadata::jsonb, e.external, r.id, e.reply_to, e.occurred, p_now
      FROM unnest(v_tenant, v_dup, p_id, v_account, v_conv, v_contact, p_echo, p_type, p_content, p_body, p_metadata,
                  p_external, p_reply_to, p_occurred)
           WITH ORDINALITY AS e(tenant, dup, id, account, conv, contact, echo, type, content, body, metadata, external, reply_to, occurred, ord)
      JOIN channel_accounts a ON a.tenant_id = e.tenant AND a.id = e.account
      LEFT JOIN message_tracking r ON e.reply_to IS NOT NULL AND r.tenant_id = e.tenant AND r.channel_account_id = e.account AND r.wamid = e.reply_to
     WHERE NOT e.dup ORDER BY e.ord;

  IF EXISTS (SELECT FROM unnest(p_media) m WHERE m IS NOT NULL) THEN
    INSERT INTO media_objects (tenant_id, id, message_id, conversation_id, channel_account_id, position, origin, external_id,
                               source_url, declared_sha256, declared_mime_type, file_name, created_at, updated_at)
      SELECT e.tenant, uuid7(), e.id, e.conv, e.account, (m.ord - 1)::integer, 'inbound', m.item ->> 'externalId',
             m.item ->> 'url', m.item ->> 'sha256', m.item ->> 'mimeType', m.item ->> 'fileName', p_now, p_now
        FROM unnest(v_tenant, v_dup, p_id, v_conv, v_account, p_media) AS e(tenant, dup, id, conv, account, media),
             jsonb_array_elements(e.media::jsonb) WITH ORDINALITY AS m(item, ord)
       WHERE e.tenant IS NOT NULL AND NOT e.dup AND e.media IS NOT NULL;
  END IF;

  -- 8. What happened, for everybody who listens; and whose turn it is, where a person does not answer by looking.
  INSERT INTO events (tenant_id, id, type, conversation_id, message_id, actor, created_at)
    SELECT e.tenant, e.id, CASE WHEN e.echo THEN 'message.echoed' ELSE 'message.received' END, e.conv, e.id, 'provider:' || e.provider, p_now
      FROM unnest(v_tenant, v_dup, p_id, v_conv, p_echo, p_provider) AS e(tenant, dup, id, conv, echo, provider)
     WHERE e.tenant IS NOT NULL AND NOT e.dup;
  IF EXISTS (SELECT FROM unnest(v_answerer) a WHERE a <> 'human') THEN
    INSERT INTO conversation_lanes (tenant_id, conversation_id, kind, channel_account_id, ready_at)
      SELECT DISTINCT e.tenant, e.conv, 'turn', e.account, p_now
        FROM unnest(v_tenant, v_dup, v_conv, v_account, p_echo, p_conversational) AS e(tenant, dup, conv, account, echo, conversational)
        JOIN conversations c ON c.tenant_id = e.tenant AND c.id = e.conv AND c.control IN ('bot', 'ai', 'agent')
       WHERE NOT e.dup AND NOT e.echo AND e.conversational ORDER BY 1, 2
      ON CONFLICT (tenant_id, conversation_id, kind) DO UPDATE SET ready_at = coalesce(conversation_lanes.ready_at, excluded.ready_at);
  END IF;

  RETURN QUERY
    SELECT e.ord::integer, CASE WHEN e.tenant IS NULL THEN 'unknown_account' WHEN e.dup THEN 'duplicate' ELSE 'stored' END,
           e.tenant, e.account, e.conv, e.id, e.state = 'new' AND NOT e.dup AND e.tenant IS NOT NULL,
           CASE WHEN e.media IS NOT NULL AND NOT e.dup THEN
             ARRAY(SELECT o.id FROM media_objects o WHERE o.tenant_id = e.tenant AND o.message_id = e.id ORDER BY o.position) END
      FROM unnest(v_tenant, v_dup, v_account, v_conv, p_id, v_conv_state, p_media)
           WITH ORDINALITY AS e(tenant, dup, account, conv, id, state, media, ord);
END $$;

-- Brings one outbound message to where its receipts say it is. Called under the lock of its provider_refs row or by the
-- only one who can know the id; reads every receipt, so the order in which they came does not matter.
CREATE FUNCTION parley.settle_message(p_tenant uuid, p_message uuid) RETURNS boolean
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

-- Receipts of a batch. Each is kept as it came; one that comes again changes nothing. The sender and the receipt meet in
-- provider_refs: both upsert that row first, in the same order, so neither can miss the other.
-- Per event: `result` is applied, kept (its message is not here yet), duplicate, inbound (it speaks of a customer's own
-- message: no order of events explains that), or unknown_account.
CREATE FUNCTION parley.receive_receipts(
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

ALTER FUNCTION parley.receive_webhooks OWNER TO parley_system;
ALTER FUNCTION parley.receive_messages OWNER TO parley_system;
ALTER FUNCTION parley.settle_message OWNER TO parley_system;
ALTER FUNCTION parley.receive_receipts OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.receive_webhooks, parley.receive_messages, parley.settle_message, parley.receive_receipts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.receive_webhooks, parley.receive_messages, parley.receive_receipts TO parley_app;

-- Down Migration
DROP FUNCTION parley.receive_receipts, parley.receive_messages, parley.settle_message, parley.receive_webhooks, parley.status_rank;
DROP INDEX parley.idx_conversations_last_message;
