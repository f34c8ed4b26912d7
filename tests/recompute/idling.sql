-- Idling episodes from the fixes. Result: compared (start, end, seconds, severity), those that differ.
-- One that the log's end cuts may be open, or over with the last fix.
WITH
{{idlings}},
    found AS (SELECT *, toUnixTimestamp64Milli(ts) AS since_ms, toUnixTimestamp64Milli(a.ended_at) AS until_ms FROM v_alerts AS a WHERE alert_type = 'idling' AND source = 'engine')
SELECT count(), countIf(e.vehicle_id = '' OR f.vehicle_id = '' OR f.severity != if(e.last_ms - e.since_ms >= 900000, 2, 1)
    OR if(f.until_ms = 0, NOT e.is_open OR f.state != 'open', f.until_ms != e.until_ms OR round(f.value * 1000) != e.until_ms - e.since_ms))
FROM idlings AS e
FULL OUTER JOIN found AS f ON e.vehicle_id = f.vehicle_id AND e.since_ms = f.since_ms
