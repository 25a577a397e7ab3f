-- Up Migration
-- Dead letters are worked on: looked into, mended, replayed or discarded, by people and by themselves; each keeps who did what.
ALTER TABLE parley.dead_letters
  ADD COLUMN queue text, -- where it stood, where it came through a queue
  ADD COLUMN context jsonb NOT NULL DEFAULT '{}', -- what taking it in needs beside the payload
  ADD COLUMN payload jsonb, -- as somebody mended it; the original stays as it came
  ADD COLUMN next_try_at timestamptz, -- when it is tried again by itself; null: only a person does
  ADD COLUMN resolution text,
  ADD COLUMN resolved_by text,
  ADD COLUMN trail jsonb NOT NULL DEFAULT '[]';
UPDATE parley.dead_letters SET resolution = 'discarded' WHERE resolved_at IS NOT NULL;
ALTER TABLE parley.dead_letters
  ADD CONSTRAINT dead_letters_resolution_check CHECK (resolution IN ('replayed', 'discarded')),
  ADD CONSTRAINT dead_letters_resolved_check CHECK ((resolved_at IS NULL) = (resolution IS NULL)),
  ADD CONSTRAINT dead_letters_trail_check CHECK (jsonb_typeof(trail) = 'array');
CREATE INDEX dead_letters_list ON parley.dead_letters (tenant_id, id);
CREATE INDEX dead_letters_open ON parley.dead_letters (tenant_id, reason) WHERE resolved_at IS NULL;
CREATE INDEX dead_letters_due ON parley.dead_letters (next_try_at) WHERE resolved_at IS NULL AND next_try_at IS NOT NULL;

-- What fails for a reason that passes is tried again, whoever wrote it down.
CREATE FUNCTION parley.plan_dead_letter() RETURNS trigger
  LANGUAGE plpgsql SET search_path = parley, pg_temp
AS $$
BEGIN
  IF NEW.reason IN ('lock_timeout', 'database_error') AND NEW.resolved_at IS NULL THEN
    NEW.next_try_at := coalesce(NEW.next_try_at, NEW.created_at + interval '5 minutes');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER plan_dead_letter BEFORE INSERT ON parley.dead_letters FOR EACH ROW EXECUTE FUNCTION parley.plan_dead_letter();

-- Businesses with so many open dead letters that somebody was told: at which number.
CREATE TABLE parley.dead_letter_alarms (
  tenant_id uuid NOT NULL,
  level integer NOT NULL,
  raised_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT dead_letter_alarms_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT dead_letter_alarms_level_check CHECK (level IN (100, 1000)),
  CONSTRAINT fk_dead_letter_alarms_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);
ALTER TABLE parley.dead_letter_alarms ENABLE ROW LEVEL SECURITY;
ALTER TABLE parley.dead_letter_alarms FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON parley.dead_letter_alarms TO parley_app
  USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()));
CREATE POLICY system_door ON parley.dead_letter_alarms TO parley_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON parley.dead_letter_alarms TO parley_app, parley_system;

GRANT CREATE ON SCHEMA parley TO parley_system;

DROP FUNCTION parley.add_dead_letter;
CREATE FUNCTION parley.add_dead_letter(p_tenant uuid, p_source text, p_webhook uuid, p_payload text, p_reason text, p_error text,
  p_queue text DEFAULT NULL, p_context text DEFAULT '{}') RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  INSERT INTO dead_letters (tenant_id, source, webhook_event_id, original_payload, reason, error_message, queue, context)
    VALUES (p_tenant, p_source, p_webhook, p_payload::jsonb, p_reason, p_error, p_queue, p_context::jsonb)
$$;

-- Takes what is due to be tried again: counted before it is tried, so that one that ends the process is not tried for ever.
CREATE FUNCTION parley.claim_dead_letters(p_now timestamptz, p_limit integer) RETURNS TABLE (tenant_id uuid, id uuid)
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  UPDATE dead_letters d
     SET retry_count = d.retry_count + 1, next_try_at = CASE WHEN d.retry_count < 2 THEN p_now + interval '5 minutes' END
    FROM (SELECT q.id FROM dead_letters q WHERE q.resolved_at IS NULL AND q.next_try_at <= p_now
           ORDER BY q.next_try_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) due
   WHERE d.id = due.id
  RETURNING d.tenant_id, d.id
$$;

-- Nobody's, for whoever runs the server: those of which it could not be told whose they are.
CREATE FUNCTION parley.nobodys_dead_letters() RETURNS SETOF parley.dead_letters
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT * FROM dead_letters WHERE tenant_id IS NULL
$$;

