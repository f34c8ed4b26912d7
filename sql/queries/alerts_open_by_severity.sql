-- Open alerts by severity, worst first: of the engine and of devices.
SELECT severity, count() AS alert_count
FROM v_alerts
WHERE state = 'open'
GROUP BY severity
ORDER BY severity DESC
LIMIT {limit:UInt32}
