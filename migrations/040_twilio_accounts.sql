-- Up Migration
-- What is special to an address that Twilio carries, one row to an account.
CREATE TABLE parley.tenant_twilio_config (
  tenant_id uuid NOT NULL,
  channel_account_id uuid NOT NULL,
  account_sid text NOT NULL, -- whose number it is: an account or sub-account
  messaging_service_sid text, -- what it is sent through; null: the number alone
  api_url text, -- null: Twilio's own hosts
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT tenant_twilio_config_pkey PRIMARY KEY (tenant_id, channel_account_id),
  CONSTRAINT tenant_twilio_config_sid_check CHECK (account_sid ~ '^AC[0-9a-zA-Z]{32}$'),
  CONSTRAINT tenant_twilio_config_service_check CHECK (messaging_service_sid ~ '^MG[0-9a-zA-Z]{32}$'),
  CONSTRAINT fk_tenant_twilio_config_account FOREIGN KEY (tenant_id, channel_account_id)
    REFERENCES parley.channel_accounts (tenant_id, id) ON DELETE CASCADE
);
CREATE TRIGGER trigger_update_tenant_twilio_config_updated_at BEFORE UPDATE ON parley.tenant_twilio_config
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();
ALTER TABLE parley.tenant_twilio_config ENABLE ROW LEVEL SECURITY;
ALTER TABLE parley.tenant_twilio_config FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON parley.tenant_twilio_config TO parley_app
  USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()));
CREATE POLICY system_door ON parley.tenant_twilio_config TO parley_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON parley.tenant_twilio_config TO parley_app, parley_system;

-- Down Migration
DROP TABLE parley.tenant_twilio_config;
