-- Trips that contradict each other, newest first; of one type, or of all ('').
SELECT anomaly_type, vehicle_id, driver_id, trip_id, other_trip_id, at, value, threshold
FROM v_anomalies
WHERE {anomaly_type:String} = '' OR anomaly_type = {anomaly_type:String}
ORDER BY at DESC, anomaly_type, vehicle_id, trip_id
LIMIT {limit:UInt32}
