-- Up Migration
-- What somebody has to know at once. It names what it is about and holds none of anybody's words.
CREATE TABLE parley.notifications (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  kind text NOT NULL, -- emergency; more to come
  conversation_id uuid,
  lead_id uuid,
  data jsonb NOT NULL DEFAULT '{}',
  acknowledged_at timestamptz,
  acknowledged_by text,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT notifications_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT notifications_kind_check CHECK (length(kind) BETWEEN 1 AND 100),
  CONSTRAINT notifications_acknowledged_check CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL)),
  CONSTRAINT fk_notifications_conversation FOREIGN KEY (tenant_id, conversation_id)
    REFERENCES parley.conversations (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_notifications_lead FOREIGN KEY (tenant_id, lead_id) REFERENCES parley.leads (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_notifications_conversation ON parley.notifications (tenant_id, conversation_id);
CREATE INDEX idx_notifications_lead ON parley.notifications (tenant_id, lead_id);
ALTER TABLE parley.notifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE parley.notifications FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON parley.notifications TO parley_app
  USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON parley.notifications TO parley_app;

-- Where the job is, and what people have written themselves: the assistant leaves that as it is.
ALTER TABLE parley.leads
  ADD COLUMN latitude double precision,
  ADD COLUMN longitude double precision,
  ADD COLUMN edited text[] NOT NULL DEFAULT '{}',
  ADD CONSTRAINT leads_place_check CHECK ((latitude IS NULL) = (longitude IS NULL) AND latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180);

-- Down Migration
ALTER TABLE parley.leads DROP COLUMN latitude, DROP COLUMN longitude, DROP COLUMN edited;
DROP TABLE parley.notifications;
