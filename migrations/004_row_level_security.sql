-- Up Migration
-- The second wall behind the keys. Every tenant table shows parley_app the rows of the transaction's tenant and nothing
-- else; owners are bound too (FORCE). parley_system, which owns the cross-tenant functions, has a policy of its own on the
-- tables those functions need, and no rights on any other.
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['tenant_credentials', 'user_profiles', 'tenant_api_keys', 'channel_apps', 'channel_accounts',
    'tenant_whatsapp_config', 'contacts', 'contact_identities', 'conversations', 'conversation_lanes',
    'conversation_mappings', 'conversation_context', 'message_tracking', 'messages', 'messages_default',
    'message_statuses', 'provider_refs', 'send_attempts', 'media_objects', 'templates', 'webhook_events',
    'webhook_events_default', 'events', 'dead_letters']
  LOOP
    EXECUTE format('ALTER TABLE parley.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE parley.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant_wall ON parley.%I TO parley_app
      USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()))', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON parley.%I TO parley_app', t);
  END LOOP;
  -- A tenant's own row: its id is the tenant.
  ALTER TABLE parley.tenants ENABLE ROW LEVEL SECURITY;
  ALTER TABLE parley.tenants FORCE ROW LEVEL SECURITY;
  CREATE POLICY tenant_wall ON parley.tenants TO parley_app
    USING (id = (SELECT parley.current_tenant())) WITH CHECK (id = (SELECT parley.current_tenant()));
  GRANT SELECT, INSERT, UPDATE ON parley.tenants TO parley_app;

  FOREACH t IN ARRAY ARRAY['tenants', 'tenant_credentials', 'user_profiles', 'tenant_api_keys', 'channel_apps',
    'channel_accounts', 'tenant_whatsapp_config', 'contacts', 'contact_identities', 'conversations', 'conversation_lanes',
    'message_tracking', 'messages', 'messages_default', 'message_statuses', 'provider_refs', 'send_attempts',
    'media_objects', 'templates', 'webhook_events', 'webhook_events_default', 'events', 'dead_letters']
  LOOP
    EXECUTE format('CREATE POLICY system_door ON parley.%I TO parley_system USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;

-- People and their sessions are not tenant tables: a person signs in before any tenant is known.
GRANT SELECT, INSERT, UPDATE, DELETE ON parley.users, parley.user_sessions TO parley_app;

-- What the cross-tenant functions touch, and no more.
GRANT SELECT ON parley.tenants, parley.tenant_credentials, parley.channel_apps, parley.tenant_whatsapp_config,
  parley.user_profiles, parley.user_sessions, parley.users TO parley_system;
GRANT SELECT, UPDATE ON parley.tenant_api_keys, parley.channel_accounts, parley.templates TO parley_system;
GRANT SELECT, INSERT, UPDATE ON parley.contacts, parley.contact_identities, parley.conversations,
  parley.conversation_lanes, parley.message_tracking, parley.messages, parley.message_statuses, parley.provider_refs,
  parley.send_attempts, parley.media_objects, parley.webhook_events, parley.events, parley.dead_letters TO parley_system;

-- Down Migration
DO $$
DECLARE t text;
BEGIN
  FOR t IN SELECT DISTINCT tablename FROM pg_policies WHERE schemaname = 'parley' LOOP
    EXECUTE format('DROP POLICY IF EXISTS tenant_wall ON parley.%I', t);
    EXECUTE format('DROP POLICY IF EXISTS system_door ON parley.%I', t);
    EXECUTE format('ALTER TABLE parley.%I NO FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE parley.%I DISABLE ROW LEVEL SECURITY', t);
  END LOOP;
  REVOKE ALL ON ALL TABLES IN SCHEMA parley FROM parley_app, parley_system;
END $$;
