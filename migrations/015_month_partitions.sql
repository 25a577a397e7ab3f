-- Up Migration
-- Months of the partitioned tables: made ahead, made late where rows already wait in the DEFAULT partition, and dropped when
-- their time is over. All of this works as the owner of the tables; the server's role may call none of it.

-- One row to a table that is partitioned by month of `created_at`. Partitions are <parent>_YYYY_MM (months in UTC) and
-- <parent>_default, which takes what no month does: a missed upkeep never stops a write.
CREATE TABLE parley.partition_rules (
  parent text NOT NULL,
  keeps text NOT NULL, -- which of a business's times says when its rows go: content or webhooks
  months_ahead integer NOT NULL DEFAULT 6,
  drain_equal_at timestamptz, -- when all that is in the DEFAULT partition was found beside it (compare_drain)
  CONSTRAINT partition_rules_pkey PRIMARY KEY (parent),
  CONSTRAINT partition_rules_parent_check CHECK (parent ~ '^[a-z][a-z_]{0,40}$'),
  CONSTRAINT partition_rules_keeps_check CHECK (keeps IN ('content', 'webhooks')),
  CONSTRAINT partition_rules_ahead_check CHECK (months_ahead BETWEEN 1 AND 24)
);
INSERT INTO parley.partition_rules (parent, keeps) VALUES ('messages', 'content'), ('webhook_events', 'webhooks');
GRANT SELECT ON parley.partition_rules TO parley_app, parley_system;

-- How upkeep went, one row to a process kind of work. Written by whoever does it, read by health.
CREATE TABLE parley.upkeep (
  task text NOT NULL, -- partitions, retention
  began_at timestamptz NOT NULL,
  ended_at timestamptz, -- null: under way, or killed
  error text,
  done jsonb NOT NULL DEFAULT '{}', -- counts
  CONSTRAINT upkeep_pkey PRIMARY KEY (task)
);
GRANT SELECT ON parley.upkeep TO parley_app, parley_system;

-- A month's partition has the rights and walls of the DEFAULT partition, also for who names it directly.
GRANT SELECT, INSERT, UPDATE, DELETE ON parley.messages_default, parley.webhook_events_default TO parley_system;

CREATE FUNCTION parley.month_partition(p_parent text, p_at timestamptz) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN p_parent || to_char(p_at AT TIME ZONE 'UTC', '_YYYY_MM');

-- The months of a table that are there: attached, by their lower bound.
CREATE FUNCTION parley.month_partitions(p_parent text)
RETURNS TABLE (partition regclass, name text, month date, from_at timestamptz, to_at timestamptz)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp SET timezone = 'UTC'
AS $$
  SELECT c.oid::regclass, c.relname::text, m.month, m.month::timestamptz, (m.month + interval '1 month')::timestamptz
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
   CROSS JOIN LATERAL (SELECT to_date(right(c.relname, 7), 'YYYY_MM') AS month
                         WHERE c.relname ~ ('^' || p_parent || '_\d{4}_\d{2}$')) m
   WHERE i.inhparent = to_regclass('parley.' || quote_ident(p_parent)) AND NOT i.inhdetachpending
   ORDER BY m.month
$$;

-- Only tables that have a rule are ever touched, and only by who sees all their rows: row-level security binds the owner too,
-- and rows that are not seen would not be moved.
CREATE FUNCTION parley.require_partitioned(p_parent text) RETURNS void
  LANGUAGE plpgsql STABLE SET search_path = parley, pg_temp
AS $$
BEGIN
  IF p_parent IS NULL OR NOT EXISTS (SELECT FROM partition_rules r WHERE r.parent = p_parent) THEN
    RAISE EXCEPTION '% is not a table with monthly partitions', coalesce(p_parent, 'null') USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = current_user AND (r.rolsuper OR r.rolbypassrls))
     AND NOT (pg_has_role(current_user, 'parley_system', 'USAGE')
              AND EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'parley' AND p.tablename = p_parent || '_default'
                             AND p.cmd = 'ALL' AND p.qual = 'true' AND 'parley_system' = ANY (p.roles))) THEN
    RAISE EXCEPTION '% does not see every row of %', current_user, p_parent USING ERRCODE = 'insufficient_privilege',
      HINT = format('As a superuser: GRANT parley_system TO %I;', current_user);
  END IF;
END $$;

