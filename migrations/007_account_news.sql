-- Up Migration
-- What a provider tells about an account (template and quality updates, restrictions, preferences, unknown fields): each
-- kept once as an event. The same update delivered again has the same key.
CREATE TABLE parley.account_updates (
  tenant_id uuid NOT NULL,
  channel_account_id uuid NOT NULL,
  key text NOT NULL,
  type text NOT NULL,
  data jsonb NOT NULL,
  occurred_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT account_updates_pkey PRIMARY KEY (tenant_id, channel_account_id, key),
  CONSTRAINT account_updates_key_check CHECK (length(key) BETWEEN 1 AND 512),
  CONSTRAINT fk_account_updates_account FOREIGN KEY (tenant_id, channel_account_id)
    REFERENCES parley.channel_accounts (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE parley.account_updates ENABLE ROW LEVEL SECURITY;
ALTER TABLE parley.account_updates FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON parley.account_updates TO parley_app
  USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()));
CREATE POLICY system_door ON parley.account_updates TO parley_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON parley.account_updates TO parley_app;
GRANT SELECT, INSERT ON parley.account_updates TO parley_system;
GRANT UPDATE ON parley.tenant_whatsapp_config TO parley_system;
GRANT CREATE ON SCHEMA parley TO parley_system;

-- One update, for every account it is about. p_template: {name, language, externalId?, status?, reason?, quality?, category?}.
-- Returns how many accounts it was new for; -1 where it is about no account known here.
CREATE FUNCTION parley.receive_account_update(
  p_provider text, p_app text, p_owner text, p_account text, p_type text, p_key text, p_data text, p_template text, p_occurred timestamptz
) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
DECLARE
  a record; t jsonb := p_template::jsonb; v_known boolean := false; v_new integer := 0;
BEGIN
  FOR a IN SELECT f.tenant_id, f.account_id FROM find_owned_accounts(p_provider, p_app, p_owner, p_account) f ORDER BY 1, 2 LOOP
    v_known := true;
    INSERT INTO account_updates (tenant_id, channel_account_id, key, type, data, occurred_at)
      VALUES (a.tenant_id, a.account_id, p_key, p_type, p_data::jsonb, p_occurred) ON CONFLICT DO NOTHING;
    CONTINUE WHEN NOT FOUND;
    v_new := v_new + 1;
    IF t IS NOT NULL THEN
      UPDATE templates SET
        status = coalesce(t ->> 'status', status),
        rejection_reason = CASE WHEN t ? 'reason' THEN t ->> 'reason' ELSE rejection_reason END,
        quality = coalesce(t ->> 'quality', quality),
        category = coalesce(t ->> 'category', category),
        external_id = coalesce(external_id, t ->> 'externalId')
       WHERE tenant_id = a.tenant_id AND channel_account_id = a.account_id AND name = t ->> 'name' AND language = t ->> 'language';
    END IF;
    INSERT INTO events (tenant_id, type, actor, data)
      VALUES (a.tenant_id, p_type, 'provider:' || p_provider, jsonb_build_object('accountId', a.account_id, 'update', p_data::jsonb));
  END LOOP;
  RETURN CASE WHEN v_known THEN v_new ELSE -1 END;
END $$;

-- An identity of a person became another one, or two are now known to be one person's. The new one is linked with its
-- evidence; where it already belongs to somebody else nothing is merged blindly: an event says so.
-- Returns linked, known, conflict, or unknown (nobody here has the old one).
CREATE FUNCTION parley.receive_identity(
  p_provider text, p_app text, p_account text, p_from_kind text, p_from_scope text, p_from_value text,
  p_to_kind text, p_to_scope text, p_to_value text, p_to_phone text, p_reason text, p_occurred timestamptz
) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
DECLARE
  a record; v_contact uuid; v_other uuid; v_scope text; v_phone_taken boolean;
BEGIN
  SELECT c.tenant_id, c.id, coalesce(c.portfolio_id, c.id::text) AS portfolio INTO a FROM channel_accounts c
   WHERE c.provider = p_provider AND c.external_id = p_account AND c.app_slug = p_app;
  IF NOT FOUND THEN RETURN 'unknown'; END IF;
  SELECT i.contact_id INTO v_contact FROM contact_identities i WHERE i.tenant_id = a.tenant_id AND i.kind = p_from_kind
     AND i.value = p_from_value AND i.scope = CASE WHEN p_from_scope = '' THEN '' ELSE a.portfolio END;
  IF v_contact IS NULL THEN RETURN 'unknown'; END IF;
  v_scope := CASE WHEN p_to_scope = '' THEN '' ELSE a.portfolio END;
  INSERT INTO contact_identities (tenant_id, scope, kind, value, contact_id, evidence)
    VALUES (a.tenant_id, v_scope, p_to_kind, p_to_value, v_contact,
            jsonb_build_object('reason', p_reason, 'from', p_from_value, 'at', p_occurred)) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    SELECT i.contact_id INTO v_other FROM contact_identities i
     WHERE i.tenant_id = a.tenant_id AND i.scope = v_scope AND i.kind = p_to_kind AND i.value = p_to_value;
    IF v_other = v_contact THEN RETURN 'known'; END IF;
    INSERT INTO events (tenant_id, type, actor, data) VALUES (a.tenant_id, 'contact.identity_conflict', 'provider:' || p_provider,
      jsonb_build_object('contactId', v_contact, 'otherContactId', v_other, 'reason', p_reason));
    RETURN 'conflict';
  END IF;
  IF p_to_phone IS NOT NULL THEN
    SELECT EXISTS (SELECT FROM contacts c WHERE c.tenant_id = a.tenant_id AND c.phone = p_to_phone AND c.id <> v_contact) INTO v_phone_taken;
    IF NOT v_phone_taken THEN
      UPDATE contacts SET phone = p_to_phone WHERE tenant_id = a.tenant_id AND id = v_contact;
    END IF;
  END IF;
  INSERT INTO events (tenant_id, type, actor, data) VALUES (a.tenant_id, 'contact.updated', 'provider:' || p_provider,
    jsonb_build_object('contactId', v_contact, 'reason', p_reason));
  RETURN 'linked';
END $$;

ALTER FUNCTION parley.receive_account_update OWNER TO parley_system;
ALTER FUNCTION parley.receive_identity OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.receive_account_update, parley.receive_identity FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.receive_account_update, parley.receive_identity TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DROP FUNCTION parley.receive_identity, parley.receive_account_update;
DROP TABLE parley.account_updates;
