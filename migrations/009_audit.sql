-- Up Migration
-- Who did what: one row for each change that somebody made to people, keys, credentials, accounts or the business itself,
-- written in the transaction of the change. What customers and agents say to each other is not here: that is `events`.
CREATE TABLE parley.audit_log (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  actor text NOT NULL, -- user:<id>, key:<id>, operator:<users.id>, platform_key:<id>, system, cli
  actor_name text NOT NULL, -- as it was then: the person may be gone
  action text NOT NULL, -- member.invited, api_key.created, business.updated …
  subject_type text NOT NULL,
  subject_id text NOT NULL DEFAULT '',
  changes jsonb NOT NULL DEFAULT '{}', -- what was changed, never a secret
  ip text,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT audit_log_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT audit_log_action_check CHECK (length(action) BETWEEN 1 AND 100),
  CONSTRAINT fk_audit_log_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);
CREATE INDEX idx_audit_log_action ON parley.audit_log (tenant_id, action, id DESC);
CREATE INDEX idx_audit_log_subject ON parley.audit_log (tenant_id, subject_type, subject_id, id DESC);
ALTER TABLE parley.audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE parley.audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON parley.audit_log TO parley_app
  USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()));
-- Appended and read; never changed by the server.
GRANT SELECT, INSERT ON parley.audit_log TO parley_app;

-- The same for what concerns no business: operators and their keys.
CREATE TABLE parley.platform_audit_log (
  id uuid NOT NULL DEFAULT parley.uuid7(),
  actor text NOT NULL,
  actor_name text NOT NULL,
  action text NOT NULL,
  subject_type text NOT NULL,
  subject_id text NOT NULL DEFAULT '',
  changes jsonb NOT NULL DEFAULT '{}',
  ip text,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT platform_audit_log_pkey PRIMARY KEY (id)
);
GRANT SELECT, INSERT ON parley.platform_audit_log TO parley_app;

-- Down Migration
DROP TABLE parley.platform_audit_log, parley.audit_log;