-- One upkeep at a time in a database. Held to the end of the transaction; whoever holds it for a session may call on.
CREATE FUNCTION parley.one_upkeep() RETURNS void
  LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock(x'7061726b656570'::bigint) THEN -- "parkeep" in ASCII
    RAISE EXCEPTION 'another upkeep is running' USING ERRCODE = 'lock_not_available';
  END IF;
END $$;

-- Locks tables for a change of partitions, in the order given, without making writers wait for long: each try waits for
-- 200 ms at most, and lets go of everything before the next. First a lock that stops no writer: an autovacuum that is at work
-- on the table gives way to it after a second, which it would not do within 200 ms.
CREATE FUNCTION parley.lock_for_upkeep(p_tables text[], p_modes text[], p_seconds double precision) RETURNS void
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp
AS $$
DECLARE v_until timestamptz := clock_timestamp() + make_interval(secs => p_seconds); v_n integer;
BEGIN
  LOOP
    BEGIN
      PERFORM set_config('lock_timeout', '3s', true);
      FOR v_n IN 1 .. cardinality(p_tables) LOOP
        EXECUTE format('LOCK TABLE ONLY parley.%I IN SHARE UPDATE EXCLUSIVE MODE', p_tables[v_n]);
      END LOOP;
      PERFORM set_config('lock_timeout', '200ms', true);
      FOR v_n IN 1 .. cardinality(p_tables) LOOP
        EXECUTE format('LOCK TABLE ONLY parley.%I IN %s MODE', p_tables[v_n], p_modes[v_n]);
      END LOOP;
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF clock_timestamp() > v_until THEN RAISE; END IF;
    END;
    PERFORM pg_sleep(0.1 + 0.3 * random());
  END LOOP;
END $$;

-- Tables that the rows of this one point at: attaching or dropping a partition has to lock them for a moment.
CREATE FUNCTION parley.referenced_tables(p_parent text) RETURNS text[]
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT coalesce(array_agg(DISTINCT c.relname::text ORDER BY c.relname::text), '{}')
    FROM pg_constraint f JOIN pg_class c ON c.oid = f.confrelid
   WHERE f.conrelid = to_regclass('parley.' || quote_ident(p_parent)) AND f.contype = 'f'
$$;

-- A table beside, like the DEFAULT partition in everything: columns, keys, indexes, walls, rights, storage.
CREATE FUNCTION parley.make_beside(p_parent text, p_name text) RETURNS void
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp
AS $$
DECLARE v_like regclass := format('parley.%I', p_parent || '_default')::regclass; r record;
BEGIN
  EXECUTE format('CREATE TABLE parley.%I (LIKE parley.%I INCLUDING ALL EXCLUDING IDENTITY)', p_name, p_parent);
  EXECUTE format('ALTER TABLE parley.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', p_name);
  FOR r IN SELECT p.* FROM pg_policies p WHERE p.schemaname = 'parley' AND p.tablename = p_parent || '_default' LOOP
    EXECUTE format('CREATE POLICY %I ON parley.%I AS %s FOR %s TO %s', r.policyname, p_name, r.permissive, r.cmd,
        (SELECT string_agg(quote_ident(x::text), ', ') FROM unnest(r.roles) AS x))
      || coalesce(format(' USING (%s)', r.qual), '') || coalesce(format(' WITH CHECK (%s)', r.with_check), '');
  END LOOP;
  FOR r IN SELECT a.privilege_type AS privilege, pg_get_userbyid(a.grantee) AS grantee FROM pg_class c, aclexplode(c.relacl) a
            WHERE c.oid = v_like AND a.grantee NOT IN (0, c.relowner) LOOP
    EXECUTE format('GRANT %s ON parley.%I TO %I', r.privilege, p_name, r.grantee);
  END LOOP;
  SELECT array_to_string(c.reloptions, ', ') AS options INTO r FROM pg_class c WHERE c.oid = v_like;
  IF r.options IS NOT NULL THEN EXECUTE format('ALTER TABLE parley.%I SET (%s)', p_name, r.options); END IF;
END $$;

-- The same for a month. Its CHECK says what its bounds will say, so that attaching it reads none of its rows.
CREATE FUNCTION parley.make_month(p_parent text, p_month date) RETURNS text
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET timezone = 'UTC'
AS $$
DECLARE v_name text := month_partition(p_parent, p_month::timestamptz);
BEGIN
  PERFORM make_beside(p_parent, v_name);
  EXECUTE format('ALTER TABLE parley.%I ADD CONSTRAINT month_bounds CHECK (created_at IS NOT NULL AND created_at >= %L AND created_at < %L)',
    v_name, p_month::timestamptz, (p_month + interval '1 month')::timestamptz);
  RETURN v_name;
