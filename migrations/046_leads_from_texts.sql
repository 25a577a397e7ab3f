-- Up Migration
-- Who writes first is a lead without a call, where the business wants it, and the first words of a lead say what it is about: called
-- by intake with what it has just stored, in the same transaction, and only for channels that carry texts.
CREATE POLICY system_door ON parley.leads TO parley_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON parley.leads TO parley_system;
GRANT CREATE ON SCHEMA parley TO parley_system;
CREATE FUNCTION parley.receive_leads(p_now timestamptz, p_tenant uuid[], p_message uuid[]) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH told AS MATERIALIZED (
    SELECT DISTINCT ON (c.tenant_id, c.contact_id) c.tenant_id, c.contact_id, c.id AS conversation_id, c.channel, k.phone, k.name,
           left(m.content, 2000) AS words, coalesce(b.leads_from_texts, true) AND k.status <> 'blocked' AS wanted
      FROM unnest(p_tenant, p_message) AS e(tenant, message)
      JOIN message_tracking t ON t.tenant_id = e.tenant AND t.id = e.message AND t.direction = 'INBOUND'
      JOIN messages m ON m.tenant_id = t.tenant_id AND m.id = t.id AND m.created_at = t.created_at
      JOIN conversations c ON c.tenant_id = t.tenant_id AND c.id = t.conversation_id
      JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id
      LEFT JOIN business_settings b ON b.tenant_id = c.tenant_id
     ORDER BY c.tenant_id, c.contact_id, t.id),
  made AS (
    INSERT INTO leads (tenant_id, contact_id, conversation_id, origin, customer_phone, customer_name, problem_description, created_at, updated_at)
      SELECT w.tenant_id, w.contact_id, w.conversation_id, w.channel, w.phone, w.name, w.words, p_now, p_now FROM told w WHERE w.wanted
    ON CONFLICT (tenant_id, contact_id) WHERE status NOT IN ('completed', 'lost') DO NOTHING
    RETURNING tenant_id, id, contact_id, conversation_id, origin),
  described AS (
    UPDATE leads l SET problem_description = w.words FROM told w
     WHERE l.tenant_id = w.tenant_id AND l.contact_id = w.contact_id AND l.status NOT IN ('completed', 'lost') AND l.problem_description IS NULL
       AND w.words IS NOT NULL),
  known AS (
    UPDATE conversations c SET lead_id = m.id FROM made m WHERE c.tenant_id = m.tenant_id AND c.id = m.conversation_id)
  INSERT INTO events (tenant_id, type, conversation_id, actor, data, created_at)
    SELECT m.tenant_id, 'lead.created', m.conversation_id, 'system',
           jsonb_build_object('leadId', m.id, 'origin', m.origin, 'contactId', m.contact_id), p_now FROM made m
$$;
ALTER FUNCTION parley.receive_leads OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.receive_leads FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.receive_leads TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
DROP FUNCTION parley.receive_leads;
REVOKE SELECT, INSERT, UPDATE ON parley.leads FROM parley_system;
DROP POLICY system_door ON parley.leads;
