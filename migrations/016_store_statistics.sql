-- Up Migration
-- What is asked of the store as a whole, by the names under which others know it. They work as whoever calls them: what a row-
-- level wall hides stays hidden, and sizes are the catalogue's.

-- Messages with a person on any of the business's accounts, newest first. The number may be written in any way: +7 900 …, 8 900 …,
-- 900 …, as a WhatsApp id. Months are read from the newest on, one at a time, until there are enough: the others are not touched.
CREATE FUNCTION parley.get_recent_messages(p_phone text, p_tenant uuid, p_limit integer DEFAULT 50,
                                           p_from timestamptz DEFAULT NULL, p_to timestamptz DEFAULT NULL)
RETURNS SETOF parley.messages
  LANGUAGE plpgsql STABLE SET search_path = parley, pg_temp SET timezone = 'UTC' SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
  v_left integer := least(greatest(coalesce(p_limit, 50), 0), 1000); v_n bigint; v_conversations uuid[];
  v_first timestamptz; v_last timestamptz; r record;
BEGIN
  SELECT array_agg(c.id), min(c.created_at), max(greatest(c.last_message_at, c.updated_at)) INTO v_conversations, v_first, v_last
    FROM conversations c WHERE c.tenant_id = p_tenant AND c.contact_id IN (SELECT find_contacts_by_phone(p_phone, p_tenant));
  IF v_conversations IS NULL THEN RETURN; END IF;
  v_first := greatest(v_first, p_from);
  v_last := least(v_last, p_to - interval '1 microsecond');
  -- A month without a partition of its own lies in the DEFAULT one.
  FOR r IN SELECT m AS from_at, m + interval '1 month' AS to_at
             FROM generate_series(date_trunc('month', v_last), date_trunc('month', v_first), interval '-1 month') AS m
  LOOP
    EXIT WHEN v_left = 0;
    RETURN QUERY SELECT x.* FROM messages x WHERE x.tenant_id = p_tenant AND x.conversation_id = ANY (v_conversations)
       AND x.created_at >= greatest(r.from_at, v_first) AND x.created_at < least(r.to_at, v_last + interval '1 microsecond')
     ORDER BY x.created_at DESC, x.seq DESC LIMIT v_left;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    v_left := v_left - v_n;
  END LOOP;
END $$;

-- Contacts of a business that have this number, however it is written. Digits as they are, with the country's code in front,
-- and with a trunk prefix (0, or 8 in the zone of +7) replaced by it.
CREATE FUNCTION parley.find_contacts_by_phone(p_phone text, p_tenant uuid) RETURNS SETOF uuid
  LANGUAGE plpgsql STABLE SET search_path = parley, pg_temp
AS $$
DECLARE v_digits text := regexp_replace(split_part(coalesce(p_phone, ''), '@', 1), '\D', '', 'g'); v_all text[];
BEGIN
  v_digits := regexp_replace(v_digits, '^00', '');
  IF length(v_digits) NOT BETWEEN 6 AND 20 THEN RETURN; END IF;
  SELECT array_agg(DISTINCT x) INTO v_all FROM (
    SELECT v_digits AS x
    UNION ALL SELECT k.code || v_digits FROM parley.calling_codes(p_tenant) AS k(code) WHERE p_phone !~ '^\s*(\+|00)'
    UNION ALL SELECT k.code || substr(v_digits, 2) FROM parley.calling_codes(p_tenant) AS k(code)
      WHERE p_phone !~ '^\s*(\+|00)' AND v_digits ~ CASE k.code WHEN '7' THEN '^8\d{10}$' ELSE '^0' END) c;
  RETURN QUERY
    SELECT c.id FROM contacts c WHERE c.tenant_id = p_tenant AND c.phone = ANY (ARRAY(SELECT '+' || a FROM unnest(v_all) AS a))
    UNION SELECT i.contact_id FROM contact_identities i WHERE i.tenant_id = p_tenant AND i.scope = '' AND i.kind IN ('wa_id', 'phone')
      AND i.value = ANY (v_all || ARRAY(SELECT '+' || a FROM unnest(v_all) AS a));
END $$;

