-- Up Migration
-- How far what happened in a business has been published to the integration queues. The holder of the token publishes; its lease
-- ends by itself.
CREATE TABLE parley.queue_progress (
  tenant_id uuid NOT NULL,
  txid xid8 NOT NULL,
  event_id uuid NOT NULL,
  token bigint NOT NULL DEFAULT 0,
  lease_until timestamptz NOT NULL DEFAULT '-infinity',
  CONSTRAINT queue_progress_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT fk_queue_progress_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);
ALTER TABLE parley.queue_progress ENABLE ROW LEVEL SECURITY;
ALTER TABLE parley.queue_progress FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON parley.queue_progress TO parley_app
  USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()));
CREATE POLICY system_door ON parley.queue_progress TO parley_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON parley.queue_progress TO parley_app, parley_system;

GRANT CREATE ON SCHEMA parley TO parley_system;
-- Businesses with news to publish that nobody publishes at this moment, each with a token. One that is new here begins now.
CREATE FUNCTION parley.claim_queue_progress(p_limit integer, p_lease_ms integer)
RETURNS TABLE (tenant_id uuid, token bigint, txid text, event_id uuid)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO queue_progress (tenant_id, txid, event_id)
    SELECT t.id, event_horizon(), '00000000-0000-0000-0000-000000000000' FROM tenants t
     WHERE t.status <> 'deleted' AND NOT EXISTS (SELECT FROM queue_progress p WHERE p.tenant_id = t.id) ORDER BY t.id
  ON CONFLICT DO NOTHING;
  RETURN QUERY
    UPDATE queue_progress q SET token = q.token + 1, lease_until = clock_timestamp() + make_interval(secs => p_lease_ms / 1000.0)
      FROM (SELECT p.tenant_id FROM queue_progress p
             WHERE p.lease_until < clock_timestamp()
               AND EXISTS (SELECT FROM events e WHERE e.tenant_id = p.tenant_id AND (e.txid, e.id) > (p.txid, p.event_id))
             ORDER BY p.lease_until LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) mine
     WHERE q.tenant_id = mine.tenant_id
    RETURNING q.tenant_id, q.token, q.txid::text, q.event_id;
END $$;
ALTER FUNCTION parley.claim_queue_progress OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.claim_queue_progress FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.claim_queue_progress TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DROP FUNCTION parley.claim_queue_progress;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
DROP TABLE parley.queue_progress;
