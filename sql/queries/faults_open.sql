-- Health alerts that are open, gravest and oldest first.
SELECT alert_id, ts, vehicle_id, alert_type, severity, details, value, threshold
FROM v_alerts
WHERE state IN ('open', 'acknowledged') AND ended_at = toDateTime64(0, 3, 'UTC')
    AND alert_type IN ('engine_overheat', 'low_battery', 'low_fuel', 'fault_code', 'maintenance_due', 'asset_downtime')
ORDER BY severity DESC, ts, alert_id
LIMIT {limit:UInt32}
