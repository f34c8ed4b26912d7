-- How much of the last days (of each one's depot) is known of vehicles, least first: the day on which each was heard of first
-- in them, and last of all; hours since then, those offline (days of silence included), and the share of the others.
SELECT vehicle_id, class, group_name, first_day, last_day, span_h, offline_h, coverage
FROM vehicle_rates_last(days = {days:UInt32})
ORDER BY coverage, vehicle_id
LIMIT {limit:UInt32}
