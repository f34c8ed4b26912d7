-- Active parts, rows and bytes of each table.
SELECT table, count() AS part_count, sum(rows) AS row_count, sum(bytes_on_disk) AS byte_count
FROM system.parts
WHERE active AND database = currentDatabase()
GROUP BY table
ORDER BY table
LIMIT {limit:UInt32}
