-- Crashes by flag and by impact, see parts/crashes.sql. Result: compared, those that differ.
WITH
{{crashes}}
SELECT count(), countIf(e.vehicle_id = '' OR f.vehicle_id = '')
FROM crashes AS e
FULL OUTER JOIN (
    SELECT *, toUnixTimestamp64Milli(ts) AS since_ms FROM v_alerts WHERE alert_type = 'crash' AND source = 'engine'
) AS f ON e.vehicle_id = f.vehicle_id AND e.since_ms = f.since_ms