END $$;

CREATE FUNCTION parley.attach_month(p_parent text, p_month date) RETURNS void
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET timezone = 'UTC'
AS $$
DECLARE v_name text := month_partition(p_parent, p_month::timestamptz);
BEGIN
  EXECUTE format('ALTER TABLE parley.%I ATTACH PARTITION parley.%I FOR VALUES FROM (%L) TO (%L)',
    p_parent, v_name, p_month::timestamptz, (p_month + interval '1 month')::timestamptz);
  EXECUTE format('ALTER TABLE parley.%I DROP CONSTRAINT month_bounds', v_name);
END $$;

-- Columns that are written (not generated ones), as a list; with a prefix where they are read from somewhere.
CREATE FUNCTION parley.written_columns(p_table text, p_prefix text DEFAULT '') RETURNS text
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT string_agg(p_prefix || quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
   WHERE a.attrelid = to_regclass('parley.' || quote_ident(p_table)) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
$$;

-- How large a DEFAULT partition may be for its rows to be moved under one lock: up to 4 MB, some thousand rows, well under a
-- second. What is larger is drained in steps (begin_drain … finish_drain), which src/platform/db/upkeep.ts takes.
CREATE FUNCTION parley.default_is_small(p_parent text) RETURNS boolean
  LANGUAGE sql VOLATILE SET search_path = parley, pg_temp
  RETURN pg_relation_size(('parley.' || quote_ident(p_parent || '_default'))::regclass) <= 4194304
     AND to_regclass('parley.' || quote_ident(p_parent || '_default_new')) IS NULL;

-- Makes the months named, those that are there already excepted, and moves the rows that wait for them in the DEFAULT
-- partition. Everything that takes time is done before the lock. Returns each month made and how many rows it was given.
CREATE FUNCTION parley.create_month_partitions(p_parent text, p_months date[]) RETURNS TABLE (partition_name text, moved bigint)
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET timezone = 'UTC' SET lock_timeout = '200ms'
AS $$
DECLARE v_months date[]; v_month date; v_name text; v_columns text; v_referenced text[];
BEGIN
  PERFORM require_partitioned(p_parent);
  PERFORM one_upkeep();
  SELECT array_agg(DISTINCT date_trunc('month', m)::date ORDER BY date_trunc('month', m)::date) INTO v_months FROM unnest(p_months) AS m
   WHERE NOT EXISTS (SELECT FROM month_partitions(p_parent) x WHERE x.month = date_trunc('month', m)::date);
  IF v_months IS NULL THEN RETURN; END IF;
  IF NOT default_is_small(p_parent) THEN
    RAISE EXCEPTION 'the DEFAULT partition of % holds too much to be moved under one lock', p_parent
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'parley maintain moves it in steps while everything goes on.';
  END IF;
  FOREACH v_month IN ARRAY v_months LOOP PERFORM make_month(p_parent, v_month); END LOOP;
  v_referenced := referenced_tables(p_parent);
  PERFORM lock_for_upkeep(v_referenced || ARRAY[p_parent, p_parent || '_default'],
    array_fill('SHARE ROW EXCLUSIVE'::text, ARRAY[cardinality(v_referenced)]) || ARRAY['SHARE UPDATE EXCLUSIVE', 'ACCESS EXCLUSIVE'], 30);
  v_columns := written_columns(p_parent);
  FOREACH v_month IN ARRAY v_months LOOP
    v_name := month_partition(p_parent, v_month::timestamptz);
    EXECUTE format('WITH taken AS (DELETE FROM ONLY parley.%I WHERE created_at >= $1 AND created_at < $2 RETURNING *)
                    INSERT INTO parley.%I (%s) SELECT %s FROM taken', p_parent || '_default', v_name, v_columns, v_columns)
      USING v_month::timestamptz, (v_month + interval '1 month')::timestamptz;
    GET DIAGNOSTICS moved = ROW_COUNT;
    PERFORM attach_month(p_parent, v_month);
    partition_name := v_name;
    RETURN NEXT;
  END LOOP;
END $$;

-- The month at hand, those ahead, and those whose rows wait in a small DEFAULT partition.
CREATE FUNCTION parley.maintain_month_partitions(p_parent text, p_now timestamptz DEFAULT now())
RETURNS TABLE (partition_name text, moved bigint)
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET timezone = 'UTC'
AS $$
DECLARE v_months date[]; v_waiting date[];
BEGIN
  PERFORM require_partitioned(p_parent);
  SELECT array_agg((date_trunc('month', p_now) + make_interval(months => n))::date) INTO v_months
    FROM partition_rules r, generate_series(0, r.months_ahead) AS n WHERE r.parent = p_parent;
  IF default_is_small(p_parent) THEN
    EXECUTE format('SELECT array_agg(DISTINCT date_trunc(''month'', created_at)::date) FROM ONLY parley.%I WHERE isfinite(created_at)',
      p_parent || '_default') INTO v_waiting;
  END IF;
  RETURN QUERY SELECT * FROM create_month_partitions(p_parent, v_months || v_waiting);
END $$;

-- The two functions by the names under which others know them.
CREATE FUNCTION parley.create_messages_partition(p_month date) RETURNS text
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET timezone = 'UTC'
AS $$
BEGIN
  IF p_month IS NULL OR p_month NOT BETWEEN DATE '2000-01-01' AND DATE '2199-12-31' THEN
    RAISE EXCEPTION 'a month between 2000 and 2199 is needed' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM create_month_partitions('messages', ARRAY[p_month]);
  RETURN month_partition('messages', date_trunc('month', p_month::timestamptz));
END $$;
CREATE FUNCTION parley.maintain_messages_partitions(p_now timestamptz DEFAULT now())
RETURNS TABLE (partition_name text, moved bigint)
  LANGUAGE sql VOLATILE SET search_path = parley, pg_temp
  AS $$ SELECT * FROM maintain_month_partitions('messages', p_now) $$;

-- Draining a large DEFAULT partition ----------------------------------------------------------------------------------
-- Its rows are copied beside, month by month, while a trigger carries over every change; then, under one short lock, the
-- copies take its place. Until that commit nothing is gone: killed anywhere, the next upkeep goes on where this one was.

CREATE FUNCTION parley.mirror_to_month() RETURNS trigger
  LANGUAGE plpgsql AS $$
-- Arguments: the parent, its key, its columns, the same columns read from $1, and the assignments of an upsert.
DECLARE v_target text; v_old boolean := TG_OP = 'DELETE'; v_at timestamptz;
BEGIN
  v_at := CASE WHEN v_old THEN OLD.created_at ELSE NEW.created_at END;
  v_target := CASE WHEN isfinite(v_at) THEN parley.month_partition(TG_ARGV[0], v_at) END;
  IF v_target IS NULL OR to_regclass('parley.' || quote_ident(v_target)) IS NULL THEN v_target := TG_ARGV[0] || '_default_new'; END IF;
  IF v_old THEN
    EXECUTE format('DELETE FROM parley.%I WHERE (%s) = (SELECT %s)', v_target, TG_ARGV[1], TG_ARGV[2]) USING OLD;
  ELSE
    EXECUTE format('INSERT INTO parley.%I (%s) SELECT %s ON CONFLICT (%s) DO UPDATE SET %s',
      v_target, TG_ARGV[3], TG_ARGV[4], TG_ARGV[1], TG_ARGV[5]) USING NEW;
  END IF;
  RETURN NULL;
END $$;

-- Is a drain under way whose copies still look like the table?
CREATE FUNCTION parley.drain_state(p_parent text) RETURNS text
  LANGUAGE plpgsql STABLE SET search_path = parley, pg_temp
AS $$
BEGIN
  IF to_regclass('parley.' || quote_ident(p_parent || '_default_new')) IS NULL THEN RETURN 'none'; END IF;
  IF written_columns(p_parent) IS DISTINCT FROM written_columns(p_parent || '_default_new')
     OR (SELECT count(*) FROM pg_index WHERE indrelid = format('parley.%I', p_parent)::regclass)
        <> (SELECT count(*) FROM pg_index WHERE indrelid = format('parley.%I', p_parent || '_default_new')::regclass) THEN
    RETURN 'stale'; -- the table was changed by a migration meanwhile
  END IF;
  RETURN 'copying';
END $$;

-- Copies that are not (yet) part of the table.
CREATE FUNCTION parley.drain_tables(p_parent text) RETURNS SETOF text
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT c.relname::text FROM pg_class c
   WHERE c.relnamespace = 'parley'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
     AND (c.relname = p_parent || '_default_new'
       OR (c.relname ~ ('^' || p_parent || '_\d{4}_\d{2}$')
           AND EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.conname = 'month_bounds')))
   ORDER BY 1
$$;

-- Gives a drain up: the DEFAULT partition still has everything.
CREATE FUNCTION parley.abandon_drain(p_parent text) RETURNS void
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET lock_timeout = '200ms'
AS $$
DECLARE v_table text; v_referenced text[] := referenced_tables(p_parent);
BEGIN
  PERFORM require_partitioned(p_parent);
  PERFORM one_upkeep();
  PERFORM lock_for_upkeep(v_referenced || (p_parent || '_default'), array_fill('ACCESS EXCLUSIVE'::text, ARRAY[cardinality(v_referenced) + 1]), 30);
  EXECUTE format('DROP TRIGGER IF EXISTS mirror_to_month ON parley.%I', p_parent || '_default');
  FOR v_table IN SELECT * FROM drain_tables(p_parent) LOOP EXECUTE format('DROP TABLE parley.%I', v_table); END LOOP;
  EXECUTE format('ALTER TABLE parley.%I RESET (autovacuum_enabled)', p_parent || '_default');
  UPDATE partition_rules SET drain_equal_at = NULL WHERE parent = p_parent;
END $$;

-- Makes the tables beside, and lets the trigger carry over what changes from now on.
CREATE FUNCTION parley.begin_drain(p_parent text, p_now timestamptz DEFAULT now()) RETURNS SETOF text
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET timezone = 'UTC' SET lock_timeout = '200ms'
AS $$
DECLARE v_months date[]; v_month date; v_default text := p_parent || '_default'; v_key text; v_sets text;
BEGIN
  PERFORM require_partitioned(p_parent);
  PERFORM one_upkeep();
  EXECUTE format('SELECT array_agg(DISTINCT date_trunc(''month'', created_at)::date) FROM ONLY parley.%I WHERE isfinite(created_at)', v_default)
    INTO v_months;
  -- What is written while this goes on: this month's, and the next one's if it begins meanwhile.
  FOR v_month IN SELECT DISTINCT m FROM unnest(v_months || ARRAY[date_trunc('month', p_now)::date, (date_trunc('month', p_now) + interval '1 month')::date]) AS m
                  WHERE NOT EXISTS (SELECT FROM month_partitions(p_parent) x WHERE x.month = m) ORDER BY 1 LOOP
    RETURN NEXT make_month(p_parent, v_month);
  END LOOP;
  PERFORM make_beside(p_parent, v_default || '_new');
  RETURN NEXT v_default || '_new';
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.ord) INTO v_key
    FROM pg_index i, unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(num, ord) JOIN pg_attribute a ON a.attnum = k.num
   WHERE i.indrelid = format('parley.%I', p_parent)::regclass AND i.indisprimary AND a.attrelid = i.indrelid;
  SELECT string_agg(format('%1$I = EXCLUDED.%1$I', a.attname), ', ') INTO v_sets FROM pg_attribute a
   WHERE a.attrelid = format('parley.%I', p_parent)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '';
  UPDATE partition_rules SET drain_equal_at = NULL WHERE parent = p_parent;
  PERFORM lock_for_upkeep(ARRAY[v_default], ARRAY['SHARE ROW EXCLUSIVE'], 60);
  EXECUTE format('CREATE TRIGGER mirror_to_month AFTER INSERT OR UPDATE OR DELETE ON parley.%I FOR EACH ROW EXECUTE FUNCTION parley.mirror_to_month(%L, %L, %L, %L, %L, %L)',
    v_default, p_parent, v_key, (SELECT string_agg('($1).' || x, ', ') FROM unnest(string_to_array(v_key, ', ')) AS x),
    written_columns(p_parent), written_columns(p_parent, '($1).'), v_sets);
  -- Also for what a replication writes.
  EXECUTE format('ALTER TABLE parley.%I ENABLE ALWAYS TRIGGER mirror_to_month', v_default);
  -- It goes soon; a vacuum of it would only stand in the way.
  EXECUTE format('ALTER TABLE parley.%I SET (autovacuum_enabled = false)', v_default);
