-- The stops planned for a day (of the depot's time zone) against what became of them, in the order of the plan.
WITH (SELECT zone FROM v_fleet) AS zone
SELECT trip_id, stop_id, customer_id, vehicle_id, driver_id, kind, status, planned_arrival, window_start, window_end,
    arrived_at, departed_at, lateness_s, delay_s, punctuality, outcome
FROM v_stop_visits
WHERE toDate(toTimeZone(planned_arrival, zone)) = toDate({day:String}) AND status != 'removed'
ORDER BY planned_arrival, trip_id, plan_order
LIMIT {limit:UInt32}
