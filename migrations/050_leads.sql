-- Up Migration
-- Leads are worked on: somebody has them, two of one person become one (and two again), and silence closes what nobody closed.
ALTER TABLE parley.leads
  ADD COLUMN assignee_id uuid, -- users.id
  ADD COLUMN joined_into uuid, -- the lead that this one became part of
  ADD COLUMN joined jsonb, -- how both were before, so that it can be undone
  ADD CONSTRAINT leads_joined_check CHECK ((joined_into IS NULL) = (joined IS NULL) AND joined_into <> id),
  ADD CONSTRAINT fk_leads_joined FOREIGN KEY (tenant_id, joined_into) REFERENCES parley.leads (tenant_id, id);
CREATE INDEX idx_leads_joined ON parley.leads (tenant_id, joined_into) WHERE joined_into IS NOT NULL;
CREATE INDEX idx_leads_assignee ON parley.leads (tenant_id, assignee_id, created_at DESC, id DESC) WHERE assignee_id IS NOT NULL;

-- Hours of silence after which a conversation is over; null: texts after 72, other channels never; 0: none ever.
ALTER TABLE parley.business_settings
  ADD COLUMN auto_close_hours integer,
  ADD CONSTRAINT business_settings_auto_close_check CHECK (auto_close_hours BETWEEN 0 AND 8760);

GRANT CREATE ON SCHEMA parley TO parley_system;
-- Closes up to p_limit conversations in which nobody has said anything for as long as their business says. They ended with their
-- last line, so the next one begins a new conversation. What still waits to be sent holds one open.
CREATE FUNCTION parley.close_silent(p_now timestamptz, p_limit integer) RETURNS integer
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH silent AS MATERIALIZED (
    SELECT y.tenant_id, y.id FROM (
      SELECT a.tenant_id, a.id AS account_id,
             coalesce(b.auto_close_hours, CASE WHEN a.channel = 'sms' THEN 72 ELSE 0 END) AS hours
        FROM channel_accounts a LEFT JOIN business_settings b ON b.tenant_id = a.tenant_id
        JOIN tenants t ON t.id = a.tenant_id AND t.status = 'active') s
      CROSS JOIN LATERAL (
        SELECT c.tenant_id, c.id FROM conversations c
         WHERE s.hours > 0 AND c.tenant_id = s.tenant_id AND c.channel_account_id = s.account_id AND c.status = 'open'
           AND c.last_message_at < p_now - make_interval(hours => s.hours)
           AND NOT EXISTS (SELECT FROM message_tracking m WHERE m.tenant_id = c.tenant_id AND m.conversation_id = c.id AND m.unsent)
         ORDER BY c.last_message_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) y
     LIMIT p_limit),
  over AS (
    UPDATE conversations c SET status = 'closed', closed_at = c.last_message_at, updated_at = p_now FROM silent y
     WHERE c.tenant_id = y.tenant_id AND c.id = y.id RETURNING c.tenant_id, c.id),
  still AS (
    UPDATE conversation_lanes l SET token = l.token + 1, lease_until = '-infinity', ready_at = NULL, attempts = 0 FROM over o
     WHERE l.tenant_id = o.tenant_id AND l.conversation_id = o.id AND l.kind = 'turn'),
  happened AS (
    INSERT INTO events (tenant_id, type, conversation_id, actor, data, created_at)
      SELECT o.tenant_id, 'conversation.closed', o.id, 'system', '{"reason": "silence"}', p_now FROM over o)
  SELECT count(*)::integer FROM over
$$;
ALTER FUNCTION parley.close_silent OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.close_silent FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.close_silent TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
DROP FUNCTION parley.close_silent(timestamptz, integer);
ALTER TABLE parley.business_settings DROP COLUMN auto_close_hours;
ALTER TABLE parley.leads DROP COLUMN joined, DROP COLUMN joined_into, DROP COLUMN assignee_id;
