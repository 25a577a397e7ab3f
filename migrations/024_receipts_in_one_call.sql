-- Up Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
-- Receipts and the raw webhooks that brought them, in one call and so in one round trip. Only where nothing else has to be
-- done about any of them: a receipt of an account that is not here, or of a customer's own message, undoes the call with
-- the code PA001, and the caller takes the long way.
--   p_w_receipt   per webhook, the first of its receipts (from 1); all of one webhook are about one account
CREATE FUNCTION parley.receive_plain_receipts(
  p_now timestamptz, p_provider text[], p_app text[], p_account text[], p_external text[], p_status text[],
  p_participant text[], p_phone text[], p_message_id uuid[], p_error_code text[], p_error text[], p_detail text[], p_occurred timestamptz[],
  p_w_id uuid[], p_w_receipt integer[], p_w_provider text[], p_w_app text[], p_w_type text[], p_w_headers text[], p_w_length integer[], p_w_payloads bytea
) RETURNS TABLE (result text, tenant_id uuid)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_result text[]; v_tenant uuid[];
BEGIN
  SELECT array_agg(r.result ORDER BY r.ord), array_agg(r.tenant_id ORDER BY r.ord) INTO v_result, v_tenant
    FROM receive_receipts(p_now, p_provider, p_app, p_account, p_external, p_status, p_participant, p_phone, p_message_id, p_error_code,
                          p_error, p_detail, p_occurred) r;
  IF v_result && '{inbound,unknown_account}' THEN
    RAISE EXCEPTION 'not all of these receipts are plain' USING ERRCODE = 'PA001';
  END IF;
  PERFORM receive_webhooks(p_w_id, p_w_provider, p_w_app, p_w_type, p_w_headers, array_fill('processed'::text, ARRAY[cardinality(p_w_id)]),
    array_fill(NULL::text, ARRAY[cardinality(p_w_id)]), ARRAY(SELECT v_tenant[w.receipt] FROM unnest(p_w_receipt) WITH ORDINALITY AS w(receipt, ord) ORDER BY w.ord),
    p_w_length, p_w_payloads, p_now);
  RETURN QUERY SELECT * FROM unnest(v_result, v_tenant);
END $$;
ALTER FUNCTION parley.receive_plain_receipts OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.receive_plain_receipts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.receive_plain_receipts TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DROP FUNCTION parley.receive_plain_receipts;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