END $$;

-- Copies some pages. A row that is being deleted is waited for; a row that was copied or mirrored before stays as it is.
CREATE FUNCTION parley.copy_drain(p_parent text, p_from_page bigint, p_to_page bigint) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET timezone = 'UTC' SET lock_timeout = '5s'
AS $$
DECLARE v_table text; v_columns text; v_n bigint; v_all bigint := 0; v_months text[]; v_pages text;
BEGIN
  PERFORM require_partitioned(p_parent);
  v_columns := written_columns(p_parent);
  v_pages := format('ctid >= ''(%s,0)'' AND ctid < ''(%s,0)''', p_from_page, p_to_page);
  EXECUTE format('SELECT array_agg(DISTINCT CASE WHEN isfinite(created_at) THEN parley.month_partition(%L, created_at) END) FROM ONLY parley.%I WHERE %s',
    p_parent, p_parent || '_default', v_pages) INTO v_months;
  FOR v_table IN SELECT * FROM drain_tables(p_parent) LOOP
    CONTINUE WHEN v_table <> p_parent || '_default_new' AND NOT v_table = ANY (v_months);
    EXECUTE format('INSERT INTO parley.%I (%s) SELECT %s FROM ONLY parley.%I WHERE %s AND %s FOR KEY SHARE ON CONFLICT DO NOTHING',
      v_table, v_columns, v_columns, p_parent || '_default', v_pages,
      CASE WHEN v_table = p_parent || '_default_new'
           THEN format('(NOT isfinite(created_at) OR NOT parley.month_partition(%L, created_at) = ANY (%L::text[]))', p_parent,
                       (SELECT array_agg(t) FROM drain_tables(p_parent) AS t))
           ELSE (SELECT regexp_replace(pg_get_constraintdef(k.oid), '^CHECK ', '') FROM pg_constraint k
                  WHERE k.conrelid = format('parley.%I', v_table)::regclass AND k.conname = 'month_bounds') END);
    GET DIAGNOSTICS v_n = ROW_COUNT;
    v_all := v_all + v_n;
  END LOOP;
  RETURN v_all;
