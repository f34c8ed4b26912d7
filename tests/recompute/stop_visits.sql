-- Visits of planned stops against plans, drivers' words and fixes (see parts/visits.sql): arrival, departure, service, waiting,
-- delay, lateness, punctuality, order, outcome. Result: stops compared, those that differ.
WITH
{{visits}}
SELECT count(), countIf(f.stop_id = '' OR e.stop_id = '' OR e.vehicle != f.vehicle_id OR e.customer != f.customer_id OR e.kind != f.kind
    OR e.plan_order != f.plan_order OR e.visit_order != f.visit_order OR e.is_out_of_order != f.out_of_order OR e.status != f.status OR e.punctuality != f.punctuality
    OR toUnixTimestamp64Milli(f.arrived_at) != e.arrived_ms OR toUnixTimestamp64Milli(f.departed_at) != e.departed_ms
    OR e.result != f.outcome OR e.why != f.reason OR NOT isNotDistinctFrom(e.delivered, f.delivered_qty) AND (isFinite(e.delivered) OR isFinite(f.delivered_qty)) OR e.ordered != f.ordered_qty
    OR (e.arrived_ms > 0 AND (toUnixTimestamp64Milli(f.service_start) != e.service_ms OR round(f.waiting_s * 1000) != e.service_ms - e.arrived_ms
        OR if(e.due_ms > 0, round(f.lateness_s * 1000) != e.arrived_ms - e.due_ms, isFinite(f.lateness_s)) OR toUnixTimestamp64Milli(f.promised_at) != e.promised_ms OR f.declared != (e.is_arrival_said OR e.is_departure_said)))
    OR (e.departed_ms > 0 AND (round(f.dwell_s * 1000) != e.departed_ms - e.arrived_ms
        OR abs(f.delay_s - greatest(0, (e.departed_ms - e.service_ms) / 1000 - e.service_s)) > 1e-6)))
FROM visits AS e
FULL OUTER JOIN (SELECT * FROM v_stop_visits WHERE trip_id IN (SELECT trip_id FROM plans)) AS f ON e.trip_id = f.trip_id AND e.stop_id = f.stop_id
