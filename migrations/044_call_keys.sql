-- Up Migration
-- Calls, conversations and leads point at each other: checked at the end of a transaction, in which they may be made in any order.
ALTER TABLE parley.calls
  ADD CONSTRAINT fk_calls_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE,
  ADD CONSTRAINT fk_calls_account FOREIGN KEY (tenant_id, channel_account_id) REFERENCES parley.channel_accounts (tenant_id, id),
  ADD CONSTRAINT fk_calls_contact FOREIGN KEY (tenant_id, contact_id) REFERENCES parley.contacts (tenant_id, id),
  ADD CONSTRAINT fk_calls_conversation FOREIGN KEY (tenant_id, conversation_id) REFERENCES parley.conversations (tenant_id, id)
    ON DELETE SET NULL (conversation_id) DEFERRABLE INITIALLY DEFERRED,
  ADD CONSTRAINT fk_calls_lead FOREIGN KEY (tenant_id, lead_id) REFERENCES parley.leads (tenant_id, id)
    ON DELETE SET NULL (lead_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE parley.leads
  ADD CONSTRAINT fk_leads_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE,
  ADD CONSTRAINT fk_leads_contact FOREIGN KEY (tenant_id, contact_id) REFERENCES parley.contacts (tenant_id, id),
  ADD CONSTRAINT fk_leads_conversation FOREIGN KEY (tenant_id, conversation_id) REFERENCES parley.conversations (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED,
  ADD CONSTRAINT fk_leads_call FOREIGN KEY (tenant_id, call_id) REFERENCES parley.calls (tenant_id, id)
    ON DELETE SET NULL (call_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE parley.conversations
  ADD CONSTRAINT fk_conversations_call FOREIGN KEY (tenant_id, call_id) REFERENCES parley.calls (tenant_id, id)
    ON DELETE SET NULL (call_id) DEFERRABLE INITIALLY DEFERRED,
  ADD CONSTRAINT fk_conversations_lead FOREIGN KEY (tenant_id, lead_id) REFERENCES parley.leads (tenant_id, id)
    ON DELETE SET NULL (lead_id) DEFERRABLE INITIALLY DEFERRED;
-- What is removed is looked for from the other side; few conversations have either.
CREATE INDEX idx_conversations_call ON parley.conversations (tenant_id, call_id) WHERE call_id IS NOT NULL;
CREATE INDEX idx_conversations_lead ON parley.conversations (tenant_id, lead_id) WHERE lead_id IS NOT NULL;

-- Down Migration
DROP INDEX parley.idx_conversations_call, parley.idx_conversations_lead;
ALTER TABLE parley.conversations DROP CONSTRAINT fk_conversations_call, DROP CONSTRAINT fk_conversations_lead;
ALTER TABLE parley.leads DROP CONSTRAINT fk_leads_tenant, DROP CONSTRAINT fk_leads_contact, DROP CONSTRAINT fk_leads_conversation,
  DROP CONSTRAINT fk_leads_call;
ALTER TABLE parley.calls DROP CONSTRAINT fk_calls_tenant, DROP CONSTRAINT fk_calls_account, DROP CONSTRAINT fk_calls_contact,
  DROP CONSTRAINT fk_calls_conversation, DROP CONSTRAINT fk_calls_lead;
