-- The heat map of alerts over the last hours of data, by H3 cell (resolution 7 or 9) and type, densest first; of one type,
-- or of all (''). Dismissed alerts are left out.
WITH (SELECT ts FROM alerts ORDER BY ts DESC LIMIT 1) AS newest
SELECT h3ToString(geoToH3(lat, lon, {resolution:UInt8})) AS cell_id, alert_type, avg(lat) AS mean_lat, avg(lon) AS mean_lon,
    count() AS alert_count, max(severity) AS severity_max
FROM v_alerts
WHERE ts > newest - toIntervalHour({hours:UInt32}) AND state != 'dismissed' AND isFinite(lat)
    AND ({alert_type:String} = '' OR alert_type = {alert_type:String})
GROUP BY cell_id, alert_type
ORDER BY alert_count DESC, cell_id, alert_type
LIMIT {limit:UInt32}
