-- Up Migration
-- From calls to jobs: how far each lead came, also where it was lost afterwards, and the report that counts it.
ALTER TABLE parley.leads
  ADD COLUMN reached text NOT NULL DEFAULT 'new', -- the status before it was lost, else its status
  ADD CONSTRAINT leads_reached_check CHECK (reached IN ('new', 'qualified', 'appointment_scheduled', 'completed'));
-- The log knows where those that are lost were before: read once, for all of them. They are no newer by it.
ALTER TABLE parley.leads DISABLE TRIGGER trigger_update_leads_updated_at;
UPDATE parley.leads SET reached = status WHERE status NOT IN ('new', 'lost');
UPDATE parley.leads l SET reached = was.status
  FROM (SELECT DISTINCT ON (e.tenant_id, e.data ->> 'leadId') e.tenant_id, e.data ->> 'leadId' AS lead_id, e.data ->> 'from' AS status
          FROM parley.events e
         WHERE e.type = 'lead.updated' AND e.data ->> 'to' = 'lost' AND e.data ->> 'from' IN ('new', 'qualified', 'appointment_scheduled')
         ORDER BY e.tenant_id, e.data ->> 'leadId', e.txid DESC, e.id DESC) was
 WHERE l.tenant_id = was.tenant_id AND l.id::text = was.lead_id AND l.status = 'lost' AND was.status <> 'new';
ALTER TABLE parley.leads ENABLE TRIGGER trigger_update_leads_updated_at;

-- Calls by day of the business's own calendar, oldest day first, and what became of them until now. A call, a conversation and a lead
-- count once, on the day of their first call between the two days.
CREATE FUNCTION parley.report_funnel(p_tenant uuid, p_from date, p_to date)
RETURNS TABLE (day date, calls bigint, missed bigint, texted bigint, replied bigint, talked bigint, leads bigint, qualified bigint,
               scheduled bigint, completed bigint, lost bigint, estimated_value numeric, won_value numeric)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  WITH z AS (SELECT coalesce((SELECT b.timezone FROM business_settings b WHERE b.tenant_id = p_tenant),
                             (SELECT t.settings ->> 'timezone' FROM tenants t WHERE t.id = p_tenant), 'UTC') AS zone),
  c AS MATERIALIZED (
    SELECT (c.start_time AT TIME ZONE z.zone)::date AS day, c.status, c.sms_triggered, c.decided_at, c.conversation_id, c.lead_id
      FROM z, calls c
     WHERE c.tenant_id = p_tenant AND c.direction = 'inbound' AND c.start_time >= p_from::timestamp AT TIME ZONE z.zone
       AND c.start_time < (p_to + 1)::timestamp AT TIME ZONE z.zone),
  rung AS (SELECT c.day, count(*) AS calls, count(*) FILTER (WHERE c.status = 'missed') AS missed, count(*) FILTER (WHERE c.sms_triggered) AS texted
             FROM c GROUP BY 1),
  said AS (
    SELECT t.day, count(*) FILTER (WHERE v.last_inbound_at >= t.at) AS replied,
           count(*) FILTER (WHERE v.last_inbound_at >= t.at AND v.last_human_response_at >= t.at) AS talked
      FROM (SELECT c.conversation_id, min(c.day) AS day, min(c.decided_at) AS at FROM c
             WHERE c.sms_triggered AND c.conversation_id IS NOT NULL GROUP BY 1) t
      JOIN conversations v ON v.tenant_id = p_tenant AND v.id = t.conversation_id GROUP BY 1),
  led AS (
    SELECT t.day, count(*) AS leads, count(*) FILTER (WHERE l.reached <> 'new') AS qualified,
           count(*) FILTER (WHERE l.reached IN ('appointment_scheduled', 'completed')) AS scheduled,
           count(*) FILTER (WHERE l.status = 'completed') AS completed, count(*) FILTER (WHERE l.status = 'lost') AS lost,
           coalesce(sum(l.estimated_value), 0) AS estimated,
           coalesce(sum(l.conversion_value) FILTER (WHERE l.status = 'completed'), 0) AS won
      FROM (SELECT c.lead_id, min(c.day) AS day FROM c WHERE c.lead_id IS NOT NULL GROUP BY 1) t
      JOIN leads l ON l.tenant_id = p_tenant AND l.id = t.lead_id GROUP BY 1)
  SELECT g::date, coalesce(rung.calls, 0), coalesce(rung.missed, 0), coalesce(rung.texted, 0), coalesce(said.replied, 0), coalesce(said.talked, 0),
         coalesce(led.leads, 0), coalesce(led.qualified, 0), coalesce(led.scheduled, 0), coalesce(led.completed, 0), coalesce(led.lost, 0),
         coalesce(led.estimated, 0), coalesce(led.won, 0)
    FROM generate_series(p_from, p_to, interval '1 day') AS g
    LEFT JOIN rung ON rung.day = g::date LEFT JOIN said ON said.day = g::date LEFT JOIN led ON led.day = g::date
   ORDER BY 1
$$;

-- Why leads of these calls were lost, the most frequent reason first.
CREATE FUNCTION parley.report_lost_leads(p_tenant uuid, p_from date, p_to date)
RETURNS TABLE (reason text, leads bigint, estimated_value numeric)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  WITH z AS (SELECT coalesce((SELECT b.timezone FROM business_settings b WHERE b.tenant_id = p_tenant),
                             (SELECT t.settings ->> 'timezone' FROM tenants t WHERE t.id = p_tenant), 'UTC') AS zone)
  SELECT trim(l.lost_reason), count(*), coalesce(sum(l.estimated_value), 0)
    FROM leads l
   WHERE l.tenant_id = p_tenant AND l.status = 'lost' AND l.id IN (
     SELECT c.lead_id FROM z, calls c
      WHERE c.tenant_id = p_tenant AND c.direction = 'inbound' AND c.start_time >= p_from::timestamp AT TIME ZONE z.zone
        AND c.start_time < (p_to + 1)::timestamp AT TIME ZONE z.zone)
   GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 100
$$;

-- Down Migration
DROP FUNCTION parley.report_lost_leads, parley.report_funnel;
ALTER TABLE parley.leads DROP COLUMN reached;
