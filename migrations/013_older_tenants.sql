-- Up Migration
-- An older tenant service may have kept its businesses in a table `tenants` of the schema `public` in this very database.
-- They are taken over once, with what they had; that table stays as it is. It is known by its columns, not by its name alone.
-- Its secrets are not taken over: they were not encrypted, and are better set anew.
DO $$
DECLARE
  has text[];
  wanted CONSTANT text[] := ARRAY['email', 'domain', 'subdomain', 'plan', 'rate_limit', 'phone_number_id', 'genesys_org_id', 'genesys_org_name',
    'genesys_region', 'genesys_integration_id', 'onboarding_completed', 'onboarding_completed_at', 'whatsapp_configured', 'created_at'];
  once_only CONSTANT text[] := ARRAY['subdomain', 'phone_number_id', 'genesys_org_id', 'genesys_integration_id'];
  required CONSTANT text[] := ARRAY['plan', 'rate_limit', 'onboarding_completed', 'whatsapp_configured', 'created_at'];
  c text; into_columns text := ''; from_columns text := ''; given text;
BEGIN
  SELECT array_agg(a.attname::text) INTO has FROM pg_attribute a
   WHERE a.attrelid = to_regclass('public.tenants') AND a.attnum > 0 AND NOT a.attisdropped;
  IF has IS NULL OR NOT has @> ARRAY['tenant_id', 'name', 'status', 'subdomain', 'genesys_org_id', 'onboarding_completed'] THEN
    RETURN;
  END IF;
  FOREACH c IN ARRAY wanted LOOP
    CONTINUE WHEN NOT c = ANY (has);
    given := format('o.%I', c);
    -- No two may have the same: the first keeps it, and nobody already here loses it.
    IF c = ANY (once_only) THEN
      given := format('CASE WHEN o.%1$I <> '''' AND row_number() OVER (PARTITION BY o.%1$I ORDER BY o.tenant_id) = 1
        AND NOT EXISTS (SELECT FROM parley.tenants x WHERE x.%1$I = o.%1$I) THEN o.%1$I END', c);
    ELSIF c = ANY (required) THEN
      given := format('coalesce(o.%I, %s)', c, CASE c WHEN 'plan' THEN '''standard''' WHEN 'rate_limit' THEN '600'
        WHEN 'created_at' THEN 'now()' ELSE 'false' END);
    END IF;
    into_columns := into_columns || format(', %I', c);
    from_columns := from_columns || ', ' || given;
  END LOOP;
  -- What was free-form is kept as such, and is where the settings begin.
  IF 'metadata' = ANY (has) OR 'settings' = ANY (has) THEN
    into_columns := into_columns || ', settings';
    from_columns := from_columns || format(', coalesce(%s, %s, ''{}'')',
      CASE WHEN 'settings' = ANY (has) THEN 'o.settings::jsonb' ELSE 'NULL::jsonb' END,
      CASE WHEN 'metadata' = ANY (has) THEN 'o.metadata::jsonb' ELSE 'NULL::jsonb' END);
  END IF;
  IF 'metadata' = ANY (has) THEN
    into_columns := into_columns || ', metadata';
    from_columns := from_columns || ', coalesce(o.metadata::jsonb, ''{}'')';
  END IF;
  -- Row-level security binds whoever migrates too; only for this one statement it does not.
  ALTER TABLE parley.tenants NO FORCE ROW LEVEL SECURITY;
  EXECUTE format(
    'INSERT INTO parley.tenants (tenant_id, name, status%s)
     SELECT o.tenant_id::text, left(coalesce(nullif(o.name, ''''), o.tenant_id::text), 255),
            CASE o.status WHEN ''active'' THEN ''active'' WHEN ''deleted'' THEN ''deleted'' ELSE ''suspended'' END%s
       FROM public.tenants o WHERE o.tenant_id IS NOT NULL
     ON CONFLICT (tenant_id) DO NOTHING', into_columns, from_columns);
  ALTER TABLE parley.tenants FORCE ROW LEVEL SECURITY;
END $$;

-- Down Migration
-- Nothing: what was taken over is this server's now.
