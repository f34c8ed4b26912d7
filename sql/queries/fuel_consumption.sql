-- Litres per 100 km over the last days of data by `by`: trip, vehicle or driver; worst first. Of the trips that ended, drove
-- at least 1 km and know their fuel.
WITH (SELECT max(started_at) FROM trips) AS newest
SELECT multiIf({by:String} = 'vehicle', vehicle_id, {by:String} = 'driver', driver_id, trip_id) AS what, count() AS trip_count,
    sum(distance_m) / 1000 AS distance_km, sum(fuel_used_l) AS litres, litres * 100 / distance_km AS litres_per_100km
FROM v_trips
WHERE started_at >= newest - toIntervalDay({days:UInt32}) AND status NOT IN ('open', 'cancelled') AND isFinite(fuel_used_l)
    AND distance_m >= 1000
GROUP BY what
ORDER BY litres_per_100km DESC, what
LIMIT {limit:UInt32}
