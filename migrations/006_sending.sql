-- Up Migration
CREATE INDEX conversation_lanes_account ON parley.conversation_lanes (kind, tenant_id, channel_account_id, ready_at) WHERE ready_at IS NOT NULL;

-- Claims up to p_limit conversations that have something to send, fairly by account and within each account's pace, and
-- takes the next queued message of each: status `sending`, an attempt row `started`, all committed before anything goes
-- out. A message found `sending` under a lease that ran out was started by a worker that is gone: its outcome is unknown
-- and it is not sent again.
-- p_pace: provider → {perSecond, burst, pairEveryMs, pairBurst}. Returns one row for a message to be sent.
CREATE FUNCTION parley.claim_sends(p_limit integer, p_lease_ms integer, p_pace jsonb)
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

-- Records how one send ended. Evidence is always taken: an accepted answer counts even when the lease is gone. Everything
-- else counts only while the attempt is still open. Only the holder of the lane's token may move the lane on.
-- p_outcome: accepted, retry, refused, held (the account stopped; the message waits), unknown.
CREATE FUNCTION parley.record_send(
  p_tenant uuid, p_conversation uuid, p_account uuid, p_token bigint, p_message uuid, p_attempt integer, p_outcome text,
  p_external text, p_code text, p_text text, p_retry_ms integer, p_scope text, p_account_state text
) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
DECLARE
  v_now timestamptz := clock_timestamp(); v_next timestamptz; v_open boolean; v_fenced boolean := false;
BEGIN
  IF p_outcome = 'accepted' THEN
    INSERT INTO provider_refs AS p (tenant_id, channel_account_id, external_id, message_id)
      VALUES (p_tenant, p_account, p_external, p_message)
      ON CONFLICT (tenant_id, channel_account_id, external_id) DO UPDATE SET message_id = p_message, touched_at = v_now;
    UPDATE message_tracking SET wamid = p_external, send_outcome = NULL, updated_at = v_now,
           -- What failed under another id was an earlier attempt.
           status = CASE WHEN status_rank(status) < 2 OR (status = 'failed' AND wamid IS DISTINCT FROM p_external) THEN 'sent' ELSE status END,
           status_at = CASE WHEN status_rank(status) < 2 OR (status = 'failed' AND wamid IS DISTINCT FROM p_external) THEN v_now ELSE status_at END,
           sent_at = coalesce(sent_at, v_now)
     WHERE tenant_id = p_tenant AND id = p_message;
    UPDATE message_statuses SET message_id = p_message
     WHERE tenant_id = p_tenant AND channel_account_id = p_account AND wamid = p_external AND message_id IS NULL;
    PERFORM parley.settle_message(p_tenant, p_message);
    UPDATE send_attempts SET outcome = 'accepted', code = NULL, detail = NULL, finished_at = v_now
     WHERE tenant_id = p_tenant AND message_id = p_message AND n = p_attempt;
  ELSE
    v_next := CASE WHEN p_outcome IN ('retry', 'held') THEN v_now + make_interval(secs => coalesce(p_retry_ms, 0) / 1000.0) END;
    UPDATE send_attempts SET outcome = CASE p_outcome WHEN 'held' THEN 'retry' ELSE p_outcome END, code = p_code, detail = p_text,
           next_at = v_next, finished_at = v_now
     WHERE tenant_id = p_tenant AND message_id = p_message AND n = p_attempt AND outcome IN ('started', 'unknown');
    -- A late answer about an attempt that was followed by another one is kept, but moves nothing.
    v_open := FOUND AND NOT EXISTS (SELECT FROM send_attempts WHERE tenant_id = p_tenant AND message_id = p_message AND n > p_attempt);
    IF v_open THEN
      UPDATE message_tracking SET updated_at = v_now, error_code = p_code, error_text = p_text,
             status = CASE p_outcome WHEN 'refused' THEN 'failed' WHEN 'unknown' THEN 'sending' ELSE 'queued' END,
             status_at = v_now, failed_at = CASE WHEN p_outcome = 'refused' THEN v_now ELSE failed_at END,
             send_outcome = CASE WHEN p_outcome = 'unknown' THEN 'unknown' END
       -- A receipt may have proved meanwhile that it went out: then nothing is taken back.
       WHERE tenant_id = p_tenant AND id = p_message AND status = 'sending';
      v_open := FOUND;
    END IF;
    -- One customer's limit must not hold up another; the account's own limit holds up all.
    IF p_scope = 'account' AND p_outcome = 'retry' THEN
      UPDATE channel_accounts SET paused_until = greatest(paused_until, v_next) WHERE tenant_id = p_tenant AND id = p_account;
    END IF;
    IF p_account_state IS NOT NULL THEN
      UPDATE channel_accounts SET state = p_account_state, state_code = p_code, state_text = p_text
       WHERE tenant_id = p_tenant AND id = p_account AND state <> p_account_state;
      IF FOUND THEN
        INSERT INTO events (tenant_id, type, actor, data) VALUES (p_tenant, 'account.updated', 'system',
          jsonb_build_object('accountId', p_account, 'state', p_account_state, 'code', p_code, 'text', p_text));
      END IF;
    END IF;
  END IF;
  INSERT INTO events (tenant_id, type, conversation_id, message_id, actor, data)
    SELECT p_tenant, 'message.status', p_conversation, p_message, 'system', jsonb_build_object('status', t.status, 'outcome', t.send_outcome)
      FROM message_tracking t WHERE t.tenant_id = p_tenant AND t.id = p_message;
  -- Whoever queues a reply holds this row until it commits: only a statement that begins after that sees its message.
  PERFORM FROM conversation_lanes WHERE tenant_id = p_tenant AND conversation_id = p_conversation AND kind = 'send' FOR NO KEY UPDATE;
  UPDATE conversation_lanes SET lease_until = '-infinity',
         attempts = CASE WHEN p_outcome = 'retry' THEN attempts + 1 ELSE 0 END,
         ready_at = CASE WHEN p_outcome IN ('retry', 'held') THEN v_next
                         WHEN EXISTS (SELECT FROM message_tracking t WHERE t.tenant_id = p_tenant AND t.conversation_id = p_conversation AND t.status = 'queued')
                         THEN v_now END
   WHERE tenant_id = p_tenant AND conversation_id = p_conversation AND kind = 'send' AND token = p_token;
  v_fenced := FOUND;
  -- The lane went on without us, and the message waits again: somebody has to come back for it.
  IF NOT v_fenced AND v_open AND p_outcome IN ('retry', 'held') THEN
    UPDATE conversation_lanes SET ready_at = least(ready_at, v_next)
     WHERE tenant_id = p_tenant AND conversation_id = p_conversation AND kind = 'send';
  END IF;
  RETURN v_fenced;
