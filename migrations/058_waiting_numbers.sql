-- Up Migration
-- A number that waits for long, to be set up or to be given back, is told to those who can do something about it: it may cost
-- something meanwhile.
ALTER TABLE parley.phone_numbers ADD COLUMN waiting_since timestamptz; -- null: it does not wait
ALTER TABLE parley.notifications DROP CONSTRAINT notifications_kind_check,
  ADD CONSTRAINT notifications_kind_check CHECK (kind IN ('emergency', 'caller_waits', 'lead', 'handed_over', 'account_down', 'number_waits'));

-- Tells those of a business whom it concerns, each once, by the ways they prefer; answers with how many were told. `p_user`:
-- whose it is, told alone as long as they work there. Runs as whoever calls it, behind their walls.
CREATE OR REPLACE FUNCTION parley.notify_team(p_tenant uuid, p_kind text, p_key text, p_user uuid, p_conversation uuid, p_data jsonb) RETURNS integer
  LANGUAGE sql SET search_path = parley, pg_temp
AS $$
  WITH rule AS (
    SELECT * FROM (VALUES
      ('emergency', ARRAY['owner', 'admin', 'agent'], ARRAY['push', 'sms', 'email'], true), -- somebody should look now
      ('caller_waits', ARRAY['owner', 'admin'], ARRAY['push', 'sms', 'email'], true), -- not reached, and could not be texted
      ('lead', ARRAY['owner', 'admin', 'agent'], ARRAY['push', 'email'], false),
      ('handed_over', ARRAY['owner', 'admin', 'agent'], ARRAY['push', 'email'], false), -- the assistant gave it to people
      ('account_down', ARRAY['owner', 'admin'], ARRAY['push', 'email'], true), -- a number neither sends nor receives
      ('number_waits', ARRAY['owner', 'admin'], ARRAY['push', 'email'], false) -- one that is bought or given back does not get on
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

-- Down Migration
DELETE FROM parley.notifications WHERE kind = 'number_waits';
ALTER TABLE parley.notifications DROP CONSTRAINT notifications_kind_check,
  ADD CONSTRAINT notifications_kind_check CHECK (kind IN ('emergency', 'caller_waits', 'lead', 'handed_over', 'account_down'));
-- Tells those of a business whom it concerns, each once, by the ways they prefer; answers with how many were told. `p_user`:
-- whose it is, told alone as long as they work there. Runs as whoever calls it, behind their walls.
CREATE OR REPLACE FUNCTION parley.notify_team(p_tenant uuid, p_kind text, p_key text, p_user uuid, p_conversation uuid, p_data jsonb) RETURNS integer
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
ALTER TABLE parley.phone_numbers DROP COLUMN waiting_since;
