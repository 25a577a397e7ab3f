-- Up Migration
-- The newest conversations of these states. The index has its order for each account, state and tray (021): the newest of
-- each, then the newest of those. Works as whoever calls it: walls stand.
CREATE FUNCTION parley.newest_conversations(p_tenant uuid, p_status text[], p_limit integer, p_before timestamptz, p_before_id uuid)
RETURNS TABLE (tenant_id uuid, id uuid, contact_id uuid, status text, last_message_at timestamptz)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT c.* FROM channel_accounts a CROSS JOIN unnest(p_status) AS s(status) CROSS JOIN generate_series(0, 3) AS t(tray)
   CROSS JOIN LATERAL (
     SELECT x.tenant_id, x.id, x.contact_id, x.status, x.last_message_at FROM conversations x
      WHERE x.tenant_id = p_tenant AND x.channel_account_id = a.id AND x.status = s.status
        AND (CASE WHEN x.unread_count > 0 THEN CASE WHEN x.assignee_id IS NULL THEN 3 ELSE 2 END ELSE CASE WHEN x.assignee_id IS NULL THEN 1 ELSE 0 END END) = t.tray
        AND (x.last_message_at, x.id) < (p_before, p_before_id)
      ORDER BY x.last_message_at DESC, x.id DESC LIMIT least(greatest(p_limit, 0), 1000)) c
   WHERE a.tenant_id = p_tenant
   ORDER BY c.last_message_at DESC, c.id DESC LIMIT least(greatest(p_limit, 0), 1000)
$$;

-- Conversations that are not closed, newest line first. For the next page: the last row's time and id.
CREATE OR REPLACE FUNCTION parley.report_active_conversations(p_tenant uuid, p_limit integer DEFAULT 100,
                                                   p_before timestamptz DEFAULT 'infinity', p_before_id uuid DEFAULT 'ffffffff-ffff-ffff-ffff-ffffffffffff')
RETURNS TABLE (id uuid, contact_id uuid, name text, phone text, status text, last_message_at timestamptz)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT c.id, c.contact_id, k.name, k.phone, c.status, c.last_message_at
    FROM newest_conversations(p_tenant, ARRAY['open'], p_limit, p_before, p_before_id) c
    JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id
   ORDER BY c.last_message_at DESC, c.id DESC
$$;

-- The newest message of each conversation, those with the newest first. A conversation without one has no row.
CREATE OR REPLACE FUNCTION parley.report_newest_messages(p_tenant uuid, p_limit integer DEFAULT 100,
                                              p_before timestamptz DEFAULT 'infinity', p_before_id uuid DEFAULT 'ffffffff-ffff-ffff-ffff-ffffffffffff')
RETURNS TABLE (conversation_id uuid, conversation_status text, last_message_at timestamptz, message_id uuid, seq bigint, direction text,
               type text, content text, status text, created_at timestamptz)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT n.id, n.status, n.last_message_at, m.id, m.seq, m.direction, m.type, m.content, t.status, m.created_at
    FROM newest_conversations(p_tenant, ARRAY['open', 'closed', 'archived'], p_limit, p_before, p_before_id) n
   CROSS JOIN LATERAL (SELECT x.* FROM messages x WHERE x.tenant_id = n.tenant_id AND x.conversation_id = n.id AND x.direction <> 'internal'
                        ORDER BY x.seq DESC LIMIT 1) m
    LEFT JOIN message_tracking t ON t.tenant_id = m.tenant_id AND t.id = m.id
   ORDER BY n.last_message_at DESC, n.id DESC
$$;

-- Down Migration
-- Conversations that are not closed, newest line first. For the next page: the last row's time and id.
CREATE OR REPLACE FUNCTION parley.report_active_conversations(p_tenant uuid, p_limit integer DEFAULT 100,
                                                   p_before timestamptz DEFAULT 'infinity', p_before_id uuid DEFAULT 'ffffffff-ffff-ffff-ffff-ffffffffffff')
RETURNS TABLE (id uuid, contact_id uuid, name text, phone text, status text, last_message_at timestamptz)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT c.id, c.contact_id, k.name, k.phone, c.status, c.last_message_at
    FROM (SELECT * FROM conversations x WHERE x.tenant_id = p_tenant AND x.status = 'open' AND (x.last_message_at, x.id) < (p_before, p_before_id)
           ORDER BY x.last_message_at DESC, x.id DESC LIMIT least(greatest(p_limit, 0), 1000)) c
    JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id
   ORDER BY c.last_message_at DESC, c.id DESC
$$;

-- The newest message of each conversation, those with the newest first. A conversation without one has no row.
CREATE OR REPLACE FUNCTION parley.report_newest_messages(p_tenant uuid, p_limit integer DEFAULT 100,
                                              p_before timestamptz DEFAULT 'infinity', p_before_id uuid DEFAULT 'ffffffff-ffff-ffff-ffff-ffffffffffff')
RETURNS TABLE (conversation_id uuid, conversation_status text, last_message_at timestamptz, message_id uuid, seq bigint, direction text,
               type text, content text, status text, created_at timestamptz)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  -- Each status has its stretch of the index: the newest of each, then the newest of those.
  WITH newest AS (
    SELECT c.* FROM unnest(ARRAY['open', 'closed', 'archived']) AS s(status)
     CROSS JOIN LATERAL (SELECT x.tenant_id, x.id, x.status, x.last_message_at FROM conversations x
                          WHERE x.tenant_id = p_tenant AND x.status = s.status AND (x.last_message_at, x.id) < (p_before, p_before_id)
                          ORDER BY x.last_message_at DESC, x.id DESC LIMIT least(greatest(p_limit, 0), 1000)) c
     ORDER BY c.last_message_at DESC, c.id DESC LIMIT least(greatest(p_limit, 0), 1000))
  SELECT n.id, n.status, n.last_message_at, m.id, m.seq, m.direction, m.type, m.content, t.status, m.created_at
    FROM newest n
   CROSS JOIN LATERAL (SELECT x.* FROM messages x WHERE x.tenant_id = n.tenant_id AND x.conversation_id = n.id AND x.direction <> 'internal'
                        ORDER BY x.seq DESC LIMIT 1) m
    LEFT JOIN message_tracking t ON t.tenant_id = m.tenant_id AND t.id = m.id
   ORDER BY n.last_message_at DESC, n.id DESC
$$;
DROP FUNCTION parley.newest_conversations;
