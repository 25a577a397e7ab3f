-- Up Migration
-- Reports. Each reads an index or a stretch of time, never a table as a whole: what counts messages takes from when to when, and
-- reads that stretch of the ledger's primary key, whose ids are ordered by time. They work as whoever calls them: walls stand.
-- A message's status is in the ledger alone, so they count there; a line for colleagues is no message and is in none of them.

-- Conversations that are not closed, newest line first. For the next page: the last row's time and id.
CREATE FUNCTION parley.report_active_conversations(p_tenant uuid, p_limit integer DEFAULT 100,
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
CREATE FUNCTION parley.report_newest_messages(p_tenant uuid, p_limit integer DEFAULT 100,
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

-- How many messages of a stretch of time are in which status, by direction.
CREATE FUNCTION parley.report_statuses(p_tenant uuid, p_from timestamptz, p_to timestamptz)
RETURNS TABLE (direction text, status text, messages bigint)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT lower(t.direction), t.status, count(*) FROM message_tracking t
   WHERE t.tenant_id = p_tenant AND t.id >= uuid7_floor(p_from) AND t.id < uuid7_floor(p_to)
   GROUP BY 1, 2 ORDER BY 1, 2
$$;

-- How many of our messages of a stretch of time came how far. Who came far is counted in every stage before: `sent` are all that the
-- provider took, also those that are read by now, and those that failed later. One row; the rate is null where there are none.
CREATE FUNCTION parley.report_delivery(p_tenant uuid, p_from timestamptz, p_to timestamptz)
RETURNS TABLE (total bigint, sent bigint, delivered bigint, read bigint, failed bigint, waiting bigint, delivery_rate numeric)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT x.total, x.sent, x.delivered, x.read, x.failed, x.waiting, round(100.0 * x.delivered / nullif(x.total, 0), 2)
    FROM (SELECT count(*) AS total,
                 count(*) FILTER (WHERE t.status IN ('sent', 'delivered', 'read') OR t.sent_at IS NOT NULL) AS sent,
                 count(*) FILTER (WHERE t.status IN ('delivered', 'read')) AS delivered,
                 count(*) FILTER (WHERE t.status = 'read') AS read,
                 count(*) FILTER (WHERE t.status = 'failed') AS failed,
                 count(*) FILTER (WHERE t.status IN ('queued', 'sending')) AS waiting
            FROM message_tracking t
           WHERE t.tenant_id = p_tenant AND t.id >= uuid7_floor(p_from) AND t.id < uuid7_floor(p_to) AND t.direction = 'OUTBOUND') x
$$;

-- Messages by day of the business's own calendar, the newest day first, days without any included.
CREATE FUNCTION parley.report_volume(p_tenant uuid, p_days integer DEFAULT 30, p_now timestamptz DEFAULT now(), p_zone text DEFAULT NULL)
RETURNS TABLE (day date, inbound bigint, outbound bigint, total bigint)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  WITH z AS (SELECT coalesce(p_zone, (SELECT b.timezone FROM business_settings b WHERE b.tenant_id = p_tenant),
                             (SELECT t.settings ->> 'timezone' FROM tenants t WHERE t.id = p_tenant), 'UTC') AS zone),
  d AS (SELECT z.zone, ((p_now AT TIME ZONE z.zone)::date - least(greatest(p_days, 1), 92) + 1) AS first, (p_now AT TIME ZONE z.zone)::date AS last FROM z),
  -- Cast where the index is asked: the bounds are known before it is opened.
  n AS (SELECT (t.created_at AT TIME ZONE d.zone)::date AS day, count(*) FILTER (WHERE t.direction = 'INBOUND') AS inbound,
               count(*) FILTER (WHERE t.direction = 'OUTBOUND') AS outbound
          FROM d, message_tracking t
         WHERE t.tenant_id = p_tenant AND t.id >= uuid7_floor(d.first::timestamp AT TIME ZONE d.zone)
           AND t.id < uuid7_floor((d.last + 1)::timestamp AT TIME ZONE d.zone)
         GROUP BY 1)
  SELECT g::date, coalesce(n.inbound, 0), coalesce(n.outbound, 0), coalesce(n.inbound + n.outbound, 0)
    FROM d CROSS JOIN generate_series(d.first, d.last, interval '1 day') AS g LEFT JOIN n ON n.day = g::date
   ORDER BY 1 DESC
$$;

-- Campaigns that run, newest start first, with how far their messages came by the ledger.
CREATE FUNCTION parley.report_active_campaigns(p_tenant uuid)
RETURNS TABLE (id uuid, name text, status text, started_at timestamptz, recipients bigint, skipped bigint, pending bigint, sent bigint,
               delivered bigint, read bigint, failed bigint)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT c.id, c.name, c.status, c.started_at, r.recipients, r.skipped, r.pending, r.sent, r.delivered, r.read, r.failed
    FROM campaigns c
   CROSS JOIN LATERAL (
     SELECT count(*) AS recipients, count(*) FILTER (WHERE x.status = 'skipped') AS skipped,
            count(*) FILTER (WHERE x.status = 'pending' OR t.status IN ('queued', 'sending')) AS pending,
            count(*) FILTER (WHERE t.status IN ('sent', 'delivered', 'read') OR t.sent_at IS NOT NULL) AS sent,
            count(*) FILTER (WHERE t.status IN ('delivered', 'read')) AS delivered, count(*) FILTER (WHERE t.status = 'read') AS read,
            count(*) FILTER (WHERE t.status = 'failed') AS failed
       FROM campaign_recipients x LEFT JOIN message_tracking t ON t.tenant_id = x.tenant_id AND t.id = x.message_id
      WHERE x.tenant_id = c.tenant_id AND x.campaign_id = c.id) r
   WHERE c.tenant_id = p_tenant AND c.status = 'running'
   ORDER BY c.started_at DESC NULLS LAST, c.id DESC
$$;

-- Automations by how often they ran. The rate is null where one never did.
CREATE FUNCTION parley.report_automations(p_tenant uuid)
RETURNS TABLE (id uuid, name text, status text, execution_count integer, success_count integer, failure_count integer, success_rate numeric,
               last_triggered_at timestamptz)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT a.id, a.name, a.status, a.execution_count, a.success_count, a.failure_count,
         round(100.0 * a.success_count / nullif(a.execution_count, 0), 2), a.last_triggered_at
    FROM automations a WHERE a.tenant_id = p_tenant ORDER BY a.execution_count DESC, a.name, a.id
$$;

-- About the database, from its catalogue. Parts of a partitioned table are counted with it.
CREATE FUNCTION parley.report_index_usage()
RETURNS TABLE (table_name text, index_name text, scans bigint, rows_read bigint, bytes bigint)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT t.relname::text, i.relname::text, sum(s.idx_scan)::bigint, sum(s.idx_tup_read)::bigint, sum(pg_relation_size(s.indexrelid))::bigint
    FROM pg_stat_user_indexes s
    JOIN pg_class i ON i.oid = coalesce(pg_partition_root(s.indexrelid), s.indexrelid)
    JOIN pg_index x ON x.indexrelid = i.oid
    JOIN pg_class t ON t.oid = x.indrelid
   WHERE s.schemaname = 'parley' GROUP BY t.relname, i.relname ORDER BY 3 DESC, 2
$$;
-- Of other people's connections a login without pg_read_all_stats sees that they are there, and little else.
CREATE FUNCTION parley.report_connections()
RETURNS TABLE (pid integer, usename text, application_name text, state text, state_change timestamptz)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT a.pid, a.usename::text, a.application_name, a.state, a.state_change FROM pg_stat_activity a
   WHERE a.datname = current_database() AND coalesce(a.backend_type, 'client backend') = 'client backend' ORDER BY a.state_change DESC NULLS LAST, a.pid
$$;

-- For those who run the server: numbers of every business, none of its words, people or numbers.
GRANT CREATE ON SCHEMA parley TO parley_system;
CREATE FUNCTION parley.report_delivery_by_tenant(p_from timestamptz, p_to timestamptz)
RETURNS TABLE (tenant_id uuid, tenant text, total bigint, sent bigint, delivered bigint, read bigint, failed bigint, waiting bigint, delivery_rate numeric)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT t.id, t.name, r.* FROM tenants t CROSS JOIN LATERAL report_delivery(t.id, p_from, p_to) r
   WHERE t.status <> 'deleted' ORDER BY r.total DESC, t.id
$$;
CREATE FUNCTION parley.report_statuses_of_all(p_from timestamptz, p_to timestamptz)
RETURNS TABLE (direction text, status text, messages bigint)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT r.direction, r.status, sum(r.messages)::bigint FROM tenants t CROSS JOIN LATERAL report_statuses(t.id, p_from, p_to) r
   WHERE t.status <> 'deleted' GROUP BY 1, 2 ORDER BY 1, 2
$$;
CREATE FUNCTION parley.report_volume_of_all(p_days integer DEFAULT 30, p_now timestamptz DEFAULT now())
RETURNS TABLE (day date, inbound bigint, outbound bigint, total bigint)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT g::date, coalesce(sum(r.inbound), 0)::bigint, coalesce(sum(r.outbound), 0)::bigint, coalesce(sum(r.total), 0)::bigint
    FROM generate_series((p_now AT TIME ZONE 'UTC')::date - least(greatest(p_days, 1), 92) + 1, (p_now AT TIME ZONE 'UTC')::date, interval '1 day') AS g
    LEFT JOIN (tenants t CROSS JOIN LATERAL report_volume(t.id, p_days, p_now, 'UTC') r) ON r.day = g::date AND t.status <> 'deleted'
   GROUP BY 1 ORDER BY 1 DESC
$$;
DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['report_delivery_by_tenant', 'report_statuses_of_all', 'report_volume_of_all'] LOOP
    EXECUTE format('ALTER FUNCTION parley.%I OWNER TO parley_system', f);
    EXECUTE format('REVOKE ALL ON FUNCTION parley.%I FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION parley.%I TO parley_app', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
GRANT SELECT ON parley.business_settings TO parley_system;

-- Down Migration
REVOKE SELECT ON parley.business_settings FROM parley_system;
DROP FUNCTION parley.report_volume_of_all, parley.report_statuses_of_all, parley.report_delivery_by_tenant, parley.report_connections,
  parley.report_index_usage, parley.report_automations, parley.report_active_campaigns, parley.report_volume, parley.report_delivery,
  parley.report_statuses, parley.report_newest_messages, parley.report_active_conversations;
