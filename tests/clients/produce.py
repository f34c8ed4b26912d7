"""Produces telemetry as the reference's producer does: produce.py BROKERS COMPRESSION COUNT."""

import json
import sys
import uuid
from datetime import datetime, timedelta, timezone

from confluent_kafka import Producer

brokers, compression, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
producer = Producer({"bootstrap.servers": brokers, "compression.type": compression, "linger.ms": 5})
failures = []
start = datetime.now(timezone.utc) - timedelta(hours=1)
for number in range(count):
    message = {
        "event_id": str(uuid.uuid4()),
        "vehicle_id": f"py_{compression}_{number % 5}",
        "driver_id": "drv_2000",
        "trip_id": "",
        "timestamp": (start + timedelta(seconds=number // 5, microseconds=number)).isoformat(),
        "lat": 12.9 + number * 1e-5,
        "lon": 77.6,
        "speed_kmph": 40.0,
        "heading": 10.0,
        "sat_count": 9,
        "battery_v": 12.5,
    }
    producer.produce(
        "fleet.prod.telemetry.raw",
        key=message["vehicle_id"],
        value=json.dumps(message),
        on_delivery=lambda error, _: failures.append(error) if error else None,
    )
    producer.poll(0)
left = producer.flush(30)
if left or failures:
    sys.exit(f"{left} not sent, {len(failures)} failed: {failures[:3]}")
