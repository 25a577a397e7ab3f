-- Up Migration
-- Searching what was said, and people by any part of a name or number. Filled in the background from the event log
-- (src/conversations/search/): nothing of it is written by the transaction that stores a message.

-- Pieces of a message's text. Each piece begins with a tag of its business and of a bucket, a stretch of some ten thousand of
-- its messages that follow each other: one index serves all businesses, a question only opens the postings of its own, and
-- the newest messages are asked first, however often a word was said before them.
CREATE TABLE parley.message_search (
  tenant_id uuid NOT NULL,
  message_id uuid NOT NULL,
  created_at timestamptz NOT NULL, -- the message's
  bucket integer NOT NULL,
  tokens tsvector NOT NULL,
  CONSTRAINT message_search_pkey PRIMARY KEY (tenant_id, message_id, created_at)
) PARTITION BY RANGE (created_at);
-- What is new waits in a list that every question reads: kept short.
CREATE INDEX message_search_tokens ON parley.message_search USING gin (tokens) WITH (gin_pending_list_limit = 512);
CREATE TABLE parley.message_search_default PARTITION OF parley.message_search DEFAULT;

-- From when to when the messages of a bucket are. A time here is never narrower than the messages are.
CREATE TABLE parley.search_buckets (
  tenant_id uuid NOT NULL,
  bucket integer NOT NULL,
  from_at timestamptz NOT NULL,
  to_at timestamptz NOT NULL,
  messages integer NOT NULL,
  CONSTRAINT search_buckets_pkey PRIMARY KEY (tenant_id, bucket),
  CONSTRAINT fk_search_buckets_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);

