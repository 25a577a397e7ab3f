-- Up Migration
-- How long a business's data is kept, and what is kept regardless.

ALTER TABLE parley.business_settings
  ADD COLUMN content_months integer NOT NULL DEFAULT 6, -- what was said, and its files
  ADD COLUMN ledger_months integer NOT NULL DEFAULT 13, -- that it was said: providers' ids, states, receipts, attempts, events
  ADD COLUMN webhook_days integer NOT NULL DEFAULT 90, -- webhooks as they came
  ADD CONSTRAINT business_settings_retention_check CHECK (content_months BETWEEN 1 AND 120
    AND ledger_months BETWEEN content_months AND 120 AND webhook_days BETWEEN 7 AND 3650);
CREATE POLICY system_door ON parley.business_settings FOR SELECT TO parley_system USING (true);

-- While one is in force nothing of the business (contact_id null), or nothing of that contact, is removed. Kept when ended.
CREATE TABLE parley.retention_holds (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  contact_id uuid,
  reason text NOT NULL,
  placed_by text NOT NULL, -- user:<id>, key:<id>
  placed_by_name text NOT NULL,
  released_at timestamptz,
  released_by text,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT retention_holds_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT retention_holds_reason_check CHECK (length(reason) BETWEEN 1 AND 1000),
  CONSTRAINT fk_retention_holds_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE,
  CONSTRAINT fk_retention_holds_contact FOREIGN KEY (tenant_id, contact_id) REFERENCES parley.contacts (tenant_id, id)
);
CREATE UNIQUE INDEX retention_holds_one ON parley.retention_holds (tenant_id, coalesce(contact_id, '00000000-0000-0000-0000-000000000000'))
  WHERE released_at IS NULL;

