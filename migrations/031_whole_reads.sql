-- Up Migration
-- Whoever waits for the DEFAULT partition knows the partitions already that it will read: those that are attached meanwhile are not
-- among them, and the rows moved there were missing from its answer. Waiting for the table itself it learns them afterwards.
DO $$
DECLARE
  v_old text := pg_get_functiondef('parley.create_month_partitions'::regproc);
  v_new text := replace(v_old, 'ARRAY[''SHARE UPDATE EXCLUSIVE'', ''ACCESS EXCLUSIVE'']', 'ARRAY[''ACCESS EXCLUSIVE'', ''ACCESS EXCLUSIVE'']');
BEGIN
  IF v_new = v_old THEN
    RAISE EXCEPTION 'create_month_partitions does not lock as expected';
  END IF;
  EXECUTE v_new;
END $$;

-- Down Migration
DO $$
BEGIN
  EXECUTE replace(pg_get_functiondef('parley.create_month_partitions'::regproc),
    'ARRAY[''ACCESS EXCLUSIVE'', ''ACCESS EXCLUSIVE'']', 'ARRAY[''SHARE UPDATE EXCLUSIVE'', ''ACCESS EXCLUSIVE'']');
END $$;
