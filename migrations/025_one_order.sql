-- Up Migration
-- Two batches at once that insert under the same unique keys in different orders wait for each other in a circle: both stand
-- still for a second before the server ends one of them. So everything that another batch may insert too goes in in one order.
DO $$
DECLARE v_old text; v_new text; f record;
BEGIN
  FOR f IN SELECT * FROM (VALUES
    -- The same receipts come to two servers.
    ('receive_receipts', E'WHERE e.tenant IS NOT NULL AND NOT e.inbound\n      ON CONFLICT DO NOTHING',
     E'WHERE e.tenant IS NOT NULL AND NOT e.inbound ORDER BY e.tenant, e.account, e.external, e.status, e.participant, e.occurred\n      ON CONFLICT DO NOTHING'),
    -- The same messages do.
    ('receive_messages', 'FROM e WHERE (SELECT count(*) FROM identities) >= 0',
     'FROM e WHERE (SELECT count(*) FROM identities) >= 0 ORDER BY e.tenant, e.account, e.external'),
    -- Known people whose conversations have ended write again: each of them has one open conversation on an account.
    ('receive_messages', 'WHERE (SELECT count(*) FROM ledger) >= 0',
     'WHERE (SELECT count(*) FROM ledger) >= 0 ORDER BY g.tenant, w_account[g.place], g.contact')
  ) AS x(name, was, becomes) LOOP
    v_old := pg_get_functiondef(('parley.' || f.name)::regproc);
    v_new := replace(v_old, f.was, f.becomes);
    IF v_new = v_old THEN
      RAISE EXCEPTION '% does not insert as expected', f.name;
    END IF;
    EXECUTE v_new;
  END LOOP;
END $$;

-- Down Migration
DO $$
DECLARE f record;
BEGIN
  FOR f IN SELECT * FROM (VALUES
    ('receive_receipts', ' ORDER BY e.tenant, e.account, e.external, e.status, e.participant, e.occurred'),
    ('receive_messages', ' ORDER BY e.tenant, e.account, e.external'),
    ('receive_messages', ' ORDER BY g.tenant, w_account[g.place], g.contact')) AS x(name, gone) LOOP
    EXECUTE replace(pg_get_functiondef(('parley.' || f.name)::regproc), f.gone, '');
  END LOOP;
END $$;