-- Files that no row names any more, until they are gone from the store too: a process that ends in between leaves none behind.
CREATE TABLE parley.file_removals (
  tenant_id uuid NOT NULL,
  sha256 text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT file_removals_pkey PRIMARY KEY (tenant_id, sha256),
  CONSTRAINT fk_file_removals_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['retention_holds', 'file_removals'] LOOP
    EXECUTE format('ALTER TABLE parley.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE parley.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant_wall ON parley.%I TO parley_app
      USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()))', t);
    EXECUTE format('CREATE POLICY system_door ON parley.%I FOR SELECT TO parley_system USING (true)', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON parley.%I TO parley_app', t);
  END LOOP;
END $$;

-- The smallest id (version 7) of that time: ids made before it are smaller.
CREATE FUNCTION parley.uuid7_floor(p_at timestamptz) RETURNS uuid
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN (lpad(to_hex((extract(epoch FROM p_at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid;

-- Every business with the times before which its rows go. Whole months: a month goes once all of it is older than it need be,
-- so that a thread ends at a month and a partition can go as a whole. So a row is kept for as long as was said, and at
-- most a month longer. The ledger never goes before the content.
CREATE FUNCTION parley.retention_plan(p_now timestamptz DEFAULT now())
RETURNS TABLE (tenant_id uuid, content_before timestamptz, ledger_before timestamptz, webhooks_before timestamptz,
               held boolean, held_contacts uuid[])
  LANGUAGE sql STABLE SET search_path = parley, pg_temp SET timezone = 'UTC'
AS $$
  SELECT t.id, date_trunc('month', p_now - make_interval(months => coalesce(b.content_months, 6))),
         date_trunc('month', p_now - make_interval(months => coalesce(b.ledger_months, 13))),
         date_trunc('month', p_now - make_interval(days => coalesce(b.webhook_days, 90))),
         EXISTS (SELECT FROM retention_holds h WHERE h.tenant_id = t.id AND h.contact_id IS NULL AND h.released_at IS NULL),
         ARRAY(SELECT h.contact_id FROM retention_holds h WHERE h.tenant_id = t.id AND h.contact_id IS NOT NULL AND h.released_at IS NULL)
    FROM tenants t LEFT JOIN business_settings b ON b.tenant_id = t.id
   ORDER BY t.id
$$;

-- The businesses that have rows in a month, hopping through the key instead of reading the rows.
CREATE FUNCTION parley.month_tenants(p_partition text) RETURNS SETOF uuid
  LANGUAGE plpgsql STABLE SET search_path = parley, pg_temp
AS $$
DECLARE v_id uuid;
BEGIN
  EXECUTE format('SELECT tenant_id FROM parley.%I ORDER BY tenant_id LIMIT 1', p_partition) INTO v_id;
  WHILE v_id IS NOT NULL LOOP
    RETURN NEXT v_id;
    EXECUTE format('SELECT tenant_id FROM parley.%I WHERE tenant_id > $1 ORDER BY tenant_id LIMIT 1', p_partition) INTO v_id USING v_id;
  END LOOP;
END $$;

-- Which rows of a month belong to a held contact: a condition on its columns, or null where that cannot be told.
CREATE FUNCTION parley.held_rows(p_parent text) RETURNS text
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT CASE
    WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass('parley.' || quote_ident(p_parent)) AND a.attname = 'contact_id' AND NOT a.attisdropped)
    THEN 'EXISTS (SELECT FROM parley.retention_holds h WHERE h.tenant_id = x.tenant_id AND h.contact_id = x.contact_id AND h.released_at IS NULL)'
    WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass('parley.' || quote_ident(p_parent)) AND a.attname = 'conversation_id' AND NOT a.attisdropped)
    THEN 'EXISTS (SELECT FROM parley.retention_holds h JOIN parley.conversations c ON c.tenant_id = h.tenant_id AND c.contact_id = h.contact_id
            WHERE h.tenant_id = x.tenant_id AND c.id = x.conversation_id AND h.released_at IS NULL)'
    -- What was made from a message goes with it.
    WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass('parley.' || quote_ident(p_parent)) AND a.attname = 'message_id' AND NOT a.attisdropped)
    THEN 'EXISTS (SELECT FROM parley.retention_holds h JOIN parley.messages m ON m.tenant_id = h.tenant_id AND m.contact_id = h.contact_id
            WHERE h.tenant_id = x.tenant_id AND m.id = x.message_id AND m.created_at = x.created_at AND h.released_at IS NULL)' END
$$;

-- Does nobody need anything of this month any more?
CREATE FUNCTION parley.month_is_over(p_parent text, p_month date, p_now timestamptz) RETURNS boolean
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET timezone = 'UTC'
AS $$
DECLARE v_name text := month_partition(p_parent, p_month::timestamptz); v_to timestamptz := (p_month + interval '1 month')::timestamptz;
        v_keeps text; v_held text := held_rows(p_parent); v_any boolean; p record;
BEGIN
  SELECT r.keeps INTO v_keeps FROM partition_rules r WHERE r.parent = p_parent;
  IF v_keeps = 'webhooks' THEN
    -- They are not sorted by business: all of them must be done with it. What came for nobody has the time of the default.
    RETURN v_to <= date_trunc('month', p_now - interval '90 days')
       AND NOT EXISTS (SELECT FROM retention_plan(p_now) r WHERE r.webhooks_before < v_to OR r.held OR r.held_contacts <> '{}');
  END IF;
  FOR p IN SELECT r.* FROM month_tenants(v_name) AS m(id) JOIN retention_plan(p_now) r ON r.tenant_id = m.id LOOP
    IF p.held OR p.content_before < v_to THEN RETURN false; END IF;
    IF p.held_contacts <> '{}' THEN
      EXECUTE format('SELECT EXISTS (SELECT FROM parley.%I x WHERE x.tenant_id = $1 AND (%s))', v_name, coalesce(v_held, 'true')) INTO v_any USING p.tenant_id;
      IF v_any THEN RETURN false; END IF;
    END IF;
  END LOOP;
  RETURN true;
END $$;

-- Takes a month away whose time is over. Looked at again under the lock: a hold that was placed meanwhile counts.
CREATE FUNCTION parley.let_month_go(p_parent text, p_month date, p_now timestamptz) RETURNS text
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET timezone = 'UTC' SET lock_timeout = '200ms'
AS $$
DECLARE v_name text := month_partition(p_parent, p_month::timestamptz); v_over text;
BEGIN
  PERFORM require_partitioned(p_parent);
  IF NOT month_is_over(p_parent, p_month, p_now) THEN RETURN NULL; END IF;
  v_over := detach_month(p_parent, p_month);
  LOCK TABLE retention_holds, business_settings IN SHARE MODE;
  EXECUTE format('ALTER TABLE parley.%I RENAME TO %I', v_over, v_name); -- it is looked at by its name
  IF NOT month_is_over(p_parent, p_month, p_now) THEN
    RAISE EXCEPTION '% is needed again', v_name USING ERRCODE = 'object_in_use';
  END IF;
  EXECUTE format('ALTER TABLE parley.%I RENAME TO %I', v_name, v_over);
  RETURN v_over;
END $$;

-- Webhooks of a month that is not over for everybody: those of businesses whose time is over, page by page. Returns how many.
CREATE FUNCTION parley.forget_webhooks(p_partition text, p_from_page bigint, p_to_page bigint, p_to timestamptz, p_now timestamptz) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET timezone = 'UTC'
AS $$
DECLARE v_n bigint;
BEGIN
  IF p_partition !~ '^[a-z_]+_\d{4}_\d{2}$' THEN RAISE EXCEPTION 'not a month: %', p_partition; END IF;
  EXECUTE format('DELETE FROM parley.%I w WHERE w.ctid >= ''(%s,0)'' AND w.ctid < ''(%s,0)'' AND CASE
      WHEN w.tenant_id IS NULL THEN $1 <= date_trunc(''month'', $2 - interval ''90 days'') AND NOT EXISTS (SELECT FROM parley.retention_holds h WHERE h.released_at IS NULL)
      ELSE NOT EXISTS (SELECT FROM parley.retention_plan($2) r WHERE r.tenant_id = w.tenant_id AND (r.webhooks_before < $1 OR r.held OR r.held_contacts <> ''{}'')) END',
    p_partition, p_from_page, p_to_page) USING p_to, p_now;
  GET DIAGNOSTICS v_n = ROW_COUNT;
  RETURN v_n;
END $$;

DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'parley'::regnamespace AND p.proname IN (
    'retention_plan', 'month_tenants', 'month_is_over', 'let_month_go', 'forget_webhooks') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
  END LOOP;
END $$;

-- Down Migration
DROP FUNCTION parley.forget_webhooks, parley.let_month_go, parley.month_is_over, parley.held_rows, parley.month_tenants,
  parley.retention_plan, parley.uuid7_floor;
DROP TABLE parley.file_removals, parley.retention_holds;
DROP POLICY system_door ON parley.business_settings;
ALTER TABLE parley.business_settings DROP CONSTRAINT business_settings_retention_check, DROP COLUMN content_months,
  DROP COLUMN ledger_months, DROP COLUMN webhook_days;
