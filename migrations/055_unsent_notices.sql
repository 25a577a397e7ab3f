-- Up Migration
-- What could not be brought to somebody is told to them, and to those who manage the team.
CREATE INDEX idx_notification_deliveries_failed ON parley.notification_deliveries (tenant_id, updated_at) WHERE state = 'failed';

-- Down Migration
DROP INDEX parley.idx_notification_deliveries_failed;