-- Closes an open one of nobody's (p_resolution), or writes down what was done with it.
CREATE FUNCTION parley.settle_nobodys_dead_letter(p_id uuid, p_now timestamptz, p_resolution text, p_by text, p_payload jsonb, p_error text, p_entry jsonb)
RETURNS boolean
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH settled AS (
    UPDATE dead_letters
       SET resolved_at = CASE WHEN p_resolution IS NOT NULL THEN p_now END, resolution = p_resolution,
           resolved_by = CASE WHEN p_resolution IS NOT NULL THEN p_by END, payload = coalesce(p_payload, payload),
           error_message = coalesce(p_error, error_message),
           trail = CASE WHEN jsonb_array_length(trail) >= 50 THEN trail - 0 ELSE trail END || p_entry
     WHERE tenant_id IS NULL AND id = p_id AND resolved_at IS NULL
    RETURNING id)
  SELECT EXISTS (SELECT FROM settled)
$$;

-- How many are open, by reason; numbers of all businesses together and nothing else.
CREATE FUNCTION parley.dead_letters_open() RETURNS TABLE (reason text, open bigint)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT d.reason, count(*) FROM dead_letters d WHERE d.resolved_at IS NULL GROUP BY d.reason
$$;

-- Tells each business once that its open dead letters have reached a hundred, or a thousand, and once that they are below eighty
-- again. Two who ask at once: the second finds what the first wrote. Answers with those that were told something.
CREATE FUNCTION parley.raise_dead_letter_alarms(p_now timestamptz) RETURNS SETOF uuid
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH counted AS (
    SELECT tenant_id AS tenant, count(*)::int AS open FROM dead_letters
     WHERE resolved_at IS NULL AND tenant_id IS NOT NULL GROUP BY tenant_id HAVING count(*) >= 80),
  wanted AS (
    SELECT c.tenant, c.open, coalesce(a.level, 0) AS was,
           CASE WHEN c.open >= 1000 OR (a.level = 1000 AND c.open >= 800) THEN 1000
                WHEN c.open >= 100 OR a.level IS NOT NULL THEN 100 END AS level
      FROM counted c LEFT JOIN dead_letter_alarms a ON a.tenant_id = c.tenant),
  changed AS (
    INSERT INTO dead_letter_alarms (tenant_id, level, raised_at)
    SELECT w.tenant, w.level, p_now FROM wanted w JOIN tenants t ON t.id = w.tenant WHERE w.level IS NOT NULL ORDER BY w.tenant
    ON CONFLICT (tenant_id) DO UPDATE SET level = excluded.level, raised_at = excluded.raised_at
      WHERE dead_letter_alarms.level <> excluded.level
    RETURNING tenant_id, level),
  gone AS (
    DELETE FROM dead_letter_alarms a WHERE NOT EXISTS (SELECT FROM counted c WHERE c.tenant = a.tenant_id) RETURNING a.tenant_id),
  told AS (
    INSERT INTO events (tenant_id, type, actor, data)
    SELECT c.tenant_id, 'dead_letters.alarm', 'system', jsonb_build_object('open', w.open, 'level', c.level)
      FROM changed c JOIN wanted w ON w.tenant = c.tenant_id WHERE c.level > w.was
    UNION ALL SELECT g.tenant_id, 'dead_letters.cleared', 'system', '{}' FROM gone g
    RETURNING tenant_id)
  SELECT tenant_id FROM told
$$;

DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['add_dead_letter', 'claim_dead_letters', 'nobodys_dead_letters', 'settle_nobodys_dead_letter', 'dead_letters_open',
    'raise_dead_letter_alarms'] LOOP
    EXECUTE format('ALTER FUNCTION parley.%I OWNER TO parley_system', f);
    EXECUTE format('REVOKE ALL ON FUNCTION parley.%I FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION parley.%I TO parley_app', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DROP FUNCTION parley.claim_dead_letters, parley.nobodys_dead_letters, parley.settle_nobodys_dead_letter, parley.dead_letters_open,
  parley.raise_dead_letter_alarms, parley.add_dead_letter;
CREATE FUNCTION parley.add_dead_letter(p_tenant uuid, p_source text, p_webhook uuid, p_payload text, p_reason text, p_error text) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  INSERT INTO dead_letters (tenant_id, source, webhook_event_id, original_payload, reason, error_message)
    VALUES (p_tenant, p_source, p_webhook, p_payload::jsonb, p_reason, p_error)
$$;
ALTER FUNCTION parley.add_dead_letter OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.add_dead_letter FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.add_dead_letter TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
DROP TABLE parley.dead_letter_alarms;
DROP TRIGGER plan_dead_letter ON parley.dead_letters;
DROP FUNCTION parley.plan_dead_letter;
DROP INDEX parley.dead_letters_list, parley.dead_letters_open, parley.dead_letters_due;
ALTER TABLE parley.dead_letters DROP COLUMN queue, DROP COLUMN context, DROP COLUMN payload, DROP COLUMN next_try_at, DROP COLUMN resolution,
  DROP COLUMN resolved_by, DROP COLUMN trail;
