-- Up Migration
-- What customers write where an answerer waits for its turn is looked through as it comes, for what cannot wait. How far that has
-- come, for businesses that have such an account; intake knows nothing of it.
CREATE TABLE parley.lookout_progress (
  tenant_id uuid NOT NULL,
  txid xid8 NOT NULL,
  event_id uuid NOT NULL,
  CONSTRAINT lookout_progress_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT fk_lookout_progress_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);
ALTER TABLE parley.lookout_progress ENABLE ROW LEVEL SECURITY;
ALTER TABLE parley.lookout_progress FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON parley.lookout_progress TO parley_app
  USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()));
CREATE POLICY system_door ON parley.lookout_progress TO parley_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON parley.lookout_progress TO parley_app;
GRANT SELECT ON parley.lookout_progress TO parley_system;

GRANT CREATE ON SCHEMA parley TO parley_system;
-- Businesses with an account of these answerers in which something happened that was not looked through. What an open
-- transaction still keeps back is none of it yet.
CREATE FUNCTION parley.lookout_backlog(p_answerers text[], p_limit integer) RETURNS TABLE (tenant_id uuid)
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT t.id FROM tenants t LEFT JOIN lookout_progress p ON p.tenant_id = t.id
   WHERE t.status <> 'deleted'
     AND EXISTS (SELECT FROM channel_accounts a WHERE a.tenant_id = t.id AND a.answerer = ANY (p_answerers) AND a.removed_at IS NULL)
     AND (p.tenant_id IS NULL OR EXISTS (SELECT FROM events e WHERE e.tenant_id = t.id AND (e.txid, e.id) > (p.txid, p.event_id)
                                          AND e.txid < (SELECT event_horizon())))
   LIMIT p_limit
$$;
ALTER FUNCTION parley.lookout_backlog OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.lookout_backlog FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.lookout_backlog TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
GRANT EXECUTE ON FUNCTION parley.event_horizon TO parley_system;

-- Down Migration
REVOKE EXECUTE ON FUNCTION parley.event_horizon FROM parley_system;
DROP FUNCTION parley.lookout_backlog;
DROP TABLE parley.lookout_progress;
