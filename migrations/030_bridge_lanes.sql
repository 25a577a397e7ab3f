-- Up Migration
-- Which businesses have lines for a contact centre, and whose turn it is within one: without it each look would walk through the
-- lanes of all conversations there ever were.
CREATE INDEX conversation_lanes_bridge ON parley.conversation_lanes (tenant_id, ready_at) WHERE kind = 'bridge' AND ready_at IS NOT NULL;

-- Down Migration
DROP INDEX parley.conversation_lanes_bridge;
