-- Up Migration
-- HELP and START are nobody's turn, but they answer nothing either: what the customer wrote before one of them and nobody has answered
-- still waits. After STOP nothing does.
GRANT CREATE ON SCHEMA parley TO parley_system;
DO $$
DECLARE v_old text := pg_get_functiondef('parley.receive_consents'::regproc); v_new text;
BEGIN
  v_new := replace(v_old, E'AND l.conversation_id = m.conversation_id AND l.kind = ''turn'';',
    E'AND l.conversation_id = m.conversation_id AND l.kind = ''turn''\n'
    || E'         AND (e.state = ''opted_out'' OR NOT EXISTS (\n'
    || E'           SELECT FROM messages y WHERE y.tenant_id = e.tenant AND y.conversation_id = m.conversation_id\n'
    || E'              AND y.direction = ''inbound'' AND y.seq > l.done_seq AND y.seq < x.seq));');
  IF v_new = v_old THEN
    RAISE EXCEPTION 'receive_consents is not as expected';
  END IF;
  EXECUTE v_new;
END $$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DO $$
DECLARE v_new text := pg_get_functiondef('parley.receive_consents'::regproc);
BEGIN
  EXECUTE replace(v_new, E'\n         AND (e.state = ''opted_out'' OR NOT EXISTS (\n'
    || E'           SELECT FROM messages y WHERE y.tenant_id = e.tenant AND y.conversation_id = m.conversation_id\n'
    || E'              AND y.direction = ''inbound'' AND y.seq > l.done_seq AND y.seq < x.seq));', ';');
END $$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
