-- The heat map of loading and unloading delay at resolutions 7 and 9, as `heat_delays` tells it, against visits from plans, drivers'
-- words and fixes: visits and total delay by cell. Result: cells compared, those that differ.
WITH
{{visits}},
    expected AS (
        SELECT resolution, h3ToString(geoToH3(lat, lon, resolution)) AS cell, count() AS n, sum(greatest(0, (departed_ms - service_ms) / 1000 - service_s)) AS total
        FROM visits
        ARRAY JOIN [toUInt8(7), toUInt8(9)] AS resolution
        WHERE departed_ms > 0
        GROUP BY resolution, cell
    ),
    found AS (
        SELECT 7 AS resolution, cell_id AS cell, visit_count, total_delay_s FROM ({{query heat_delays resolution=7 hours=1000}})
        UNION ALL
        SELECT 9, cell_id, visit_count, total_delay_s FROM ({{query heat_delays resolution=9 hours=1000}})
    )
SELECT count(), countIf(e.cell = '' OR f.cell = '' OR e.n != f.visit_count OR abs(e.total - f.total_delay_s) > 1e-6)
FROM expected AS e
FULL OUTER JOIN found AS f ON e.resolution = f.resolution AND e.cell = f.cell
