-- Up Migration
-- A stranger's line to a number that is given to another business while it waits: held is the account only if it still has that
-- number, else the batch is asked again, and the line is the new business's.
DO $$
DECLARE v_old text := pg_get_functiondef('parley.receive_lines'::regproc); v_new text;
BEGIN
  v_new := replace(v_old, 'WHERE x.tenant_id = ANY (w_tenant) AND x.id = ANY (w_account) ORDER BY',
    'WHERE x.tenant_id = ANY (w_tenant) AND x.id = ANY (w_account) AND x.external_id = ANY (p_place_account) ORDER BY');
  IF v_new = v_old AND position('x.external_id = ANY (p_place_account)' IN v_old) = 0 THEN
    RAISE EXCEPTION 'receive_lines does not hold accounts';
  END IF;
  EXECUTE v_new;
END $$;

-- Down Migration
DO $$
BEGIN
  EXECUTE replace(pg_get_functiondef('parley.receive_lines'::regproc), ' AND x.external_id = ANY (p_place_account)', '');
END $$;
