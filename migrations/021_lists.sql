-- Up Migration
-- Lists of conversations by any filter, also one that fits few of many, from indexes that are in the order of the list.

-- Which of four trays a conversation lies in: assigned or not (1), with something unread or not (2). With the account and the
-- status before it, each filter of the list reads a few stretches of one index, whose newest are put together: what is
-- unread, unassigned, of an account, closed. It takes the place of the index that intake has written before, so a message
-- writes as many indexes as it did.
DROP INDEX parley.idx_conversations_last_message;
CREATE INDEX idx_conversations_last_message ON parley.conversations (tenant_id, channel_account_id, status,
  (CASE WHEN unread_count > 0 THEN CASE WHEN assignee_id IS NULL THEN 3 ELSE 2 END ELSE CASE WHEN assignee_id IS NULL THEN 1 ELSE 0 END END),
  last_message_at DESC, id DESC);
-- The same of one person. Written for messages in conversations that somebody has, for no other.
CREATE INDEX idx_conversations_assignee ON parley.conversations (tenant_id, assignee_id, status,
  (CASE WHEN unread_count > 0 THEN CASE WHEN assignee_id IS NULL THEN 3 ELSE 2 END ELSE CASE WHEN assignee_id IS NULL THEN 1 ELSE 0 END END),
  last_message_at DESC, id DESC) WHERE assignee_id IS NOT NULL;

CREATE TABLE parley.labels (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  name text NOT NULL,
  colour text NOT NULL DEFAULT 'grey',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT labels_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT labels_name_check CHECK (length(name) BETWEEN 1 AND 50),
  CONSTRAINT labels_colour_check CHECK (colour IN ('grey', 'red', 'orange', 'yellow', 'green', 'teal', 'blue', 'purple', 'pink')),
  CONSTRAINT fk_labels_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX labels_name_key ON parley.labels (tenant_id, lower(name));
CREATE TRIGGER trigger_update_labels_updated_at BEFORE UPDATE ON parley.labels
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

CREATE TABLE parley.conversation_labels (
  tenant_id uuid NOT NULL,
  label_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT conversation_labels_pkey PRIMARY KEY (tenant_id, label_id, conversation_id),
  CONSTRAINT fk_conversation_labels_label FOREIGN KEY (tenant_id, label_id) REFERENCES parley.labels (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT fk_conversation_labels_conversation FOREIGN KEY (tenant_id, conversation_id)
    REFERENCES parley.conversations (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_conversation_labels_conversation ON parley.conversation_labels (tenant_id, conversation_id);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['labels', 'conversation_labels'] LOOP
    EXECUTE format('ALTER TABLE parley.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE parley.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant_wall ON parley.%I TO parley_app
      USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()))', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON parley.%I TO parley_app', t);
  END LOOP;
END $$;

-- Down Migration
DROP TABLE parley.conversation_labels, parley.labels;
DROP INDEX parley.idx_conversations_assignee;
DROP INDEX parley.idx_conversations_last_message;
CREATE INDEX idx_conversations_last_message ON parley.conversations (tenant_id, status, last_message_at DESC, id DESC);