END $$;

-- Claims conversations whose turn has to be decided (somebody other than a person answers by looking).
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

-- Keeps the leases of work that is still under way. Leases are short, so that what a killed process held is soon free; long
-- calls live by this. Returns how many are still the caller's.
CREATE FUNCTION parley.extend_leases(p_kind text, p_tenant uuid[], p_conversation uuid[], p_token bigint[], p_lease_ms integer) RETURNS integer
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH kept AS (
    UPDATE conversation_lanes l SET lease_until = clock_timestamp() + make_interval(secs => p_lease_ms / 1000.0)
      FROM (SELECT * FROM unnest(p_tenant, p_conversation, p_token) AS u(tenant, conversation, token) ORDER BY 1, 2) u
     WHERE l.kind = p_kind AND l.tenant_id = u.tenant AND l.conversation_id = u.conversation AND l.token = u.token
       AND l.lease_until > clock_timestamp()
    RETURNING 1)
  SELECT count(*)::integer FROM kept
$$;

-- When the next lane of a kind that is not ready yet becomes so: a worker looks again then. null: none waits.
CREATE FUNCTION parley.next_lane_at(p_kind text) RETURNS timestamptz
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT x.ready_at FROM conversation_lanes x WHERE x.kind = p_kind AND x.ready_at > clock_timestamp() ORDER BY x.ready_at LIMIT 1
$$;

-- Everything of this database with a smaller transaction number has ended, and a statement that begins after this one sees
-- it: a reader of `events` that stops there misses no late commit. Transactions that are known to belong to another database
-- of the same server do not hold it up; one that cannot be told (it has its number but not yet its lock) does.
CREATE FUNCTION parley.event_horizon() RETURNS xid8
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT coalesce(
    (SELECT min(x.xid) FROM pg_snapshot_xip(s.snap) AS x(xid)
      WHERE NOT EXISTS (
        SELECT FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
         WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
           -- The lock table knows the lower 32 bits.
           AND l.transactionid::text::bigint = x.xid::text::bigint % 4294967296
           AND a.datid <> (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))),
    pg_snapshot_xmax(s.snap))
  FROM (SELECT pg_current_snapshot() AS snap) s
