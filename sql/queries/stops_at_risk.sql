-- Stops ahead whose newest predicted arrival is more than `late_s` seconds after the promise, latest first.
WITH
    (SELECT max(made_at) FROM eta_predictions) AS newest,
    predictions AS (
        SELECT trip_id, stop_id, argMax(predicted_at, made_at) AS predicted_at
        FROM eta_predictions
        WHERE made_at >= newest - toIntervalHour(1) AND arrived_at = toDateTime64(0, 3, 'UTC')
        GROUP BY trip_id, stop_id
    )
SELECT v.trip_id AS trip_id, v.stop_id AS stop_id, v.customer_id AS customer_id, v.vehicle_id AS vehicle_id,
    v.driver_id AS driver_id, v.planned_arrival AS planned_arrival, v.window_end AS window_end, p.predicted_at AS predicted_at,
    dateDiff('second', v.planned_arrival, p.predicted_at) AS expected_lateness_s
FROM (SELECT * FROM v_stop_visits WHERE status = 'planned') AS v
INNER JOIN predictions AS p ON v.trip_id = p.trip_id AND v.stop_id = p.stop_id
WHERE expected_lateness_s > {late_s:UInt32}
ORDER BY expected_lateness_s DESC, trip_id, stop_id
LIMIT {limit:UInt32}
