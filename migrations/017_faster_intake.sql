-- Up Migration
-- Taking in a batch costs by the statement before it costs by the row: what took sixteen statements takes three, and a batch
-- of nothing but messages goes in with its raw webhooks in a single call, so in a single round trip.
DROP FUNCTION parley.receive_messages;
GRANT CREATE ON SCHEMA parley TO parley_system;

-- Messages of a batch: once-only key, contact and identity, conversation, message, domain event. A step that is overtaken by
-- another process (it inserted the same key a moment ago, or closed the conversation) fails: the caller runs the batch again
-- and then finds what the other wrote.
--   p_place_*   the addresses of this batch, each once
--   p_place     per message, which of them it came to
--   p_again     per message, whether this batch has had its id before
--   p_w_*       raw webhooks that came whole in this call (empty arrays: the caller stores them itself); p_w_place is null where
--               one brought no event; p_w_end is where its bytes end in p_w_payloads
-- Per event: `result` is stored, duplicate, or unknown_account (nothing written).
CREATE FUNCTION parley.receive_messages(
  p_now timestamptz, p_place_provider text[], p_place_app text[], p_place_account text[],
  p_place integer[], p_again boolean[], p_id uuid[], p_external text[], p_echo boolean[],
  p_kind1 text[], p_scope1 boolean[], p_value1 text[], p_kind2 text[], p_scope2 boolean[], p_value2 text[],
  p_phone text[], p_name text[], p_type text[], p_content text[], p_body text[], p_metadata text[],
  p_occurred timestamptz[], p_reply_to text[], p_opens_window boolean[], p_conversational boolean[],
  p_window_hours integer[], p_preview text[], p_media text[], p_new_contact uuid[], p_new_conversation uuid[],
  p_w_id uuid[], p_w_place integer[], p_w_type text[], p_w_headers text[], p_w_error text[], p_w_provider text[], p_w_app text[],
  p_w_start integer[], p_w_length integer[], p_w_payloads bytea
) RETURNS TABLE (ord integer, result text, tenant_id uuid, account_id uuid, conversation_id uuid, message_id uuid,
                 is_new_conversation boolean)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
  -- Tables are only ever looked into by key, whatever the planner believes about their size: a plan made while they were
  -- nearly empty must not read them whole when they are not.
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  -- By place: null where no account has that address.
  w_tenant uuid[]; w_account uuid[]; w_channel text[]; w_answerer text[]; w_scope text[]; w_reopen interval[];
  -- By message.
  v_state text[]; v_known1 boolean[]; v_known2 boolean[]; v_contact uuid[]; v_conv uuid[]; v_seq bigint[];
  v_counted integer; v_bumped integer; v_learned boolean; -- an identity that a known person did not have yet