CREATE TABLE parley.contact_search (
  tenant_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  folded text NOT NULL, -- names and numbers, a line each, as searching sees them
  contact_updated_at timestamptz NOT NULL, -- the contact's when this was made: another one means it is to be made again
  identities integer NOT NULL, -- how many it had
  tokens tsvector NOT NULL,
  CONSTRAINT contact_search_pkey PRIMARY KEY (tenant_id, contact_id),
  CONSTRAINT fk_contact_search_contact FOREIGN KEY (tenant_id, contact_id)
    REFERENCES parley.contacts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX contact_search_tokens ON parley.contact_search USING gin (tokens) WITH (gin_pending_list_limit = 256);

-- How far a business's index is. What happened up to (txid, event_id) is in it; what was there before the first look is gone
-- through from the newest id to the oldest, and comes to `messages_before` and `contacts_before`; null: all of it is in.
CREATE TABLE parley.search_progress (
  tenant_id uuid NOT NULL,
  txid xid8 NOT NULL,
  event_id uuid NOT NULL,
  bucket integer NOT NULL DEFAULT 1, -- that what is new goes into
  old_bucket integer NOT NULL DEFAULT 0, -- that what was there before goes into
  messages_before uuid DEFAULT 'ffffffff-ffff-ffff-ffff-ffffffffffff',
  contacts_before uuid DEFAULT 'ffffffff-ffff-ffff-ffff-ffffffffffff',
  CONSTRAINT search_progress_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT fk_search_progress_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['message_search', 'message_search_default', 'search_buckets', 'contact_search', 'search_progress'] LOOP
    EXECUTE format('ALTER TABLE parley.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE parley.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant_wall ON parley.%I TO parley_app
      USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()))', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON parley.%I TO parley_app', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['message_search', 'message_search_default', 'contact_search', 'search_progress'] LOOP
    EXECUTE format('CREATE POLICY system_door ON parley.%I TO parley_system USING (true) WITH CHECK (true)', t);
    EXECUTE format('GRANT SELECT ON parley.%I TO parley_system', t);
  END LOOP;
END $$;

-- Its months are made and dropped with those of the messages; a month's partition has the rights of the DEFAULT partition.
GRANT SELECT, INSERT, UPDATE, DELETE ON parley.message_search_default TO parley_system;
INSERT INTO parley.partition_rules (parent, keeps) VALUES ('message_search', 'content');

-- What a message that goes away left in the index goes with it; what was only moved to another partition stays.
CREATE FUNCTION parley.forget_searched_messages() RETURNS trigger
  LANGUAGE plpgsql SET search_path = parley, pg_temp
AS $$
BEGIN
  DELETE FROM message_search s USING gone g
   WHERE s.tenant_id = g.tenant_id AND s.message_id = g.id AND s.created_at = g.created_at
     AND NOT EXISTS (SELECT FROM messages m WHERE m.tenant_id = g.tenant_id AND m.id = g.id AND m.created_at = g.created_at);
  RETURN NULL;
END $$;
CREATE TRIGGER trigger_forget_searched_messages AFTER DELETE ON parley.messages REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION parley.forget_searched_messages();

GRANT CREATE ON SCHEMA parley TO parley_system;

-- Row-level security lets no operator but the leakproof ones look into an index before the wall was asked, and @@ is not one:
-- under it, searching would read the whole business. Hence two functions that have the wall in themselves: they take no
-- tenant, only ever that of the transaction.
--
-- `IS TRUE` keeps the planner from the primary key, which begins with the tenant and would read all of it.
CREATE FUNCTION parley.search_messages(
  p_query tsquery, p_from timestamptz, p_to timestamptz, p_before_at timestamptz, p_before_id uuid, p_limit integer
) RETURNS TABLE (message_id uuid, created_at timestamptz)
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_indexscan = off SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT s.message_id, s.created_at FROM message_search s
     WHERE s.tokens @@ p_query AND (s.tenant_id = current_tenant()) IS TRUE
       AND s.created_at >= p_from AND s.created_at <= p_to
       AND (s.created_at, s.message_id) < (p_before_at, p_before_id)
     ORDER BY s.created_at DESC, s.message_id DESC LIMIT p_limit;
END $$;

-- The newest contacts with a smaller id whose text has all parts of one of the lists: patterns of LIKE; null fits nobody.
CREATE FUNCTION parley.search_contacts(p_query tsquery, p_words text[], p_number text[], p_dialled text[], p_before uuid, p_limit integer)
RETURNS TABLE (contact_id uuid)
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_indexscan = off SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT s.contact_id FROM contact_search s
     WHERE s.tokens @@ p_query AND (s.tenant_id = current_tenant()) IS TRUE AND s.contact_id < p_before
       AND (s.folded LIKE ALL (p_words) OR s.folded LIKE ALL (p_number) OR s.folded LIKE ALL (p_dialled))
     ORDER BY s.contact_id DESC LIMIT p_limit;
END $$;

-- Businesses of which something is still to be indexed, and since when the oldest news waits.
CREATE FUNCTION parley.search_backlog() RETURNS TABLE (tenant_id uuid, waiting_since timestamptz, filling boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT t.id, e.created_at, p.tenant_id IS NULL OR p.messages_before IS NOT NULL OR p.contacts_before IS NOT NULL
    FROM tenants t LEFT JOIN search_progress p ON p.tenant_id = t.id
    LEFT JOIN LATERAL (SELECT e.created_at FROM events e
                        WHERE e.tenant_id = t.id AND (e.txid, e.id) > (p.txid, p.event_id)
                        ORDER BY e.txid, e.id LIMIT 1) e ON true
   WHERE t.status <> 'deleted'
     AND (p.tenant_id IS NULL OR p.messages_before IS NOT NULL OR p.contacts_before IS NOT NULL OR e.created_at IS NOT NULL)
$$;

DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['search_messages', 'search_contacts', 'search_backlog'] LOOP
    EXECUTE format('ALTER FUNCTION parley.%I OWNER TO parley_system', f);
    EXECUTE format('REVOKE ALL ON FUNCTION parley.%I FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION parley.%I TO parley_app', f);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
DELETE FROM parley.partition_rules WHERE parent = 'message_search';
DROP FUNCTION parley.search_messages, parley.search_contacts, parley.search_backlog;
DROP TRIGGER trigger_forget_searched_messages ON parley.messages;
DROP FUNCTION parley.forget_searched_messages();
DROP TABLE parley.search_progress, parley.contact_search, parley.search_buckets, parley.message_search;
