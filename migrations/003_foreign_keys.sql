-- Up Migration
-- In a step of their own, so that a distributed database can drop and add them around distribution. All carry the tenant:
-- a row of one tenant cannot point at a row of another.
ALTER TABLE parley.tenant_credentials
  ADD CONSTRAINT fk_tenant_credentials_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE;
ALTER TABLE parley.user_profiles
  ADD CONSTRAINT fk_user_profiles_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE,
  ADD CONSTRAINT fk_user_profiles_user FOREIGN KEY (user_id) REFERENCES parley.users (id) ON DELETE CASCADE;
ALTER TABLE parley.user_sessions
  ADD CONSTRAINT fk_sessions_user FOREIGN KEY (user_id) REFERENCES parley.users (id) ON DELETE CASCADE,
  ADD CONSTRAINT fk_sessions_profile FOREIGN KEY (tenant_id, user_id)
    REFERENCES parley.user_profiles (tenant_id, user_id) ON DELETE CASCADE;
ALTER TABLE parley.tenant_api_keys
  ADD CONSTRAINT fk_tenant_api_keys_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE;
ALTER TABLE parley.channel_apps
  ADD CONSTRAINT fk_channel_apps_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE;
ALTER TABLE parley.channel_accounts
  ADD CONSTRAINT fk_channel_accounts_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE;
ALTER TABLE parley.tenant_whatsapp_config
  ADD CONSTRAINT fk_tenant_whatsapp_config_account FOREIGN KEY (tenant_id, channel_account_id)
    REFERENCES parley.channel_accounts (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE parley.contacts
  ADD CONSTRAINT fk_contacts_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE;
ALTER TABLE parley.contact_identities
  ADD CONSTRAINT fk_contact_identities_contact FOREIGN KEY (tenant_id, contact_id)
    REFERENCES parley.contacts (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE parley.conversations
  ADD CONSTRAINT fk_conversations_account FOREIGN KEY (tenant_id, channel_account_id)
    REFERENCES parley.channel_accounts (tenant_id, id),
  ADD CONSTRAINT fk_conversations_contact FOREIGN KEY (tenant_id, contact_id) REFERENCES parley.contacts (tenant_id, id),
  ADD CONSTRAINT fk_conversations_assignee FOREIGN KEY (tenant_id, assignee_id)
    REFERENCES parley.user_profiles (tenant_id, user_id) ON DELETE SET NULL (assignee_id);
ALTER TABLE parley.conversation_lanes
  ADD CONSTRAINT fk_conversation_lanes_conversation FOREIGN KEY (tenant_id, conversation_id)
    REFERENCES parley.conversations (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE parley.conversation_mappings
  ADD CONSTRAINT fk_conversation_mappings_conversation FOREIGN KEY (tenant_id, conversation_ref)
    REFERENCES parley.conversations (tenant_id, id) ON DELETE CASCADE,
  ADD CONSTRAINT fk_conversation_mappings_account FOREIGN KEY (tenant_id, channel_account_id)
    REFERENCES parley.channel_accounts (tenant_id, id);
ALTER TABLE parley.conversation_context
  ADD CONSTRAINT fk_conversation_context_conversation FOREIGN KEY (tenant_id, conversation_id)
    REFERENCES parley.conversations (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE parley.message_tracking
  ADD CONSTRAINT fk_message_tracking_mapping FOREIGN KEY (tenant_id, mapping_id)
    REFERENCES parley.conversation_mappings (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE parley.messages
  ADD CONSTRAINT fk_messages_conversation FOREIGN KEY (tenant_id, conversation_id)
    REFERENCES parley.conversations (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE parley.send_attempts
  ADD CONSTRAINT fk_send_attempts_message FOREIGN KEY (tenant_id, message_id)
    REFERENCES parley.message_tracking (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE parley.media_objects
  ADD CONSTRAINT fk_media_objects_conversation FOREIGN KEY (tenant_id, conversation_id)
    REFERENCES parley.conversations (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE parley.templates
  ADD CONSTRAINT fk_templates_account FOREIGN KEY (tenant_id, channel_account_id)
    REFERENCES parley.channel_accounts (tenant_id, id) ON DELETE CASCADE;

-- Down Migration
ALTER TABLE parley.templates DROP CONSTRAINT fk_templates_account;
ALTER TABLE parley.media_objects DROP CONSTRAINT fk_media_objects_conversation;
ALTER TABLE parley.send_attempts DROP CONSTRAINT fk_send_attempts_message;
ALTER TABLE parley.messages DROP CONSTRAINT fk_messages_conversation;
ALTER TABLE parley.message_tracking DROP CONSTRAINT fk_message_tracking_mapping;
ALTER TABLE parley.conversation_context DROP CONSTRAINT fk_conversation_context_conversation;
ALTER TABLE parley.conversation_mappings DROP CONSTRAINT fk_conversation_mappings_conversation,
  DROP CONSTRAINT fk_conversation_mappings_account;
ALTER TABLE parley.conversation_lanes DROP CONSTRAINT fk_conversation_lanes_conversation;
ALTER TABLE parley.conversations DROP CONSTRAINT fk_conversations_account, DROP CONSTRAINT fk_conversations_contact,
  DROP CONSTRAINT fk_conversations_assignee;
ALTER TABLE parley.contact_identities DROP CONSTRAINT fk_contact_identities_contact;
ALTER TABLE parley.contacts DROP CONSTRAINT fk_contacts_tenant;
ALTER TABLE parley.tenant_whatsapp_config DROP CONSTRAINT fk_tenant_whatsapp_config_account;
ALTER TABLE parley.channel_accounts DROP CONSTRAINT fk_channel_accounts_tenant;
ALTER TABLE parley.channel_apps DROP CONSTRAINT fk_channel_apps_tenant;
ALTER TABLE parley.tenant_api_keys DROP CONSTRAINT fk_tenant_api_keys_tenant;
ALTER TABLE parley.user_sessions DROP CONSTRAINT fk_sessions_profile, DROP CONSTRAINT fk_sessions_user;
ALTER TABLE parley.user_profiles DROP CONSTRAINT fk_user_profiles_tenant, DROP CONSTRAINT fk_user_profiles_user;
ALTER TABLE parley.tenant_credentials DROP CONSTRAINT fk_tenant_credentials_tenant;
