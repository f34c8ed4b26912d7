-- The planned stops of a trip in the order of the plan, and what became of them.
SELECT stop_id, customer_id, kind, lat, lon, plan_order, visit_order, status, planned_arrival, window_start, window_end,
    arrived_at, departed_at, dwell_s, waiting_s, delay_s, lateness_s, punctuality, out_of_order, outcome, reason
FROM v_stop_visits
WHERE trip_id = {trip_id:String}
ORDER BY plan_order, stop_id
LIMIT {limit:UInt32}