END $$;

-- The keys to other tables, added without looking at the rows; check_drain_keys looks, without stopping anybody.
CREATE FUNCTION parley.add_drain_keys(p_parent text) RETURNS void
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET lock_timeout = '200ms'
AS $$
DECLARE v_table text; k record; v_referenced text[] := referenced_tables(p_parent);
BEGIN
  PERFORM require_partitioned(p_parent);
  PERFORM one_upkeep();
  IF v_referenced = '{}' THEN RETURN; END IF;
  PERFORM lock_for_upkeep(v_referenced, array_fill('SHARE ROW EXCLUSIVE'::text, ARRAY[cardinality(v_referenced)]), 60);
  FOR v_table IN SELECT * FROM drain_tables(p_parent) LOOP
    FOR k IN SELECT f.conname, pg_get_constraintdef(f.oid) AS def FROM pg_constraint f
              WHERE f.conrelid = format('parley.%I', p_parent)::regclass AND f.contype = 'f'
                AND NOT EXISTS (SELECT FROM pg_constraint x WHERE x.conrelid = format('parley.%I', v_table)::regclass AND x.conname = f.conname) LOOP
      EXECUTE format('ALTER TABLE parley.%I ADD CONSTRAINT %I %s NOT VALID', v_table, k.conname, k.def);
    END LOOP;
  END LOOP;
