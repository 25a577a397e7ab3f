-- Up Migration
-- What somebody of the team should know: written in the transaction of what it is about, together with the ways by which it
-- is brought to them. What has to be brought is what these rows say, so nothing is lost by whatever stops in between.
CREATE TABLE parley.notifications (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  user_id uuid NOT NULL,
  kind text NOT NULL,
  key text NOT NULL, -- what it is about: told once to each
  urgent boolean NOT NULL DEFAULT false,
  conversation_id uuid,
  data jsonb NOT NULL DEFAULT '{}',
  read_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT notifications_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT notifications_once UNIQUE (tenant_id, user_id, key),
  CONSTRAINT notifications_kind_check CHECK (kind IN ('emergency', 'caller_waits', 'lead', 'handed_over', 'account_down')),
  CONSTRAINT notifications_key_check CHECK (length(key) BETWEEN 1 AND 200),
  CONSTRAINT fk_notifications_member FOREIGN KEY (tenant_id, user_id) REFERENCES parley.user_profiles (tenant_id, user_id) ON DELETE CASCADE,
  CONSTRAINT fk_notifications_conversation FOREIGN KEY (tenant_id, conversation_id)
    REFERENCES parley.conversations (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_notifications_user ON parley.notifications (tenant_id, user_id, id DESC);
CREATE INDEX idx_notifications_unread ON parley.notifications (tenant_id, user_id) WHERE read_at IS NULL;
CREATE INDEX idx_notifications_conversation ON parley.notifications (tenant_id, conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX idx_notifications_created ON parley.notifications (tenant_id, created_at);

CREATE TABLE parley.notification_deliveries (
  tenant_id uuid NOT NULL,
  notification_id uuid NOT NULL,
  means text NOT NULL,
  state text NOT NULL DEFAULT 'queued', -- unneeded: read before it went out
  attempts integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT now(), -- queued: when it is tried; sending: until when it is somebody's
  detail text, -- why it failed
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT notification_deliveries_pkey PRIMARY KEY (tenant_id, notification_id, means),
  CONSTRAINT notification_deliveries_means_check CHECK (means IN ('email', 'sms', 'push')),
  CONSTRAINT notification_deliveries_state_check CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'unknown', 'unneeded')),
  CONSTRAINT fk_notification_deliveries_notification FOREIGN KEY (tenant_id, notification_id)
    REFERENCES parley.notifications (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX notification_deliveries_due ON parley.notification_deliveries (due_at) WHERE state IN ('queued', 'sending');
CREATE TRIGGER trigger_update_notification_deliveries_updated_at BEFORE UPDATE ON parley.notification_deliveries
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['notifications', 'notification_deliveries'] LOOP
    EXECUTE format('ALTER TABLE parley.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE parley.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant_wall ON parley.%I TO parley_app
      USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()))', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON parley.%I TO parley_app', t);
  END LOOP;
END $$;
CREATE POLICY system_door ON parley.notification_deliveries TO parley_system USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON parley.notification_deliveries TO parley_system;

-- A person's browsers, whatever business they look at. Address and keys together let others push: sealed.
CREATE TABLE parley.push_subscriptions (
  id uuid NOT NULL DEFAULT parley.uuid7(),
  user_id uuid NOT NULL,
  endpoint_hash text NOT NULL, -- SHA-256, hex
  subscription text NOT NULL,
  device text, -- its user agent, shown to its owner
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT push_subscriptions_pkey PRIMARY KEY (id),
  CONSTRAINT push_subscriptions_endpoint_key UNIQUE (endpoint_hash),
  CONSTRAINT fk_push_subscriptions_user FOREIGN KEY (user_id) REFERENCES parley.users (id) ON DELETE CASCADE
);
CREATE INDEX idx_push_subscriptions_user ON parley.push_subscriptions (user_id);

-- Who this server is to the push services of browsers: one pair, made at its first need. The private half is sealed.
CREATE TABLE parley.push_keys (
  id boolean NOT NULL DEFAULT true,
  public_key text NOT NULL,
  private_key text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT push_keys_pkey PRIMARY KEY (id),
  CONSTRAINT push_keys_one CHECK (id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON parley.push_subscriptions, parley.push_keys TO parley_app;

-- Tells those of a business whom it concerns, each once, by the ways they prefer; answers with how many were told. `p_user`:
-- whose it is, told alone as long as they work there. Runs as whoever calls it, behind their walls.
CREATE FUNCTION parley.notify_team(p_tenant uuid, p_kind text, p_key text, p_user uuid, p_conversation uuid, p_data jsonb) RETURNS integer
  LANGUAGE sql SET search_path = parley, pg_temp
AS $$
  WITH rule AS (
    SELECT * FROM (VALUES
      ('emergency', ARRAY['owner', 'admin', 'agent'], ARRAY['push', 'sms', 'email'], true), -- somebody should look now
      ('caller_waits', ARRAY['owner', 'admin'], ARRAY['push', 'sms', 'email'], true), -- not reached, and could not be texted
      ('lead', ARRAY['owner', 'admin', 'agent'], ARRAY['push', 'email'], false),
      ('handed_over', ARRAY['owner', 'admin', 'agent'], ARRAY['push', 'email'], false), -- the assistant gave it to people
      ('account_down', ARRAY['owner', 'admin'], ARRAY['push', 'email'], true) -- a number neither sends nor receives
    ) AS r(kind, roles, means, urgent) WHERE r.kind = p_kind),
  team AS (
    SELECT p.user_id, coalesce(p.email, u.email) AS email, p.phone_number AS phone, coalesce(f.notification_email, true) AS by_email,
           coalesce(f.notification_sms, true) AS by_sms, coalesce(f.notification_push, true) AS by_push
      FROM rule JOIN user_profiles p ON p.tenant_id = p_tenant AND p.role = ANY (rule.roles)
      JOIN users u ON u.id = p.user_id LEFT JOIN user_preferences f ON f.user_id = p.user_id),
  who AS (SELECT * FROM team WHERE user_id = p_user OR NOT EXISTS (SELECT FROM team WHERE user_id = p_user)),
  told AS (
    INSERT INTO notifications (tenant_id, user_id, kind, key, urgent, conversation_id, data)
    SELECT p_tenant, who.user_id, p_kind, p_key, rule.urgent, p_conversation, p_data FROM who, rule ORDER BY who.user_id
    ON CONFLICT (tenant_id, user_id, key) DO NOTHING RETURNING id, user_id),
  brought AS (
    INSERT INTO notification_deliveries (tenant_id, notification_id, means, due_at)
    -- A mail about what is not urgent waits two minutes: whoever has seen it in the console needs none.
    SELECT p_tenant, told.id, m.means, now() + CASE WHEN m.means = 'email' AND NOT rule.urgent THEN interval '2 minutes' ELSE interval '0' END
      FROM rule, told JOIN who USING (user_id), LATERAL unnest((SELECT means FROM rule)) AS m(means)
     WHERE CASE m.means WHEN 'email' THEN who.by_email AND who.email IS NOT NULL
                        WHEN 'sms' THEN who.by_sms AND who.phone IS NOT NULL
                        ELSE who.by_push AND EXISTS (SELECT FROM push_subscriptions s WHERE s.user_id = who.user_id) END),
  event AS (
    INSERT INTO events (tenant_id, type, actor, data)
    SELECT p_tenant, 'notification.raised', 'system', jsonb_build_object('kind', p_kind, 'userIds', jsonb_agg(told.user_id)) FROM told
    HAVING count(*) > 0)
  SELECT count(*)::integer FROM told
$$;
-- Leads begin in intake, with a call, and by hand; whoever finds that one is an emergency writes it there: all of it is told from here.
CREATE FUNCTION parley.notify_of_lead() RETURNS trigger
  LANGUAGE plpgsql SET search_path = parley, pg_temp
AS $$
DECLARE v_data jsonb := jsonb_build_object('leadId', NEW.id, 'who', coalesce(NEW.customer_name, NEW.customer_phone), 'what', left(NEW.problem_description, 300));
BEGIN
  IF NEW.urgency_level = 'emergency' THEN
    PERFORM notify_team(NEW.tenant_id, 'emergency', 'emergency/' || NEW.id, NULL, NEW.conversation_id, v_data);
  ELSE
    PERFORM notify_team(NEW.tenant_id, 'lead', 'lead/' || NEW.id, NULL, NEW.conversation_id, v_data);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER notify_of_new_lead AFTER INSERT ON parley.leads FOR EACH ROW EXECUTE FUNCTION parley.notify_of_lead();
CREATE TRIGGER notify_of_emergency AFTER UPDATE OF urgency_level ON parley.leads FOR EACH ROW
  WHEN (NEW.urgency_level = 'emergency' AND OLD.urgency_level <> 'emergency') EXECUTE FUNCTION parley.notify_of_lead();
-- Sending finds out in the database that a number was stopped; checks find it out elsewhere.
CREATE FUNCTION parley.notify_of_account() RETURNS trigger
  LANGUAGE plpgsql SET search_path = parley, pg_temp
AS $$
BEGIN
  PERFORM notify_team(NEW.tenant_id, 'account_down', 'account/' || NEW.id || '/' || extract(epoch FROM clock_timestamp()), NULL, NULL,
                      jsonb_build_object('who', coalesce(NEW.name, NEW.address), 'what', left(NEW.state_text, 300)));
  RETURN NULL;
END $$;
CREATE TRIGGER notify_of_account AFTER UPDATE OF state ON parley.channel_accounts FOR EACH ROW
  WHEN (NEW.removed_at IS NULL AND NEW.state IN ('logged_out', 'held') AND OLD.state NOT IN ('logged_out', 'held'))
  EXECUTE FUNCTION parley.notify_of_account();
CREATE POLICY system_door ON parley.notifications TO parley_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON parley.notifications TO parley_system;
GRANT INSERT ON parley.notification_deliveries, parley.events TO parley_system;
GRANT SELECT ON parley.user_preferences, parley.push_subscriptions TO parley_system;
GRANT EXECUTE ON FUNCTION parley.notify_team, parley.notify_of_lead, parley.notify_of_account TO parley_app, parley_system;
REVOKE ALL ON FUNCTION parley.notify_team, parley.notify_of_lead, parley.notify_of_account FROM PUBLIC;

GRANT CREATE ON SCHEMA parley TO parley_system;
-- What is due to be brought to somebody, of all businesses. `again`: whoever had it before ended without a word.
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

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DROP FUNCTION parley.claim_notifications;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
DROP TRIGGER notify_of_account ON parley.channel_accounts;
DROP TRIGGER notify_of_new_lead ON parley.leads;
DROP TRIGGER notify_of_emergency ON parley.leads;
DROP FUNCTION parley.notify_of_account, parley.notify_of_lead, parley.notify_team;
REVOKE SELECT ON parley.user_preferences FROM parley_system;
DROP TABLE parley.push_keys, parley.push_subscriptions, parley.notification_deliveries, parley.notifications;
