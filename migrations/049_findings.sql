-- Up Migration
-- Where the job is, and what people have written themselves: the assistant leaves that as it is.
ALTER TABLE parley.leads
  ADD COLUMN latitude double precision,
  ADD COLUMN longitude double precision,
  ADD COLUMN edited text[] NOT NULL DEFAULT '{}',
  ADD CONSTRAINT leads_place_check CHECK ((latitude IS NULL) = (longitude IS NULL) AND latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180);

-- Down Migration
ALTER TABLE parley.leads DROP COLUMN latitude, DROP COLUMN longitude, DROP COLUMN edited;
