-- Alerts of the last days of data by type and hour (of the depot's time zone), oldest first; dismissed ones left out.
WITH (SELECT zone FROM v_fleet) AS zone
SELECT alert_type, toDateTime(toStartOfHour(toTimeZone(ts, zone)), zone) AS hour, count() AS alert_count,
    max(severity) AS severity_max
FROM v_alerts
WHERE ts >= (SELECT ts FROM alerts ORDER BY ts DESC LIMIT 1) - toIntervalDay({days:UInt32}) AND state != 'dismissed'
GROUP BY alert_type, hour
ORDER BY hour, alert_type
LIMIT {limit:UInt32}
