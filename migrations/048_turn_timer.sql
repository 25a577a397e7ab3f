-- Up Migration
-- On an account that the assistant answers, people come first. A conversation there begins as nobody's (`none`), and a line of its
-- customer winds a timer up in the transaction that stores it: the `ready_at` of the conversation's lane. Lines that come while it
-- runs change nothing about it; whoever takes the conversation stops it. Businesses without the assistant pay nothing: whether there is
-- anything to do is known from rows that were in hand already.
GRANT SELECT ON parley.user_preferences TO parley_system;
GRANT CREATE ON SCHEMA parley TO parley_system;
DO $$
DECLARE v_old text; v_new text; r record;
BEGIN
  v_new := pg_get_functiondef('parley.receive_messages'::regproc);
  FOR r IN SELECT * FROM (VALUES
    ('CASE w_answerer[g.place] WHEN ''human'' THEN ''human'' WHEN ''genesys'' THEN ''agent'' ELSE ''bot'' END',
     'CASE w_answerer[g.place] WHEN ''human'' THEN ''human'' WHEN ''genesys'' THEN ''agent'' WHEN ''assistant'' THEN ''none'' ELSE ''bot'' END'),
    ('bool_or(b.control IN (''bot'', ''ai'', ''agent''))', 'bool_or(b.control <> ''human'')'),
    ('CASE c.control WHEN ''agent'' THEN ''bridge'' ELSE ''turn'' END, w_account[e.place], p_now',
     E'CASE c.control WHEN ''agent'' THEN ''bridge'' ELSE ''turn'' END, w_account[e.place],\n             p_now + CASE c.control WHEN ''none'' THEN make_interval(secs => coalesce(\n               (SELECT u.ai_takeover_delay FROM user_preferences u WHERE u.user_id = c.assignee_id),\n               (SELECT b.ai_takeover_delay FROM business_settings b WHERE b.tenant_id = c.tenant_id), 60)) ELSE ''0'' END'),
    ('AND c.control IN (''bot'', ''ai'', ''agent'')',
     'AND (c.control IN (''bot'', ''ai'', ''agent'') OR (c.control = ''none'' AND w_answerer[e.place] = ''assistant''))'),
    (E'DO UPDATE SET ready_at = coalesce(conversation_lanes.ready_at, excluded.ready_at);\n  END IF;\n',
     E'DO UPDATE SET ready_at = coalesce(conversation_lanes.ready_at, excluded.ready_at);\n  END IF;\n'
     || E'  -- What the business wrote on its own device is a person''s answer: nobody else has to give one.\n'
     || E'  IF true = ANY (p_echo) THEN\n'
     || E'    WITH taken AS (\n'
     || E'      UPDATE conversations c SET control = ''human'', human_takeover_time = p_now, last_human_response_at = p_now\n'
     || E'        FROM (SELECT DISTINCT w_tenant[e.place] AS tenant, e.conv FROM unnest(p_place, v_state, v_conv, p_echo, p_conversational)\n'
     || E'                AS e(place, state, conv, echo, conversational)\n'
     || E'               WHERE e.echo AND e.conversational AND e.state NOT IN (''unknown'', ''dup'') ORDER BY 1, 2) e\n'
     || E'        JOIN conversations o ON o.tenant_id = e.tenant AND o.id = e.conv AND o.control IN (''none'', ''ai'')\n'
     || E'       WHERE c.tenant_id = e.tenant AND c.id = e.conv RETURNING c.tenant_id AS tenant, c.id AS conv, o.control AS was),\n'
     || E'    stopped AS (\n'
     || E'      UPDATE conversation_lanes l SET token = l.token + 1, lease_until = ''-infinity'', ready_at = NULL, attempts = 0\n'
     || E'        FROM taken t WHERE l.tenant_id = t.tenant AND l.conversation_id = t.conv AND l.kind = ''turn'')\n'
     || E'    INSERT INTO events (tenant_id, type, conversation_id, actor, data, created_at)\n'
     || E'      SELECT t.tenant, ''conversation.handed_over'', t.conv, ''device'', jsonb_build_object(''from'', t.was, ''to'', ''human'', ''reason'', ''''), p_now FROM taken t;\n'
     || E'  END IF;\n')
  ) AS x(was, becomes) LOOP
    v_old := v_new;
    v_new := replace(v_old, r.was, r.becomes);
    IF v_new = v_old THEN
      RAISE EXCEPTION 'receive_messages is not as expected: %', r.was;
    END IF;
  END LOOP;
  EXECUTE v_new;
END $$;

-- Claims conversations whose turn has to be decided (somebody other than a person answers by looking). p_now: whose time it is
-- by another clock; leases go by the database's always.
DROP FUNCTION parley.claim_turns(integer, integer);
CREATE FUNCTION parley.claim_turns(p_limit integer, p_lease_ms integer, p_now timestamptz DEFAULT NULL)
RETURNS TABLE (tenant_id uuid, conversation_id uuid, account_id uuid, token bigint, done_seq bigint)
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  UPDATE conversation_lanes l SET token = l.token + 1, lease_until = clock_timestamp() + make_interval(secs => p_lease_ms / 1000.0)
    FROM (SELECT x.tenant_id, x.conversation_id FROM conversation_lanes x
           WHERE x.kind = 'turn' AND x.ready_at <= coalesce(p_now, clock_timestamp()) AND x.lease_until < clock_timestamp()
           ORDER BY x.ready_at LIMIT p_limit FOR UPDATE SKIP LOCKED) c
   WHERE l.tenant_id = c.tenant_id AND l.conversation_id = c.conversation_id AND l.kind = 'turn'
  RETURNING l.tenant_id, l.conversation_id, l.channel_account_id, l.token, l.done_seq
$$;
ALTER FUNCTION parley.claim_turns OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.claim_turns FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.claim_turns TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DO $$
DECLARE v_new text; v_from integer; v_to integer; r record;
BEGIN
  v_new := pg_get_functiondef('parley.receive_messages'::regproc);
  FOR r IN SELECT * FROM (VALUES
    (' WHEN ''assistant'' THEN ''none'' ELSE ''bot'' END', ' ELSE ''bot'' END'),
    ('bool_or(b.control <> ''human'')', 'bool_or(b.control IN (''bot'', ''ai'', ''agent''))'),
    (E',\n             p_now + CASE c.control WHEN ''none'' THEN make_interval(secs => coalesce(\n               (SELECT u.ai_takeover_delay FROM user_preferences u WHERE u.user_id = c.assignee_id),\n               (SELECT b.ai_takeover_delay FROM business_settings b WHERE b.tenant_id = c.tenant_id), 60)) ELSE ''0'' END', ', p_now'),
    ('AND (c.control IN (''bot'', ''ai'', ''agent'') OR (c.control = ''none'' AND w_answerer[e.place] = ''assistant''))',
     'AND c.control IN (''bot'', ''ai'', ''agent'')')
  ) AS x(was, becomes) LOOP
    v_new := replace(v_new, r.was, r.becomes);
  END LOOP;
  v_from := position('  -- What the business wrote on its own device is a person''s answer' in v_new);
  v_to := position(E'  END IF;\n' in substr(v_new, v_from)) + v_from + length(E'  END IF;\n') - 1;
  EXECUTE left(v_new, v_from - 1) || substr(v_new, v_to);
END $$;
UPDATE parley.conversations SET control = 'human' WHERE control = 'none';
DROP FUNCTION parley.claim_turns(integer, integer, timestamptz);
CREATE FUNCTION parley.claim_turns(p_limit integer, p_lease_ms integer)
RETURNS TABLE (tenant_id uuid, conversation_id uuid, account_id uuid, token bigint, done_seq bigint)
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  UPDATE conversation_lanes l SET token = l.token + 1, lease_until = clock_timestamp() + make_interval(secs => p_lease_ms / 1000.0)
    FROM (SELECT x.tenant_id, x.conversation_id FROM conversation_lanes x
           WHERE x.kind = 'turn' AND x.ready_at <= clock_timestamp() AND x.lease_until < clock_timestamp()
           ORDER BY x.ready_at LIMIT p_limit FOR UPDATE SKIP LOCKED) c
   WHERE l.tenant_id = c.tenant_id AND l.conversation_id = c.conversation_id AND l.kind = 'turn'
  RETURNING l.tenant_id, l.conversation_id, l.channel_account_id, l.token, l.done_seq
$$;
ALTER FUNCTION parley.claim_turns OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.claim_turns FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.claim_turns TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
REVOKE SELECT ON parley.user_preferences FROM parley_system;
