-- Up Migration
-- Whoever once saved any preference had 60 seconds written beside it, which then stood before what the business says. Only what
-- a person set themselves is kept; null: as the business. A stored 60 cannot be told from the one that nobody chose, and goes.
ALTER TABLE parley.user_preferences ALTER COLUMN ai_takeover_delay DROP NOT NULL, ALTER COLUMN ai_takeover_delay DROP DEFAULT;
UPDATE parley.user_preferences SET ai_takeover_delay = NULL WHERE ai_takeover_delay = 60;

-- Down Migration
UPDATE parley.user_preferences SET ai_takeover_delay = 60 WHERE ai_takeover_delay IS NULL;
ALTER TABLE parley.user_preferences ALTER COLUMN ai_takeover_delay SET DEFAULT 60, ALTER COLUMN ai_takeover_delay SET NOT NULL;
