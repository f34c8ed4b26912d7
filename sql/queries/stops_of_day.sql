-- The stops promised for a day (of the time zone of the vehicle's depot) against what became of them, in the order of the
-- promises and of the plan. The setting leaves other months unread.
WITH
    (SELECT zone FROM v_fleet) AS fleet_zone,
    days AS (SELECT toString(zone) AS zone, starts_at, ends_at FROM zone_days FINAL WHERE day = toDate32({day:String})),
    (SELECT min(starts_at) FROM days) AS from_at,
    (SELECT max(ends_at) FROM days) AS until
SELECT s.trip_id AS trip_id, s.stop_id AS stop_id, s.customer_id AS customer_id, s.vehicle_id AS vehicle_id, s.driver_id AS driver_id, s.kind AS kind,
    s.status AS status, s.planned_arrival AS planned_arrival, s.window_start AS window_start, s.window_end AS window_end, s.arrived_at AS arrived_at,
    s.departed_at AS departed_at, s.lateness_s AS lateness_s, s.delay_s AS delay_s, s.punctuality AS punctuality, s.outcome AS outcome
FROM
(
    SELECT *
    FROM v_stop_visits
    WHERE promised_at >= from_at AND promised_at < until AND status != 'removed'
    SETTINGS do_not_merge_across_partitions_select_final = 1
) AS s
LEFT JOIN (SELECT vehicle_id, zone FROM v_vehicle_schedules) AS v ON s.vehicle_id = v.vehicle_id
INNER JOIN days AS d ON d.zone = if(v.zone = '', fleet_zone, v.zone)
WHERE s.promised_at >= d.starts_at AND s.promised_at < d.ends_at
ORDER BY s.promised_at, trip_id, s.plan_order, stop_id
LIMIT {limit:UInt32}
