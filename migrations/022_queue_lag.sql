-- Up Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
-- How long the oldest work of each kind has been ready that nobody has taken, in seconds; 0: none waits. What an account's pace
-- holds back counts too: it waits.
CREATE FUNCTION parley.queue_lag() RETURNS TABLE (kind text, seconds double precision)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = parley, pg_temp
AS $$
  SELECT k.kind, greatest(0, extract(epoch FROM clock_timestamp() - coalesce(
           (SELECT l.ready_at FROM conversation_lanes l WHERE l.kind = k.kind AND l.ready_at IS NOT NULL ORDER BY l.ready_at LIMIT 1),
           clock_timestamp())))::double precision
    FROM unnest(ARRAY['send', 'turn']) AS k(kind)
$$;
ALTER FUNCTION parley.queue_lag OWNER TO parley_system;
REVOKE ALL ON FUNCTION parley.queue_lag FROM PUBLIC;
GRANT EXECUTE ON FUNCTION parley.queue_lag TO parley_app;
REVOKE CREATE ON SCHEMA parley FROM parley_system;

-- Down Migration
GRANT CREATE ON SCHEMA parley TO parley_system;
DROP FUNCTION parley.queue_lag;
REVOKE CREATE ON SCHEMA parley FROM parley_system;
