-- Up Migration
-- Mail servers and push services hang. Each way of telling people is claimed by itself, and of one business only so many at once: those
-- of the others come in between, however many one has and however long its take.
GRANT CREATE ON SCHEMA parley TO parley_system;
DROP FUNCTION parley.claim_notifications(timestamptz, integer, integer);
CREATE FUNCTION parley.claim_notifications(p_now timestamptz, p_limit integer, p_lease_ms integer, p_means text, p_each integer)
RETURNS TABLE (tenant_id uuid, notification_id uuid, means text, attempts integer, again boolean)
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH busy AS (
    SELECT b.tenant_id, count(*) AS n FROM notification_deliveries b
     WHERE b.state = 'sending' AND b.due_at > p_now AND b.means = p_means GROUP BY 1),
  placed AS MATERIALIZED (
    SELECT q.tenant_id, q.notification_id, coalesce(b.n, 0) + row_number() OVER (PARTITION BY q.tenant_id ORDER BY q.due_at) AS place
      FROM notification_deliveries q LEFT JOIN busy b ON b.tenant_id = q.tenant_id
     WHERE q.state IN ('queued', 'sending') AND q.due_at <= p_now AND q.means = p_means)
  UPDATE notification_deliveries d
     SET state = 'sending', attempts = d.attempts + 1, due_at = p_now + make_interval(secs => p_lease_ms / 1000.0)
    FROM (SELECT q.tenant_id, q.notification_id, q.means, q.state FROM placed p
            JOIN notification_deliveries q ON q.tenant_id = p.tenant_id AND q.notification_id = p.notification_id AND q.means = p_means
           WHERE p.place <= p_each AND q.state IN ('queued', 'sending') AND q.due_at <= p_now
           ORDER BY q.due_at LIMIT p_limit FOR NO KEY UPDATE OF q SKIP LOCKED) due
   WHERE d.tenant_id = due.tenant_id AND d.notification_id = due.notification_id AND d.means = due.means
  RETURNING d.tenant_id, d.notification_id, d.means, d.attempts, due.state = 'sending'
$$;
ALTER FUNCTION parley.claim_notifications OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.claim_notifications FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.claim_notifications TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DROP FUNCTION parley.claim_notifications(timestamptz, integer, integer, text, integer);
CREATE FUNCTION parley.claim_notifications(p_now timestamptz, p_limit integer, p_lease_ms integer)
RETURNS TABLE (tenant_id uuid, notification_id uuid, means text, attempts integer, again boolean)
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  UPDATE notification_deliveries d
     SET state = 'sending', attempts = d.attempts + 1, due_at = p_now + make_interval(secs => p_lease_ms / 1000.0)
    FROM (SELECT q.tenant_id, q.notification_id, q.means, q.state FROM notification_deliveries q
           WHERE q.state IN ('queued', 'sending') AND q.due_at <= p_now
           ORDER BY q.due_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) due
   WHERE d.tenant_id = due.tenant_id AND d.notification_id = due.notification_id AND d.means = due.means
  RETURNING d.tenant_id, d.notification_id, d.means, d.attempts, due.state = 'sending'
$$;
ALTER FUNCTION parley.claim_notifications OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.claim_notifications FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.claim_notifications TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
