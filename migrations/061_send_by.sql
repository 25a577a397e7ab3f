-- Up Migration
-- A message may say until when it is worth sending: the text of a missed call that waited for days for credentials would be about nothing.
GRANT CREATE ON SCHEMA parley TO parley_system;
DO $$
DECLARE v_old text; v_new text; r record;
BEGIN
  v_new := pg_get_functiondef('parley.claim_sends'::regproc);
  FOR r IN SELECT * FROM (VALUES
    (', registration text)', ', registration text, send_by timestamp with time zone)'),
    (' r.wamid AS reply_wamid,', ' r.wamid AS reply_wamid, (t.metadata ->> ''sendBy'')::timestamptz AS send_by,'),
    (' registration := a.registration;', ' registration := a.registration; send_by := m.send_by;')
  ) AS x(was, becomes) LOOP
    v_old := v_new;
    v_new := replace(v_new, r.was, r.becomes);
    IF v_new = v_old THEN
      RAISE EXCEPTION 'claim_sends is not as expected: %', r.was;
    END IF;
  END LOOP;
  DROP FUNCTION parley.claim_sends(integer, integer, jsonb);
  EXECUTE v_new;
END $$;
ALTER FUNCTION parley.claim_sends OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.claim_sends FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.claim_sends TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DO $$
DECLARE v_new text; r record;
BEGIN
  v_new := pg_get_functiondef('parley.claim_sends'::regproc);
  FOR r IN SELECT * FROM (VALUES
    (', send_by timestamp with time zone)', ')'),
    (' (t.metadata ->> ''sendBy'')::timestamptz AS send_by,', ''),
    (' send_by := m.send_by;', '')
  ) AS x(was, becomes) LOOP
    v_new := replace(v_new, r.was, r.becomes);
  END LOOP;
  DROP FUNCTION parley.claim_sends(integer, integer, jsonb);
  EXECUTE v_new;
END $$;
ALTER FUNCTION parley.claim_sends OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.claim_sends FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.claim_sends TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
