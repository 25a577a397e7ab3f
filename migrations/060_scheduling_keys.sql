-- Up Migration
-- Whoever has bookings is not deleted, nor is a contact; what a booking came from may go, and leaves it.
ALTER TABLE parley.staff
  ADD CONSTRAINT fk_staff_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE,
  ADD CONSTRAINT fk_staff_user FOREIGN KEY (tenant_id, user_id) REFERENCES parley.user_profiles (tenant_id, user_id) ON DELETE SET NULL (user_id);
ALTER TABLE parley.booking_holds
  ADD CONSTRAINT fk_booking_holds_staff FOREIGN KEY (tenant_id, staff_id) REFERENCES parley.staff (tenant_id, id) ON DELETE CASCADE,
  ADD CONSTRAINT fk_booking_holds_contact FOREIGN KEY (tenant_id, contact_id) REFERENCES parley.contacts (tenant_id, id)
    ON DELETE SET NULL (contact_id),
  ADD CONSTRAINT fk_booking_holds_lead FOREIGN KEY (tenant_id, lead_id) REFERENCES parley.leads (tenant_id, id) ON DELETE SET NULL (lead_id),
  ADD CONSTRAINT fk_booking_holds_conversation FOREIGN KEY (tenant_id, conversation_id) REFERENCES parley.conversations (tenant_id, id)
    ON DELETE SET NULL (conversation_id);
ALTER TABLE parley.bookings
  ADD CONSTRAINT fk_bookings_tenant FOREIGN KEY (tenant_id) REFERENCES parley.tenants (id) ON DELETE CASCADE,
  ADD CONSTRAINT fk_bookings_staff FOREIGN KEY (tenant_id, staff_id) REFERENCES parley.staff (tenant_id, id),
  ADD CONSTRAINT fk_bookings_contact FOREIGN KEY (tenant_id, contact_id) REFERENCES parley.contacts (tenant_id, id),
  ADD CONSTRAINT fk_bookings_lead FOREIGN KEY (tenant_id, lead_id) REFERENCES parley.leads (tenant_id, id) ON DELETE SET NULL (lead_id),
  ADD CONSTRAINT fk_bookings_conversation FOREIGN KEY (tenant_id, conversation_id) REFERENCES parley.conversations (tenant_id, id)
    ON DELETE SET NULL (conversation_id),
  ADD CONSTRAINT fk_bookings_hold FOREIGN KEY (tenant_id, hold_id) REFERENCES parley.booking_holds (tenant_id, id) ON DELETE SET NULL (hold_id);
ALTER TABLE parley.occupied_times
  ADD CONSTRAINT fk_occupied_times_staff FOREIGN KEY (tenant_id, staff_id) REFERENCES parley.staff (tenant_id, id) ON DELETE CASCADE,
  ADD CONSTRAINT fk_occupied_times_hold FOREIGN KEY (tenant_id, hold_id) REFERENCES parley.booking_holds (tenant_id, id) ON DELETE CASCADE,
  ADD CONSTRAINT fk_occupied_times_booking FOREIGN KEY (tenant_id, booking_id) REFERENCES parley.bookings (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE parley.leads
  ADD CONSTRAINT fk_leads_appointment FOREIGN KEY (tenant_id, appointment_id) REFERENCES parley.bookings (tenant_id, id)
    ON DELETE SET NULL (appointment_id);
CREATE INDEX idx_leads_appointment ON parley.leads (tenant_id, appointment_id) WHERE appointment_id IS NOT NULL;

-- Down Migration
DROP INDEX parley.idx_leads_appointment;
ALTER TABLE parley.leads DROP CONSTRAINT fk_leads_appointment;
ALTER TABLE parley.occupied_times DROP CONSTRAINT fk_occupied_times_staff, DROP CONSTRAINT fk_occupied_times_hold, DROP CONSTRAINT fk_occupied_times_booking;
ALTER TABLE parley.bookings DROP CONSTRAINT fk_bookings_tenant, DROP CONSTRAINT fk_bookings_staff, DROP CONSTRAINT fk_bookings_contact,
  DROP CONSTRAINT fk_bookings_lead, DROP CONSTRAINT fk_bookings_conversation, DROP CONSTRAINT fk_bookings_hold;
ALTER TABLE parley.booking_holds DROP CONSTRAINT fk_booking_holds_staff, DROP CONSTRAINT fk_booking_holds_contact,
  DROP CONSTRAINT fk_booking_holds_lead, DROP CONSTRAINT fk_booking_holds_conversation;
ALTER TABLE parley.staff DROP CONSTRAINT fk_staff_tenant, DROP CONSTRAINT fk_staff_user;
