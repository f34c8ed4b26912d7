-- Stops ahead whose newest predicted arrival is more than `late_s` seconds after they are due (planned arrival, else end of the
-- window), latest first. Of stops that were promised a month before the newest prediction at most: the setting leaves
-- other months unread.
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
    dateDiff('second', v.due_at, p.predicted_at) AS expected_lateness_s
FROM
(
    SELECT *, if(planned_arrival != toDateTime64(0, 3, 'UTC'), planned_arrival, window_end) AS due_at
    FROM v_stop_visits
    WHERE promised_at >= newest - toIntervalDay(31) AND status = 'planned' AND trip_id IN (SELECT trip_id FROM predictions)
    SETTINGS do_not_merge_across_partitions_select_final = 1
) AS v
INNER JOIN predictions AS p ON v.trip_id = p.trip_id AND v.stop_id = p.stop_id
WHERE v.due_at != toDateTime64(0, 3, 'UTC') AND expected_lateness_s > {late_s:UInt32}
ORDER BY expected_lateness_s DESC, trip_id, stop_id
LIMIT {limit:UInt32}
