-- What idling cost in the last days, most first: idle hours x litres per hour x price of a litre.
WITH
    (SELECT idle_litres_per_hour FROM v_fleet) AS litres_per_hour,
    (SELECT fuel_price FROM v_fleet) AS price
SELECT vehicle_id, sum(idling_s) / 3600 AS idling_h, idling_h * litres_per_hour AS litres, litres * price AS cost,
    sum(idling_s) / (sum(idling_s) + sum(driving_s)) AS idling_share
FROM vehicle_days_last(days = {days:UInt32})
GROUP BY vehicle_id
HAVING idling_h > 0
ORDER BY cost DESC, vehicle_id
LIMIT {limit:UInt32}
