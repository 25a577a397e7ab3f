-- Up Migration
-- The time of change moves with every change. Where statements set it themselves (intake and sending, in batches, to the time
-- of the batch) theirs stands, and the function is not even called.
CREATE TRIGGER trigger_update_conversations_updated_at BEFORE UPDATE ON parley.conversations
  FOR EACH ROW WHEN (OLD.updated_at = NEW.updated_at) EXECUTE FUNCTION parley.update_updated_at_column();
CREATE TRIGGER trigger_update_message_tracking_updated_at BEFORE UPDATE ON parley.message_tracking
  FOR EACH ROW WHEN (OLD.updated_at = NEW.updated_at) EXECUTE FUNCTION parley.update_updated_at_column();
CREATE TRIGGER trigger_update_conversation_context_updated_at BEFORE UPDATE ON parley.conversation_context
  FOR EACH ROW EXECUTE FUNCTION parley.update_updated_at_column();

-- Down Migration
DROP TRIGGER trigger_update_conversation_context_updated_at ON parley.conversation_context;
DROP TRIGGER trigger_update_message_tracking_updated_at ON parley.message_tracking;
DROP TRIGGER trigger_update_conversations_updated_at ON parley.conversations;
