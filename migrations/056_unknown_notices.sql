-- Up Migration
-- Beside what could not be brought to somebody stands what may not have been: a text whose answer was lost is not sent again.
DROP INDEX parley.idx_notification_deliveries_failed;
CREATE INDEX idx_notification_deliveries_unsent ON parley.notification_deliveries (tenant_id, updated_at) WHERE state IN ('failed', 'unknown');

-- Down Migration
DROP INDEX parley.idx_notification_deliveries_unsent;
CREATE INDEX idx_notification_deliveries_failed ON parley.notification_deliveries (tenant_id, updated_at) WHERE state = 'failed';
