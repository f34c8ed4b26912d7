-- The heat map of positions over the last hours that were counted, by H3 cell of resolution 7 or 9, densest first.
WITH (SELECT max(hour) FROM heat_cells) AS newest
SELECT h3ToString(cell) AS cell_id, h3ToGeo(cell).1 AS lat, h3ToGeo(cell).2 AS lon, sum(fix_count) AS fix_count,
    max(vehicle_count) AS vehicle_count_max, sum(speed_sum_kmph) / sum(heat_cells.fix_count) AS avg_speed_kmph
FROM heat_cells FINAL
WHERE resolution = {resolution:UInt8} AND hour > newest - toIntervalHour({hours:UInt32})
GROUP BY cell
ORDER BY fix_count DESC, cell_id
LIMIT {limit:UInt32}
