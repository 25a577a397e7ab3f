-- Up Migration
-- Numbers are bought, set up and given back step by step. What was decided is committed before a provider is asked, so that whoever
-- looks next knows what may have been done: a purchase is found again at the provider by the row's id, which the number carries as its name.

-- Which account at the telephony provider a business buys numbers in. What opens it is sealed under tenant_credentials ('number_provider').
CREATE TABLE parley.number_providers (
  tenant_id uuid NOT NULL,
  account_sid text NOT NULL,
  app_slug text NOT NULL, -- of the webhook address to which its numbers deliver
  api_url text, -- null: the provider's own hosts
  is_current boolean NOT NULL DEFAULT true, -- new numbers are bought here
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT number_providers_pkey PRIMARY KEY (tenant_id, account_sid),
  CONSTRAINT number_providers_sid_check CHECK (account_sid ~ '^AC[0-9a-zA-Z]{32}$'),
  CONSTRAINT fk_number_providers_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX number_providers_current ON parley.number_providers (tenant_id) WHERE is_current;
CREATE TRIGGER trigger_update_number_providers_updated_at BEFORE UPDATE ON parley.number_providers
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();
ALTER TABLE parley.number_providers ENABLE ROW LEVEL SECURITY;
ALTER TABLE parley.number_providers FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON parley.number_providers TO parley_app
  USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON parley.number_providers TO parley_app;

ALTER TABLE parley.phone_numbers
  ALTER COLUMN monthly_price_cents DROP NOT NULL, -- null: the provider did not say
  ADD COLUMN account_sid text, -- of number_providers; null: was not bought here
  ADD COLUMN country text NOT NULL DEFAULT 'US',
  ADD COLUMN address_sid text, -- what some countries ask for
  ADD COLUMN bundle_sid text,
  ADD COLUMN wanted text NOT NULL DEFAULT 'active',
  ADD COLUMN asked_at timestamptz, -- when the provider was asked to sell it, and did not say that it did not: from then on it may be ours
  ADD COLUMN service_ready boolean NOT NULL DEFAULT false, -- the number is in its messaging service
  ADD COLUMN given_back_at timestamptz, -- nothing is paid for it any more
  ADD COLUMN failure_code text, -- why it was given up; status_reason has the words
  ADD COLUMN waiting_for text, -- in words, what a step that did not succeed waits for; null: nothing
  ADD COLUMN attempts integer NOT NULL DEFAULT 0, -- of the present step
  ADD COLUMN due_at timestamptz, -- when it goes on; null: nothing is left to do
  ADD COLUMN lease_until timestamptz,
  ADD COLUMN token bigint NOT NULL DEFAULT 0, -- of whoever has it; what a former one writes finds no row
  ADD COLUMN idempotency_key text,
  ADD COLUMN requested_by text NOT NULL DEFAULT 'system',
  ADD CONSTRAINT phone_numbers_wanted_check CHECK (wanted IN ('active', 'suspended', 'released')),
  ADD CONSTRAINT phone_numbers_country_check CHECK (country ~ '^[A-Z]{2}$');
CREATE UNIQUE INDEX phone_numbers_idempotency ON parley.phone_numbers (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX phone_numbers_due ON parley.phone_numbers (due_at) WHERE due_at IS NOT NULL;

-- A number that its business suspended sends nothing, whatever the provider says of it.
ALTER TABLE parley.channel_accounts ADD COLUMN suspended_at timestamptz;
DROP TRIGGER notify_of_account ON parley.channel_accounts;
CREATE TRIGGER notify_of_account AFTER UPDATE OF state ON parley.channel_accounts FOR EACH ROW
  WHEN (NEW.removed_at IS NULL AND NEW.suspended_at IS NULL
        AND NEW.state IN ('logged_out', 'held') AND OLD.state NOT IN ('logged_out', 'held'))
  EXECUTE FUNCTION parley.notify_of_account();

CREATE POLICY system_door ON parley.phone_numbers TO parley_system USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON parley.phone_numbers TO parley_system;
GRANT CREATE ON SCHEMA parley TO parley_system;
-- A worker takes numbers of all businesses of which something is left to do. Whoever takes one has it for a while, with a token of its own.
CREATE FUNCTION parley.claim_due_numbers(p_now timestamptz, p_limit integer, p_lease_ms integer)
RETURNS TABLE (tenant_id uuid, id uuid, token bigint)
  LANGUAGE sql SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  WITH due AS MATERIALIZED (
    SELECT n.tenant_id, n.id FROM phone_numbers n
     WHERE n.due_at <= p_now AND (n.lease_until IS NULL OR n.lease_until <= p_now)
     ORDER BY n.due_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED)
  UPDATE phone_numbers n SET lease_until = p_now + make_interval(secs => p_lease_ms / 1000.0), token = n.token + 1
    FROM due WHERE n.tenant_id = due.tenant_id AND n.id = due.id
  RETURNING n.tenant_id, n.id, n.token
$$;
ALTER FUNCTION parley.claim_due_numbers OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.claim_due_numbers FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.claim_due_numbers TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
-- First: through the system's door whoever migrates sees the rows, whom the walls bind too.
UPDATE parley.phone_numbers SET monthly_price_cents = 100 WHERE monthly_price_cents IS NULL;
DROP FUNCTION parley.claim_due_numbers;
REVOKE SELECT, UPDATE ON parley.phone_numbers FROM parley_system;
DROP POLICY system_door ON parley.phone_numbers;
DROP TRIGGER notify_of_account ON parley.channel_accounts;
CREATE TRIGGER notify_of_account AFTER UPDATE OF state ON parley.channel_accounts FOR EACH ROW
  WHEN (NEW.removed_at IS NULL AND NEW.state IN ('logged_out', 'held') AND OLD.state NOT IN ('logged_out', 'held'))
  EXECUTE FUNCTION parley.notify_of_account();
ALTER TABLE parley.channel_accounts DROP COLUMN suspended_at;
DROP INDEX parley.phone_numbers_due, parley.phone_numbers_idempotency;
ALTER TABLE parley.phone_numbers ALTER COLUMN monthly_price_cents SET NOT NULL,
  DROP COLUMN account_sid, DROP COLUMN country, DROP COLUMN address_sid, DROP COLUMN bundle_sid, DROP COLUMN wanted, DROP COLUMN asked_at,
  DROP COLUMN service_ready, DROP COLUMN given_back_at, DROP COLUMN failure_code, DROP COLUMN waiting_for,
  DROP COLUMN attempts, DROP COLUMN due_at, DROP COLUMN lease_until, DROP COLUMN token, DROP COLUMN idempotency_key, DROP COLUMN requested_by;
DROP TABLE parley.number_providers;