END $$;
CREATE FUNCTION parley.check_drain_keys(p_parent text) RETURNS void
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET lock_timeout = '5s'
AS $$
DECLARE v_table text; v_key text;
BEGIN
  PERFORM require_partitioned(p_parent);
  FOR v_table IN SELECT * FROM drain_tables(p_parent) LOOP
    FOR v_key IN SELECT f.conname FROM pg_constraint f
                  WHERE f.conrelid = format('parley.%I', v_table)::regclass AND f.contype = 'f' AND NOT f.convalidated LOOP
      EXECUTE format('ALTER TABLE parley.%I VALIDATE CONSTRAINT %I', v_table, v_key);
    END LOOP;
  END LOOP;
END $$;

-- Rows of the DEFAULT partition and of the copies, counted and summed up in one view of the database: the trigger writes in the
-- transaction it carries over, so both are equal or something is wrong; and once equal they stay so.
CREATE FUNCTION parley.compare_drain(p_parent text) RETURNS TABLE (rows_here bigint, rows_beside bigint, equal boolean)
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp
AS $$
DECLARE v_sum text := format('count(*) AS n, coalesce(sum(hashtextextended(ROW(%s)::text, 0)), 0) AS sum', written_columns(p_parent)); v_beside text;
BEGIN
  PERFORM require_partitioned(p_parent);
  SELECT string_agg(format('SELECT %s FROM parley.%I', v_sum, t), ' UNION ALL ') INTO v_beside FROM drain_tables(p_parent) AS t;
  EXECUTE format('SELECT h.n, b.n::bigint, h.n = b.n AND h.sum = b.sum
    FROM (SELECT %s FROM ONLY parley.%I) h, (SELECT coalesce(sum(n), 0) AS n, coalesce(sum(sum), 0) AS sum FROM (%s) x) b',
    v_sum, p_parent || '_default', v_beside) INTO rows_here, rows_beside, equal;
  UPDATE partition_rules SET drain_equal_at = CASE WHEN equal THEN clock_timestamp() END WHERE parent = p_parent;
  RETURN NEXT;
