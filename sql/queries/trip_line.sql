-- The path of a trip as points in order: at most 500, refined from its fixes a few minutes after its end, else (and when its fixes
-- had gone) the 64 of the live state. For every fix, see `trip_path`.
SELECT point.1 AS lat, point.2 AS lon, is_refined
FROM v_trip_paths
ARRAY JOIN path AS point
WHERE trip_id = {trip_id:String}
LIMIT {limit:UInt32}
