-- Up Migration
-- People's time is held and booked. What takes somebody's time is one row of one table, whether it is only held or booked, and that
-- table has the rule that no two of them may overlap.

-- Lets the rule say "the same person" beside "at the same time". Trusted: whoever may create in this database may make it.
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA parley;

CREATE TABLE parley.staff (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  company_id uuid,
  yclients_staff_id bigint, -- the id in the calendar system that it was taken from
  user_id uuid, -- the colleague who it is; null: does not sign in, or is a room or a machine
  name text NOT NULL,
  specialization text,
  avatar_url text,
  phone text,
  email text,
  rating numeric(3, 2),
  comments_count integer NOT NULL DEFAULT 0,
  weight integer NOT NULL DEFAULT 0, -- who stands first in a list: the heaviest
  is_active boolean NOT NULL DEFAULT true, -- takes new bookings
  is_hidden boolean NOT NULL DEFAULT false, -- is offered to nobody who does not ask for them
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  synced_at timestamptz,
  CONSTRAINT staff_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT staff_name_check CHECK (length(name) BETWEEN 1 AND 255),
  CONSTRAINT staff_rating_check CHECK (rating BETWEEN 0 AND 5 AND comments_count >= 0)
);
CREATE UNIQUE INDEX idx_staff_yclients_id ON parley.staff (tenant_id, company_id, yclients_staff_id) NULLS NOT DISTINCT
  WHERE yclients_staff_id IS NOT NULL;
CREATE INDEX idx_staff_user ON parley.staff (tenant_id, user_id) WHERE user_id IS NOT NULL;