END $$;

-- The copies take the place of the DEFAULT partition. The only moment in which everybody waits.
CREATE FUNCTION parley.finish_drain(p_parent text, p_seconds double precision DEFAULT 60) RETURNS SETOF text
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET timezone = 'UTC' SET lock_timeout = '200ms'
AS $$
DECLARE v_table text; v_index text; v_default text := p_parent || '_default'; v_referenced text[] := referenced_tables(p_parent); v_months text[];
BEGIN
  PERFORM require_partitioned(p_parent);
  PERFORM one_upkeep();
  IF drain_state(p_parent) <> 'copying' OR NOT EXISTS (SELECT FROM partition_rules r WHERE r.parent = p_parent AND r.drain_equal_at IS NOT NULL) THEN
    RAISE EXCEPTION 'the copies of % have not been found equal', p_parent USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  SELECT array_agg(t) INTO v_months FROM drain_tables(p_parent) AS t WHERE t <> v_default || '_new';
  PERFORM lock_for_upkeep(v_referenced || ARRAY[p_parent, v_default],
    array_fill('ACCESS EXCLUSIVE'::text, ARRAY[cardinality(v_referenced) + 2]), p_seconds);
  EXECUTE format('ALTER TABLE parley.%I DETACH PARTITION parley.%I', p_parent, v_default);
  EXECUTE format('DROP TABLE parley.%I', v_default);
  EXECUTE format('ALTER TABLE parley.%I RENAME TO %I', v_default || '_new', v_default);
  FOR v_index IN SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                  WHERE i.indrelid = format('parley.%I', v_default)::regclass AND c.relname LIKE v_default || '\_new%' LOOP
    EXECUTE format('ALTER INDEX parley.%I RENAME TO %I', v_index, v_default || substr(v_index, length(v_default || '_new') + 1));
  END LOOP;
  FOREACH v_table IN ARRAY v_months LOOP
    PERFORM attach_month(p_parent, to_date(right(v_table, 7), 'YYYY_MM'));
    RETURN NEXT v_table;
  END LOOP;
  EXECUTE format('ALTER TABLE parley.%I ATTACH PARTITION parley.%I DEFAULT', p_parent, v_default);
  UPDATE partition_rules SET drain_equal_at = NULL WHERE parent = p_parent;
END $$;

-- A month whose time is over. Detached under a short lock, then dropped; what was detached and not dropped, because somebody
-- was killed in between, is dropped by the next upkeep.
CREATE FUNCTION parley.detach_month(p_parent text, p_month date, p_seconds double precision DEFAULT 60) RETURNS text
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET timezone = 'UTC' SET lock_timeout = '200ms'
AS $$
DECLARE v_name text := month_partition(p_parent, p_month::timestamptz); v_referenced text[] := referenced_tables(p_parent);
BEGIN
  PERFORM require_partitioned(p_parent);
  PERFORM one_upkeep();
  IF NOT EXISTS (SELECT FROM month_partitions(p_parent) m WHERE m.name = v_name) THEN
    RAISE EXCEPTION 'there is no partition %', v_name USING ERRCODE = 'undefined_table';
  END IF;
  PERFORM lock_for_upkeep(v_referenced || ARRAY[p_parent, p_parent || '_default', v_name],
    array_fill('SHARE ROW EXCLUSIVE'::text, ARRAY[cardinality(v_referenced)]) || array_fill('ACCESS EXCLUSIVE'::text, ARRAY[3]), p_seconds);
  EXECUTE format('ALTER TABLE parley.%I DETACH PARTITION parley.%I', p_parent, v_name);
  EXECUTE format('ALTER TABLE parley.%I RENAME TO %I', v_name, v_name || '_over');
  RETURN v_name || '_over';