-- The country codes of a business's own numbers: the longest code that their country is known by.
CREATE FUNCTION parley.calling_codes(p_tenant uuid) RETURNS SETOF text
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT DISTINCT codes ->> a.country FROM channel_accounts a,
    (SELECT '{"AC":"247","AD":"376","AE":"971","AF":"93","AG":"1","AI":"1","AL":"355","AM":"374","AO":"244","AR":"54","AS":"1","AT":"43",
     "AU":"61","AW":"297","AX":"358","AZ":"994","BA":"387","BB":"1","BD":"880","BE":"32","BF":"226","BG":"359","BH":"973","BI":"257",
     "BJ":"229","BL":"590","BM":"1","BN":"673","BO":"591","BQ":"599","BR":"55","BS":"1","BT":"975","BW":"267","BY":"375","BZ":"501",
     "CA":"1","CC":"61","CD":"243","CF":"236","CG":"242","CH":"41","CI":"225","CK":"682","CL":"56","CM":"237","CN":"86","CO":"57",
     "CR":"506","CU":"53","CV":"238","CW":"599","CX":"61","CY":"357","CZ":"420","DE":"49","DJ":"253","DK":"45","DM":"1","DO":"1",
     "DZ":"213","EC":"593","EE":"372","EG":"20","EH":"212","ER":"291","ES":"34","ET":"251","FI":"358","FJ":"679","FK":"500","FM":"691",
     "FO":"298","FR":"33","GA":"241","GB":"44","GD":"1","GE":"995","GF":"594","GG":"44","GH":"233","GI":"350","GL":"299","GM":"220",
     "GN":"224","GP":"590","GQ":"240","GR":"30","GT":"502","GU":"1","GW":"245","GY":"592","HK":"852","HN":"504","HR":"385","HT":"509",
     "HU":"36","ID":"62","IE":"353","IL":"972","IM":"44","IN":"91","IO":"246","IQ":"964","IR":"98","IS":"354","IT":"39","JE":"44",
     "JM":"1","JO":"962","JP":"81","KE":"254","KG":"996","KH":"855","KI":"686","KM":"269","KN":"1","KP":"850","KR":"82","KW":"965",
     "KY":"1","KZ":"7","LA":"856","LB":"961","LC":"1","LI":"423","LK":"94","LR":"231","LS":"266","LT":"370","LU":"352","LV":"371",
     "LY":"218","MA":"212","MC":"377","MD":"373","ME":"382","MF":"590","MG":"261","MH":"692","MK":"389","ML":"223","MM":"95","MN":"976",
     "MO":"853","MP":"1","MQ":"596","MR":"222","MS":"1","MT":"356","MU":"230","MV":"960","MW":"265","MX":"52","MY":"60","MZ":"258",
     "NA":"264","NC":"687","NE":"227","NF":"672","NG":"234","NI":"505","NL":"31","NO":"47","NP":"977","NR":"674","NU":"683","NZ":"64",
     "OM":"968","PA":"507","PE":"51","PF":"689","PG":"675","PH":"63","PK":"92","PL":"48","PM":"508","PR":"1","PS":"970","PT":"351",
     "PW":"680","PY":"595","QA":"974","RE":"262","RO":"40","RS":"381","RU":"7","RW":"250","SA":"966","SB":"677","SC":"248","SD":"249",
     "SE":"46","SG":"65","SH":"290","SI":"386","SJ":"47","SK":"421","SL":"232","SM":"378","SN":"221","SO":"252","SR":"597","SS":"211",
     "ST":"239","SV":"503","SX":"1","SY":"963","SZ":"268","TA":"290","TC":"1","TD":"235","TG":"228","TH":"66","TJ":"992","TK":"690",
     "TL":"670","TM":"993","TN":"216","TO":"676","TR":"90","TT":"1","TV":"688","TW":"886","TZ":"255","UA":"380","UG":"256","US":"1",
     "UY":"598","UZ":"998","VA":"39","VC":"1","VE":"58","VG":"1","VI":"1","VN":"84","VU":"678","WF":"681","WS":"685","XK":"383",
     "YE":"967","YT":"262","ZA":"27","ZM":"260","ZW":"263"}'::jsonb AS codes) c
   WHERE a.tenant_id = p_tenant AND codes ? a.country
$$;

-- One row to a partition of `messages`, oldest first, the DEFAULT one last. Rows are estimates of the planner; -1 was never counted.
CREATE FUNCTION parley.get_messages_stats()
RETURNS TABLE (partition_name text, from_at timestamptz, to_at timestamptz, estimated_rows bigint, total_bytes bigint, index_bytes bigint)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT c.relname::text, m.from_at, m.to_at, greatest(c.reltuples, s.n_live_tup)::bigint, pg_total_relation_size(c.oid), pg_indexes_size(c.oid)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    LEFT JOIN month_partitions('messages') m ON m.partition = c.oid
    LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
   WHERE i.inhparent = 'parley.messages'::regclass ORDER BY m.from_at NULLS LAST
$$;

-- One row to a table of the schema, partitions counted with their table, largest first.
CREATE FUNCTION parley.get_database_stats()
RETURNS TABLE (table_name text, estimated_rows bigint, total_bytes bigint, index_bytes bigint, partitions integer, last_analyzed timestamptz)
  LANGUAGE sql STABLE SET search_path = parley, pg_temp
AS $$
  SELECT r.relname::text, sum(greatest(l.reltuples, s.n_live_tup, 0))::bigint, sum(pg_total_relation_size(l.oid))::bigint,
         sum(pg_indexes_size(l.oid))::bigint, count(*) FILTER (WHERE l.oid <> r.oid)::integer, max(greatest(s.last_analyze, s.last_autoanalyze))
    FROM pg_class r
   CROSS JOIN LATERAL (SELECT c.oid, c.reltuples FROM pg_class c WHERE c.oid = r.oid AND r.relkind = 'r'
                       UNION ALL SELECT c.oid, c.reltuples FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = r.oid) l
    LEFT JOIN pg_stat_all_tables s ON s.relid = l.oid
   WHERE r.relnamespace = 'parley'::regnamespace AND r.relkind IN ('r', 'p') AND NOT r.relispartition
   GROUP BY r.oid, r.relname ORDER BY 3 DESC, 1
$$;

-- Down Migration
DROP FUNCTION parley.get_database_stats, parley.get_messages_stats, parley.get_recent_messages, parley.find_contacts_by_phone,
  parley.calling_codes;
