-- Up Migration
-- A worker takes calls of all businesses that are due to be looked at again: those of which the end was not told, whose text waits
-- for a time, or of whose text it is not known yet how it went. Whoever takes one has it for a while; it comes back where they end.
CREATE POLICY system_door ON parley.calls TO parley_system USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON parley.calls TO parley_system;
GRANT CREATE ON SCHEMA parley TO parley_system;
CREATE FUNCTION parley.claim_due_calls(p_now timestamptz, p_limit integer, p_lease_ms integer) RETURNS TABLE (tenant_id uuid, id uuid)
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH due AS MATERIALIZED (
    SELECT c.tenant_id, c.id FROM calls c WHERE c.due_at <= p_now ORDER BY c.due_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED)
  UPDATE calls c SET due_at = p_now + make_interval(secs => p_lease_ms / 1000.0)
    FROM due WHERE c.tenant_id = due.tenant_id AND c.id = due.id
  RETURNING c.tenant_id, c.id
$$;
ALTER FUNCTION parley.claim_due_calls OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.claim_due_calls FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.claim_due_calls TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
DROP FUNCTION parley.claim_due_calls;
REVOKE SELECT, UPDATE ON parley.calls FROM parley_system;
DROP POLICY system_door ON parley.calls;
