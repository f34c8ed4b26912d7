-- The newest refuellings; of one vehicle, or of all ('').
SELECT refuel_id, vehicle_id, started_at, ended_at, from_pct, to_pct, litres, lat, lon
FROM v_refuels
WHERE {vehicle_id:String} = '' OR vehicle_id = {vehicle_id:String}
ORDER BY started_at DESC, refuel_id
LIMIT {limit:UInt32}