$$;

-- Look-ups before a tenant is known ----------------------------------------------------------------------------------

CREATE FUNCTION parley.find_session(p_token_hash text)
RETURNS TABLE (session_id uuid, user_id uuid, email text, tenant_id uuid, role text, first_name text, last_name text,
               tenant_name text, settings jsonb, expires_at timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT s.id, u.id, u.email, p.tenant_id, p.role, p.first_name, p.last_name, t.name, t.settings, s.expires_at
    FROM user_sessions s JOIN users u ON u.id = s.user_id
    JOIN user_profiles p ON p.user_id = u.id AND p.tenant_id = s.tenant_id
    JOIN tenants t ON t.id = p.tenant_id AND t.status <> 'deleted'
   WHERE s.session_token = p_token_hash AND s.expires_at > clock_timestamp()
$$;

CREATE FUNCTION parley.find_memberships(p_user uuid)
RETURNS TABLE (tenant_id uuid, role text, tenant_name text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT p.tenant_id, p.role, t.name FROM user_profiles p JOIN tenants t ON t.id = p.tenant_id AND t.status <> 'deleted'
   WHERE p.user_id = p_user ORDER BY t.name, t.id
$$;

CREATE FUNCTION parley.find_api_key(p_key_hash text)
RETURNS TABLE (tenant_id uuid, id uuid, name text, role text)
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  -- Last use to the minute: a busy key must not become a busy row.
  UPDATE tenant_api_keys k SET last_used_at = now()
   WHERE k.key_hash = p_key_hash AND k.last_used_at IS DISTINCT FROM now() AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute');
  SELECT k.tenant_id, k.id, k.name, k.role FROM tenant_api_keys k JOIN tenants t ON t.id = k.tenant_id AND t.status = 'active'
   WHERE k.key_hash = p_key_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;

-- The secrets of the app behind a webhook address: the active ones and those still accepted after a rotation.
CREATE FUNCTION parley.find_app_credentials(p_provider text, p_slug text)
RETURNS TABLE (tenant_id uuid, id uuid, credential_type text, subject text, credentials text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT c.tenant_id, c.id, c.credential_type, c.subject, c.credentials
    FROM channel_apps a JOIN tenants t ON t.id = a.tenant_id AND t.status <> 'deleted'
    JOIN tenant_credentials c ON c.tenant_id = a.tenant_id AND c.credential_type = 'channel_app' AND c.subject = a.id::text
   WHERE a.provider = p_provider AND a.slug = p_slug AND (c.is_active OR c.valid_until > now())
$$;

-- Account news (templates, quality, restrictions): which accounts of the business account `p_owner` they are about.
CREATE FUNCTION parley.find_owned_accounts(p_provider text, p_app text, p_owner text, p_account text)
RETURNS TABLE (tenant_id uuid, account_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT a.tenant_id, a.id FROM channel_accounts a
    LEFT JOIN tenant_whatsapp_config w ON w.tenant_id = a.tenant_id AND w.channel_account_id = a.id
   WHERE a.provider = p_provider AND a.app_slug = p_app
     AND (a.external_id = p_account OR (p_account IS NULL AND w.waba_id = p_owner))
$$;

-- Dead letters of intake: what arrived signed and could not be taken in.
CREATE FUNCTION parley.add_dead_letter(p_tenant uuid, p_source text, p_webhook uuid, p_payload text, p_reason text, p_error text) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  INSERT INTO dead_letters (tenant_id, source, webhook_event_id, original_payload, reason, error_message)
    VALUES (p_tenant, p_source, p_webhook, p_payload::jsonb, p_reason, p_error)
$$;

DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['claim_sends', 'record_send', 'claim_turns', 'extend_leases', 'next_lane_at', 'event_horizon', 'find_session',
    'find_memberships', 'find_api_key', 'find_app_credentials', 'find_owned_accounts', 'add_dead_letter'] LOOP
    EXECUTE format('ALTER FUNCTION parley.%I OWNER TO parley_system', f);
    EXECUTE format('REVOKE ALL ON FUNCTION parley.%I FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION parley.%I TO parley_app', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DROP FUNCTION parley.claim_sends, parley.record_send, parley.claim_turns, parley.extend_leases, parley.next_lane_at, parley.event_horizon,
  parley.find_session, parley.find_memberships, parley.find_api_key, parley.find_app_credentials, parley.find_owned_accounts,
  parley.add_dead_letter;
DROP INDEX parley.conversation_lanes_account;