-- Somebody's time, promised for a while: used up by a booking, released, or over at expires_at.
CREATE TABLE parley.booking_holds (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  staff_id uuid NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  released_at timestamptz,
  contact_id uuid,
  lead_id uuid,
  conversation_id uuid,
  held_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT booking_holds_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT booking_holds_time_check CHECK (ends_at > starts_at),
  CONSTRAINT booking_holds_end_check CHECK (used_at IS NULL OR released_at IS NULL)
);
CREATE INDEX idx_booking_holds_staff ON parley.booking_holds (tenant_id, staff_id);
CREATE INDEX idx_booking_holds_expires ON parley.booking_holds (tenant_id, expires_at);
CREATE INDEX idx_booking_holds_contact ON parley.booking_holds (tenant_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX idx_booking_holds_lead ON parley.booking_holds (tenant_id, lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX idx_booking_holds_conversation ON parley.booking_holds (tenant_id, conversation_id) WHERE conversation_id IS NOT NULL;

CREATE TABLE parley.bookings (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  company_id uuid,
  yclients_booking_id bigint,
  staff_id uuid NOT NULL,
  contact_id uuid,
  lead_id uuid,
  conversation_id uuid,
  hold_id uuid, -- the hold that it used up, until that is forgotten
  title text, -- what is to be done, in words
  starts_at timestamptz NOT NULL,
  duration_minutes integer NOT NULL,
  ends_at timestamptz NOT NULL,
  status text NOT NULL DEFAULT 'confirmed',
  cost numeric(10, 2),
  paid boolean NOT NULL DEFAULT false,
  comment text, -- for colleagues
  client_comment text, -- the customer's own words
  source text NOT NULL,
  version integer NOT NULL DEFAULT 1, -- goes up with every change
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  synced_at timestamptz,
  CONSTRAINT bookings_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT bookings_duration_check CHECK (duration_minutes BETWEEN 5 AND 1440),
  CONSTRAINT bookings_ends_check CHECK (extract(epoch FROM ends_at - starts_at) = duration_minutes * 60),
  CONSTRAINT bookings_status_check CHECK (status IN ('pending', 'confirmed', 'completed', 'cancelled', 'no_show')),
  CONSTRAINT bookings_source_check CHECK (source IN ('whatsapp', 'yclients', 'api', 'sms', 'web', 'manual')),
  CONSTRAINT bookings_title_check CHECK (length(title) BETWEEN 1 AND 255),
  CONSTRAINT bookings_cost_check CHECK (cost >= 0)
);
-- A hold is used up once, whatever comes at once.
CREATE UNIQUE INDEX bookings_hold_once ON parley.bookings (tenant_id, hold_id) WHERE hold_id IS NOT NULL;
CREATE UNIQUE INDEX idx_bookings_yclients_id ON parley.bookings (tenant_id, company_id, yclients_booking_id) NULLS NOT DISTINCT
  WHERE yclients_booking_id IS NOT NULL;
CREATE INDEX idx_bookings_datetime ON parley.bookings (tenant_id, starts_at, id);
CREATE INDEX idx_bookings_status ON parley.bookings (tenant_id, status, starts_at, id);
CREATE INDEX idx_bookings_staff_id ON parley.bookings (tenant_id, staff_id, starts_at, id);
CREATE INDEX idx_bookings_contact ON parley.bookings (tenant_id, contact_id, starts_at, id) WHERE contact_id IS NOT NULL;
CREATE INDEX idx_bookings_lead ON parley.bookings (tenant_id, lead_id, starts_at, id) WHERE lead_id IS NOT NULL;
CREATE INDEX idx_bookings_conversation ON parley.bookings (tenant_id, conversation_id, starts_at, id) WHERE conversation_id IS NOT NULL;

-- Whose time is taken, by a hold or by a booking. A hold that is booked hands its row on, so that the time is never free in between.
CREATE TABLE parley.occupied_times (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT parley.uuid7(),
  staff_id uuid NOT NULL,
  during tstzrange NOT NULL,
  hold_id uuid,
  booking_id uuid,
  expires_at timestamptz, -- of a hold: from then on it takes nothing, and goes when somebody wants the time
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT occupied_times_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT occupied_times_by_check CHECK ((hold_id IS NULL) <> (booking_id IS NULL) AND (hold_id IS NULL) = (expires_at IS NULL)),
  CONSTRAINT occupied_times_during_check CHECK (NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)
    AND NOT lower_inf(during) AND NOT upper_inf(during)),
  CONSTRAINT occupied_times_once EXCLUDE USING gist (tenant_id WITH =, staff_id WITH =, during WITH &&)
);
CREATE UNIQUE INDEX occupied_times_hold ON parley.occupied_times (tenant_id, hold_id) WHERE hold_id IS NOT NULL;
CREATE UNIQUE INDEX occupied_times_booking ON parley.occupied_times (tenant_id, booking_id) WHERE booking_id IS NOT NULL;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['staff', 'booking_holds', 'bookings', 'occupied_times'] LOOP
    EXECUTE format('ALTER TABLE parley.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE parley.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant_wall ON parley.%I TO parley_app
      USING (tenant_id = (SELECT parley.current_tenant())) WITH CHECK (tenant_id = (SELECT parley.current_tenant()))', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON parley.%I TO parley_app', t);
    EXECUTE format('CREATE TRIGGER trigger_update_%s_updated_at BEFORE UPDATE ON parley.%I
      FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column()', t, t);
  END LOOP;
END $$;

-- Down Migration
-- Else the way up again would end at what points at bookings that are gone. Leads are no newer by it.
ALTER TABLE parley.leads NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER trigger_update_leads_updated_at;
UPDATE parley.leads SET appointment_id = NULL WHERE appointment_id IS NOT NULL;
ALTER TABLE parley.leads FORCE ROW LEVEL SECURITY, ENABLE TRIGGER trigger_update_leads_updated_at;
DROP TABLE parley.occupied_times, parley.bookings, parley.booking_holds, parley.staff;
-- Where somebody else made it, in a schema of theirs, it stays.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist' AND extnamespace = 'parley'::regnamespace) THEN
    DROP EXTENSION btree_gist;
  END IF;
END $$;