BEGIN
  SELECT array_agg(a.tenant_id), array_agg(a.id), array_agg(a.channel), array_agg(a.answerer),
         array_agg(coalesce(a.portfolio_id, a.id::text)), array_agg(a.reopen)
    INTO w_tenant, w_account, w_channel, w_answerer, w_scope, w_reopen
    FROM (SELECT x.*, p.n, make_interval(hours => coalesce((t.settings ->> 'reopenHours')::integer, 24)) AS reopen
            FROM unnest(p_place_provider, p_place_app, p_place_account) WITH ORDINALITY AS p(provider, app, account, n)
            LEFT JOIN (channel_accounts x JOIN tenants t ON t.id = x.tenant_id AND t.status <> 'deleted')
              ON x.provider = p.provider AND x.external_id = p.account AND x.app_slug = p.app
           ORDER BY p.n) a;

  -- 1. Was it seen, who is it, which conversation is theirs? `state`: unknown (account), dup, new (conversation of a new
  -- contact), fresh (new conversation of a known one), open, reopen, closed. A closed conversation is reopened by a new line
  -- within the tenant's reopen window, never by a reaction or a system line, which stay with the newest one as it is.
  -- Nothing here sorts or joins: the aggregates see the rows in the order of the arrays.
  SELECT array_agg(CASE WHEN w_tenant[s.place] IS NULL THEN 'unknown' WHEN s.dup THEN 'dup' WHEN s.contact IS NULL THEN 'new'
                        WHEN s.open IS NOT NULL THEN 'open' WHEN s.ended IS NULL THEN 'fresh'
                        WHEN s.conversational THEN 'reopen' ELSE 'closed' END),
         array_agg(s.i1 IS NOT NULL), array_agg(s.i2 IS NOT NULL), array_agg(coalesce(s.contact, s.new_contact)),
         array_agg(coalesce(s.open, s.ended, s.new_conversation)),
         bool_or(s.contact IS NOT NULL AND NOT s.dup AND (s.i1 IS NULL OR (s.value2 IS NOT NULL AND s.i2 IS NULL)))
    INTO v_state, v_known1, v_known2, v_contact, v_conv, v_learned
    FROM (SELECT r.*, CASE WHEN r.contact IS NOT NULL AND r.open IS NULL THEN
                        (SELECT x.id FROM conversations x
                          WHERE x.tenant_id = w_tenant[r.place] AND x.channel_account_id = w_account[r.place] AND x.contact_id = r.contact
                            AND (NOT r.conversational OR (x.status = 'closed' AND x.closed_at > p_now - w_reopen[r.place]))
                          ORDER BY x.created_at DESC LIMIT 1) END AS ended
            FROM (SELECT q.*, CASE WHEN q.contact IS NOT NULL THEN
                                (SELECT x.id FROM conversations x WHERE x.tenant_id = w_tenant[q.place]
                                    AND x.channel_account_id = w_account[q.place] AND x.contact_id = q.contact AND x.status = 'open') END AS open
                    FROM (SELECT p.*, coalesce(p.i1, p.i2, CASE WHEN NOT p.dup AND p.i1 IS NULL AND p.i2 IS NULL AND p.phone IS NOT NULL THEN
                                        (SELECT c.id FROM contacts c WHERE c.tenant_id = w_tenant[p.place] AND c.phone = p.phone) END) AS contact
                            FROM (SELECT o.*, CASE WHEN NOT o.dup THEN
                                           (SELECT i.contact_id FROM contact_identities i WHERE i.tenant_id = w_tenant[o.place]
                                               AND i.scope = CASE WHEN o.scope1 THEN w_scope[o.place] ELSE '' END AND i.kind = o.kind1 AND i.value = o.value1) END AS i1,
                                         CASE WHEN NOT o.dup AND o.value2 IS NOT NULL THEN
                                           (SELECT i.contact_id FROM contact_identities i WHERE i.tenant_id = w_tenant[o.place]
                                               AND i.scope = CASE WHEN o.scope2 THEN w_scope[o.place] ELSE '' END AND i.kind = o.kind2 AND i.value = o.value2) END AS i2
                                    FROM (SELECT u.*, u.again OR (SELECT t.id FROM message_tracking t WHERE t.tenant_id = w_tenant[u.place]
                                                   AND t.channel_account_id = w_account[u.place] AND t.wamid = u.external) IS NOT NULL AS dup
                                            FROM unnest(p_place, p_again, p_external, p_kind1, p_scope1, p_value1, p_kind2, p_scope2, p_value2,
                                                        p_phone, p_conversational, p_new_contact, p_new_conversation)
                                                 AS u(place, again, external, kind1, scope1, value1, kind2, scope2, value2, phone, conversational,
                                                      new_contact, new_conversation) OFFSET 0) o OFFSET 0) p OFFSET 0) q OFFSET 0) r OFFSET 0) s;

  -- The first new id offered for a known contact on an account serves all its lines of this batch. (For a new contact the
  -- caller sees to that.)
  IF 'fresh' = ANY (v_state) THEN
    SELECT array_agg(CASE WHEN e.state = 'fresh' THEN e.first_id ELSE e.conv END ORDER BY e.ord) INTO v_conv
      FROM (SELECT u.*, first_value(u.conv) OVER (PARTITION BY u.state, w_account[u.place], u.contact ORDER BY u.ord) AS first_id
              FROM unnest(v_state, p_place, v_contact, v_conv) WITH ORDINALITY AS u(state, place, contact, conv, ord)) e;
  END IF;

  -- 2. Conversations that are there: counters move on under the row's lock, taken in one order by all batches; the numbers
  -- of the new messages follow from them. One whose status changed since it was looked at is not touched: once more.
  IF v_state && '{open,reopen,closed}' THEN
    WITH e AS MATERIALIZED (
      SELECT * FROM unnest(p_place, v_state, v_conv, p_echo, p_conversational, p_occurred, p_opens_window, p_window_hours, p_preview, p_external)
        WITH ORDINALITY AS e(place, state, conv, echo, conversational, occurred, opens_window, window_hours, preview, external, ord)
       WHERE e.state IN ('open', 'reopen', 'closed')),
    g AS MATERIALIZED (
      SELECT w_tenant[min(s.place)] AS tenant, s.conv, min(s.state) AS state, max(s.state) AS state_to, count(*)::integer AS n,
             count(*) FILTER (WHERE NOT s.echo AND s.conversational)::integer AS unread,
             max(least(s.occurred, p_now)) FILTER (WHERE s.opens_window AND NOT s.echo) AS inbound_at,
             max(make_interval(hours => s.window_hours)) AS win,
             array_agg(s.preview) FILTER (WHERE s.conversational) AS preview,
             array_agg(CASE WHEN s.echo THEN 'outbound' ELSE 'inbound' END) FILTER (WHERE s.conversational) AS direction,
             array_agg(s.external) FILTER (WHERE NOT s.echo AND s.opens_window) AS external
        FROM (SELECT * FROM e ORDER BY e.conv, e.ord) s GROUP BY s.conv ORDER BY s.conv),
    bumped AS (
      UPDATE conversations c SET
        status = CASE WHEN g.state_to = 'reopen' THEN 'open' ELSE c.status END,
        closed_at = CASE WHEN g.state_to = 'reopen' THEN NULL ELSE c.closed_at END,
        last_seq = c.last_seq + g.n,
        message_count = c.message_count + g.n,
        unread_count = c.unread_count + CASE WHEN (SELECT k.status FROM contacts k WHERE k.tenant_id = c.tenant_id AND k.id = c.contact_id) = 'blocked'
                                             THEN 0 ELSE g.unread END,
        last_message_at = CASE WHEN g.preview IS NOT NULL THEN p_now ELSE c.last_message_at END,
        last_preview = CASE WHEN g.preview IS NOT NULL THEN g.preview[cardinality(g.preview)] ELSE c.last_preview END,
        last_direction = CASE WHEN g.preview IS NOT NULL THEN g.direction[cardinality(g.direction)] ELSE c.last_direction END,
        last_inbound_at = greatest(c.last_inbound_at, g.inbound_at),
        last_inbound_external_id = coalesce(g.external[cardinality(g.external)], c.last_inbound_external_id),
        window_expires_at = greatest(c.window_expires_at, g.inbound_at + g.win),
        updated_at = p_now
        FROM g
       WHERE c.tenant_id = g.tenant AND c.id = g.conv AND (c.status = 'open') = (g.state = 'open')
      RETURNING c.id AS conv, c.last_seq - g.n AS base)
    SELECT (SELECT array_agg(m.seq ORDER BY m.ord)
              FROM (SELECT n.ord, b.base + row_number() OVER (PARTITION BY n.conv ORDER BY n.ord) AS seq
                      FROM unnest(v_conv, v_state) WITH ORDINALITY AS n(conv, state, ord)
                      LEFT JOIN bumped b ON b.conv = n.conv AND n.state IN ('open', 'reopen', 'closed')) m),
           (SELECT count(*) FROM g), (SELECT count(*) FROM bumped)
      INTO v_seq, v_counted, v_bumped;
    IF v_bumped <> v_counted THEN
      RAISE EXCEPTION 'a conversation was closed or opened meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    IF 'reopen' = ANY (v_state) THEN
      INSERT INTO events (tenant_id, type, conversation_id, actor, created_at)
        SELECT DISTINCT w_tenant[e.place], 'conversation.reopened', e.conv, 'system', p_now
          FROM unnest(p_place, v_conv, v_state) AS e(place, conv, state) WHERE e.state = 'reopen';
    END IF;
  END IF;

  -- 3. All that is new. People first, in one order, so that two batches with the same strangers meet at the first of them;
  -- the ledger's unique key says once.
  RETURN QUERY
  WITH e AS MATERIALIZED (
    SELECT w_tenant[u.place] AS tenant, w_account[u.place] AS account, u.*
      FROM unnest(p_place, v_state, v_known1, v_known2, v_contact, v_conv, v_seq, p_id, p_external, p_echo, p_kind1, p_scope1, p_value1,
                  p_kind2, p_scope2, p_value2, p_phone, p_name, p_type, p_content, p_body, p_metadata, p_occurred, p_reply_to,
                  p_opens_window, p_conversational, p_window_hours, p_preview)
           WITH ORDINALITY AS u(place, state, known1, known2, contact, conv, seq, id, external, echo, kind1, scope1, value1,
                  kind2, scope2, value2, phone, name, type, content, body, metadata, occurred, reply_to,
                  opens_window, conversational, window_hours, preview, ord)
     WHERE u.state NOT IN ('unknown', 'dup')),
  people AS (
    INSERT INTO contacts (tenant_id, id, name, phone, created_at, updated_at)
      SELECT f.tenant, f.contact, f.name, f.phone, p_now, p_now
        FROM (SELECT DISTINCT ON (e.tenant, e.contact) e.tenant, e.contact, e.name, e.phone FROM e
               WHERE e.state = 'new' ORDER BY e.tenant, e.contact, (e.name IS NULL), e.ord) f
       ORDER BY f.tenant, f.phone, f.contact
    RETURNING 1),
  identities AS (
    INSERT INTO contact_identities (tenant_id, scope, kind, value, contact_id, evidence, created_at)
      SELECT DISTINCT ON (tenant, scope, kind, value) tenant, scope, kind, value, contact, jsonb_build_object('message', evidence), p_now
        FROM (SELECT e.tenant, CASE WHEN e.scope1 THEN w_scope[e.place] ELSE '' END AS scope, e.kind1 AS kind, e.value1 AS value, e.contact, e.external AS evidence
                FROM e WHERE NOT e.known1 AND (SELECT count(*) FROM people) >= 0
              UNION ALL
              SELECT e.tenant, CASE WHEN e.scope2 THEN w_scope[e.place] ELSE '' END, e.kind2, e.value2, e.contact, e.external
                FROM e WHERE NOT e.known2 AND e.value2 IS NOT NULL) x
       ORDER BY tenant, scope, kind, value
    RETURNING 1),
  ledger AS (
    INSERT INTO message_tracking (tenant_id, id, channel_account_id, conversation_id, wamid, direction, status, status_at,
                                  sent_at, created_at, updated_at)
      SELECT e.tenant, e.id, e.account, e.conv, e.external, CASE WHEN e.echo THEN 'OUTBOUND' ELSE 'INBOUND' END,
             CASE WHEN e.echo THEN 'sent' ELSE 'received' END, e.occurred, CASE WHEN e.echo THEN e.occurred END, p_now, p_now
        FROM e WHERE (SELECT count(*) FROM identities) >= 0
    RETURNING 1),
  threads AS (
    INSERT INTO conversations (tenant_id, id, channel_account_id, contact_id, channel, control, last_seq, message_count, unread_count,
                               last_message_at, last_preview, last_direction, last_inbound_at, last_inbound_external_id,
                               window_expires_at, created_at, updated_at)
      SELECT g.tenant, g.conv, w_account[g.place], g.contact, w_channel[g.place], CASE WHEN w_answerer[g.place] = 'human' THEN 'human' ELSE 'bot' END, g.n, g.n,
             CASE WHEN (SELECT k.status FROM contacts k WHERE k.tenant_id = g.tenant AND k.id = g.contact) = 'blocked' THEN 0 ELSE g.unread END,
             p_now, g.preview[cardinality(g.preview)], g.direction[cardinality(g.direction)], g.inbound_at,
             g.external[cardinality(g.external)], g.inbound_at + g.win, p_now, p_now
        FROM (SELECT s.tenant, s.conv, min(s.place) AS place, min(s.contact::text)::uuid AS contact, count(*)::integer AS n,
                     count(*) FILTER (WHERE NOT s.echo AND s.conversational)::integer AS unread,
                     max(least(s.occurred, p_now)) FILTER (WHERE s.opens_window AND NOT s.echo) AS inbound_at,
                     max(make_interval(hours => s.window_hours)) AS win,
                     array_agg(s.preview) FILTER (WHERE s.conversational) AS preview,
                     array_agg(CASE WHEN s.echo THEN 'outbound' ELSE 'inbound' END) FILTER (WHERE s.conversational) AS direction,
                     array_agg(s.external) FILTER (WHERE NOT s.echo AND s.opens_window) AS external
                FROM (SELECT e.tenant, e.conv, e.ord, e.place, e.contact, e.echo, e.conversational, e.occurred, e.opens_window, e.window_hours,
                             e.preview, e.external
                        FROM e WHERE e.state IN ('new', 'fresh') ORDER BY e.tenant, e.conv, e.ord) s
               GROUP BY s.tenant, s.conv) g
       WHERE (SELECT count(*) FROM ledger) >= 0
    RETURNING 1),
  lines AS (
    INSERT INTO messages (tenant_id, id, conversation_id, contact_id, channel, seq, direction, sender, type, content, body,
                          metadata, external_message_id, reply_to_id, reply_to_external_id, occurred_at, created_at)
      SELECT e.tenant, e.id, e.conv, e.contact, w_channel[e.place],
             coalesce(e.seq, row_number() OVER (PARTITION BY e.conv ORDER BY e.ord)),
             CASE WHEN e.echo THEN 'outbound' ELSE 'inbound' END, CASE WHEN e.echo THEN 'device' ELSE 'customer' END,
             e.type, e.content, e.body::jsonb, e.metadata::jsonb, e.external,
             CASE WHEN e.reply_to IS NOT NULL THEN coalesce(
               (SELECT r.id FROM message_tracking r WHERE r.tenant_id = e.tenant AND r.channel_account_id = e.account AND r.wamid = e.reply_to),
               (SELECT r.id FROM e r WHERE r.account = e.account AND r.external = e.reply_to)) END,
             e.reply_to, e.occurred, p_now
        FROM e WHERE (SELECT count(*) FROM threads) >= 0),
  happened AS (
    INSERT INTO events (tenant_id, id, type, conversation_id, message_id, actor, created_at)
      SELECT e.tenant, e.id, CASE WHEN e.echo THEN 'message.echoed' ELSE 'message.received' END, e.conv, e.id,
             'provider:' || p_place_provider[e.place], p_now
        FROM e),
  raw AS (
    INSERT INTO webhook_events (id, created_at, tenant_id, provider, app_slug, event_type, payload, headers, status, processing_error, processed_at)
      SELECT w.id, p_now, w_tenant[w.place], w.provider, w.app, w.type, substr(p_w_payloads, w.start + 1, w.length), w.headers::jsonb,
             w.status, coalesce(w.error, CASE WHEN w.status = 'unprocessed' THEN 'No account here has the id ' || p_place_account[w.place] || '.' END),
             CASE WHEN w.status = 'processed' THEN p_now END
        FROM (SELECT u.*, CASE WHEN u.error IS NOT NULL THEN 'failed' WHEN u.place IS NOT NULL AND w_tenant[u.place] IS NULL THEN 'unprocessed'
                               ELSE 'processed' END AS status
                FROM unnest(p_w_id, p_w_place, p_w_type, p_w_headers, p_w_error, p_w_provider, p_w_app, p_w_start, p_w_length)
                     AS u(id, place, type, headers, error, provider, app, start, length)) w)
  SELECT o.ord::integer, CASE o.state WHEN 'unknown' THEN 'unknown_account' WHEN 'dup' THEN 'duplicate' ELSE 'stored' END,
         w_tenant[o.place], w_account[o.place], o.conv, o.id, o.state IN ('new', 'fresh')
    FROM unnest(v_state, p_place, v_conv, p_id) WITH ORDINALITY AS o(state, place, conv, id, ord);
  -- What few batches have. A name or a number that a known person did not have yet.
  IF v_learned THEN
    UPDATE contacts c SET name = coalesce(c.name, e.name), phone = coalesce(c.phone, e.phone)
      FROM (SELECT DISTINCT ON (u.contact) w_tenant[u.place] AS tenant, u.contact, u.name, u.phone
              FROM unnest(p_place, v_state, v_contact, p_name, p_phone) WITH ORDINALITY AS u(place, state, contact, name, phone, ord)
             WHERE u.state NOT IN ('unknown', 'dup') ORDER BY u.contact, (u.phone IS NULL), u.ord) e
     WHERE c.tenant_id = e.tenant AND c.id = e.contact
       AND ((c.name IS NULL AND e.name IS NOT NULL) OR (c.phone IS NULL AND e.phone IS NOT NULL))
       AND NOT EXISTS (SELECT FROM contacts o WHERE o.tenant_id = e.tenant AND o.phone = e.phone AND o.id <> c.id);
  END IF;
  -- What the business wrote on its own device may already have receipts waiting.
  IF true = ANY (p_echo) THEN
    INSERT INTO provider_refs (tenant_id, channel_account_id, external_id, message_id, touched_at)
      SELECT w_tenant[e.place], w_account[e.place], e.external, e.id, p_now
        FROM unnest(p_place, v_state, p_echo, p_external, p_id) AS e(place, state, echo, external, id)
       WHERE e.echo AND e.state NOT IN ('unknown', 'dup') ORDER BY 1, 2, 3
      ON CONFLICT (tenant_id, channel_account_id, external_id) DO UPDATE SET message_id = excluded.message_id, touched_at = p_now;
    PERFORM settle_message(w_tenant[e.place], e.id) FROM unnest(p_place, v_state, p_echo, p_id) AS e(place, state, echo, id)
      WHERE e.echo AND e.state NOT IN ('unknown', 'dup');
  END IF;
  IF array_remove(p_media, NULL) <> '{}' THEN
    INSERT INTO media_objects (tenant_id, id, message_id, conversation_id, channel_account_id, position, origin, external_id,
                               source_url, declared_sha256, declared_mime_type, file_name, created_at, updated_at)
      SELECT w_tenant[e.place], (m.item ->> 'id')::uuid, e.id, e.conv, w_account[e.place], (m.ord - 1)::integer, 'inbound',
             m.item ->> 'externalId', m.item ->> 'url', m.item ->> 'sha256', m.item ->> 'mimeType', m.item ->> 'fileName', p_now, p_now
        FROM unnest(p_place, v_state, p_id, v_conv, p_media) AS e(place, state, id, conv, media),
             jsonb_array_elements(e.media::jsonb) WITH ORDINALITY AS m(item, ord)
       WHERE e.media IS NOT NULL AND e.state NOT IN ('unknown', 'dup');
  END IF;
  -- Whose turn it is, where a person does not answer by looking.
  IF array_remove(array_remove(w_answerer, 'human'), NULL) <> '{}' THEN
    INSERT INTO conversation_lanes (tenant_id, conversation_id, kind, channel_account_id, ready_at)
      SELECT DISTINCT w_tenant[e.place], e.conv, 'turn', w_account[e.place], p_now
        FROM unnest(p_place, v_state, v_conv, p_echo, p_conversational) AS e(place, state, conv, echo, conversational)
        JOIN conversations c ON c.tenant_id = w_tenant[e.place] AND c.id = e.conv AND c.control IN ('bot', 'ai', 'agent')
       WHERE NOT e.echo AND e.conversational AND e.state NOT IN ('unknown', 'dup') ORDER BY 1, 2
      ON CONFLICT (tenant_id, conversation_id, kind) DO UPDATE SET ready_at = coalesce(conversation_lanes.ready_at, excluded.ready_at);
  END IF;
END $$;
ALTER FUNCTION parley.receive_messages OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.receive_messages FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.receive_messages TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
DROP FUNCTION parley.receive_messages;
GRANT CREATE ON SCHEMA parley TO parley_system;
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
ALTER FUNCTION parley.receive_messages OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.receive_messages FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.receive_messages TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