END $$;
CREATE FUNCTION parley.drop_detached(p_parent text, p_seconds double precision DEFAULT 60) RETURNS SETOF text
  LANGUAGE plpgsql VOLATILE SET search_path = parley, pg_temp SET lock_timeout = '200ms'
AS $$
DECLARE v_table text; v_referenced text[] := referenced_tables(p_parent);
BEGIN
  PERFORM require_partitioned(p_parent);
  PERFORM one_upkeep();
  FOR v_table IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'parley'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
                   AND c.relname ~ ('^' || p_parent || '_\d{4}_\d{2}_over$') ORDER BY 1 LOOP
    PERFORM lock_for_upkeep(v_referenced || v_table, array_fill('ACCESS EXCLUSIVE'::text, ARRAY[cardinality(v_referenced) + 1]), p_seconds);
    EXECUTE format('DROP TABLE parley.%I', v_table);
    RETURN NEXT v_table;
  END LOOP;
END $$;

-- How it stands, for health and for those who run the server: months after this one that are there, rows in the DEFAULT
-- partition (counted up to a thousand: any is too many), the last upkeep.
CREATE FUNCTION parley.partition_state(p_now timestamptz DEFAULT now())
RETURNS TABLE (parent text, months_ahead integer, months integer, rows_in_default integer, draining boolean)
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = parley, pg_temp SET timezone = 'UTC'
AS $$
BEGIN
  FOR parent IN SELECT r.parent FROM partition_rules r ORDER BY 1 LOOP
    SELECT count(*) INTO months FROM month_partitions(parent);
    -- Ahead without a gap: a month that is missing in between is where writing would go astray.
    SELECT coalesce(min(n) - 1, 24) INTO months_ahead FROM generate_series(0, 24) AS n
     WHERE NOT EXISTS (SELECT FROM month_partitions(parent) m WHERE m.month = (date_trunc('month', p_now) + make_interval(months => n))::date);
    EXECUTE format('SELECT count(*) FROM (SELECT FROM ONLY parley.%I LIMIT 1000) x', parent || '_default') INTO rows_in_default;
    draining := to_regclass('parley.' || quote_ident(parent || '_default_new')) IS NOT NULL;
    RETURN NEXT;
  END LOOP;
END $$;

GRANT CREATE ON SCHEMA parley TO parley_system;
ALTER FUNCTION parley.partition_state(timestamptz) OWNER TO parley_system;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
DO $$
DECLARE f regprocedure;
BEGIN
  FOR f IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'parley'::regnamespace AND p.proname IN (
    'require_partitioned', 'one_upkeep', 'lock_for_upkeep', 'referenced_tables', 'make_beside', 'make_month', 'attach_month',
    'written_columns', 'default_is_small', 'create_month_partitions', 'maintain_month_partitions', 'create_messages_partition',
    'maintain_messages_partitions', 'drain_state', 'drain_tables', 'abandon_drain', 'begin_drain', 'copy_drain', 'add_drain_keys',
    'check_drain_keys', 'compare_drain', 'finish_drain', 'detach_month', 'drop_detached', 'partition_state') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
  END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION parley.partition_state(timestamptz) TO parley_app;

-- Down Migration
-- Months that were made stay: they are partitions like the DEFAULT one.
DROP FUNCTION parley.partition_state, parley.drop_detached, parley.detach_month, parley.finish_drain, parley.compare_drain,
  parley.check_drain_keys, parley.add_drain_keys, parley.copy_drain, parley.begin_drain, parley.abandon_drain, parley.drain_tables,
  parley.drain_state, parley.mirror_to_month, parley.maintain_messages_partitions, parley.create_messages_partition,
  parley.maintain_month_partitions, parley.create_month_partitions, parley.default_is_small, parley.written_columns,
  parley.attach_month, parley.make_month, parley.make_beside, parley.referenced_tables, parley.lock_for_upkeep,
  parley.one_upkeep, parley.require_partitioned, parley.month_partitions, parley.month_partition;
REVOKE SELECT, INSERT, UPDATE, DELETE ON parley.messages_default, parley.webhook_events_default FROM parley_system;
DROP TABLE parley.upkeep, parley.partition_rules;
