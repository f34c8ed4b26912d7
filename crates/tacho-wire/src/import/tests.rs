use super::*;
use crate::testing::{decode, decode_with};
use crate::{DecodeLimits, TelemetryDecoder};
use tacho_model::{EventTime, LatLon, Tristate};

const NDS: &str = "vehicle_id:=car1,time=time_utc:s,lat=gps_lat,lon=gps_long,heading=gps_heading,sats=gps_sats,\
                   hdop=gps_hdop,speed=speed_mph:mph,accel_long=accel_x:g,accel_lat=accel_y:g,rpm=engine_rpm,\
                   altitude=gps_elevation";
const NDS_HEADERS: [&str; 12] = [
    "drive",
    "time_utc",
    "gps_long",
    "gps_lat",
    "gps_elevation",
    "gps_heading",
    "gps_sats",
    "gps_hdop",
    "speed_mph",
    "accel_x",
    "accel_y",
    "engine_rpm",
];

const TWIZY: &str = "vehicle:=T1,time=Date+Time:%m/%d/%Y %H:%M:%S,lat=LAT,lon=LON,speed=Speed,speed_limit=SpeedLimit,\
                     fuel=Soc,altitude=ALT";

fn map(text: &str) -> ColumnMap {
    ColumnMap::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn row(mapper: &Mapper, cells: &[&str]) -> Result<String, RowError> {
    let mut json = b"kept ".to_vec();
    let result = mapper.row(cells, &mut json);
    let text = String::from_utf8(json).unwrap();
    assert!(text.starts_with("kept "));
    result.map(|()| text["kept ".len()..].to_owned())
}

/// A mapper of one optional field over the column `c`.
fn one(field: &str) -> Result<Mapper, MapError> {
    let required = "vehicle:=v,time:=2025-11-30T12:00:00Z,lat:=1,lon:=2,speed:=3";
    Mapper::new(&["c", "d"], &ColumnMap::parse(&format!("{required},{field}"))?)
}

/// The text that the row's only mapped cell becomes.
fn cell(field: &str, value: &str) -> Result<String, RowError> {
    let json = row(&one(field).unwrap(), &[value, "second"])?;
    let message: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
    let known = ["vehicle_id", "timestamp", "lat", "lon", "speed_kmph"];
    let mut others = message.into_iter().filter(|(name, _)| !known.contains(&name.as_str()));
    Ok(others.next().map_or(String::new(), |(name, value)| format!("{name}={value}")))
}

#[test]
fn a_recorded_drive_becomes_telemetry() {
    let mapper = Mapper::new(&NDS_HEADERS, &map(NDS)).unwrap();
    let cells = [
        "1.0",
        "1558644851.0",
        "-95.98425293",
        "41.25786972",
        "349.79998779",
        "-89.119995",
        "4.0",
        "2.5",
        "30.4658289340253",
        "-0.174",
        "-0.04",
        "",
    ];
    let json = row(&mapper, &cells).unwrap();
    let mut decoder = TelemetryDecoder::new(DecodeLimits { max_age_ms: None, ..DecodeLimits::default() }, 1);
    let (batch, rejected) = decode_with(&mut decoder, &[&json]);
    assert!(rejected.is_empty(), "{rejected:?}");
    assert_eq!(batch.text.get(batch.vehicle_id[0]), "car1");
    assert_eq!(batch.timestamp[0], EventTime(1_558_644_851_000));
    assert_eq!((batch.lat[0], batch.lon[0], batch.sat_count[0]), (41.257_869_72, -95.984_252_93, 4));
    assert!((batch.speed_kmph[0] - 49.03).abs() < 0.01 && (batch.heading[0] - 270.88).abs() < 0.001);
    assert!((batch.accel_long_ms2.get(0) + 1.706).abs() < 0.001 && batch.rpm.get(0).is_nan());
}

#[test]
fn date_and_time_of_two_columns_are_joined() {
    let headers = ["Date", "Time", "Soc", "Speed", "LAT", "LON", "ALT", "SpeedLimit"];
    let mapper = Mapper::new(&headers, &map(TWIZY)).unwrap();
    for date in ["03/29/2021", "3/29/2021"] {
        let json = row(&mapper, &[date, "11:13:45", "87.54", "50.5", "33.98", "-6.72", "140", "40.0"]).unwrap();
        assert_eq!(
            json,
            r#"{"vehicle_id":"T1","timestamp":"2021-03-29T11:13:45.000Z","lat":33.98,"lon":-6.72,"speed_kmph":50.5,"fuel_pct":87.54,"altitude_m":140.0,"speed_limit_kmph":40.0}"#
        );
    }
    let error = row(&mapper, &["03/29/2021", "11:13:75", "1", "1", "1", "1", "1", "1"]).unwrap_err();
    assert_eq!(error.to_string(), "column `Date+Time` is `03/29/2021 11:13:75`, not a time by the format in the map");
}

#[test]
fn units_are_converted() {
    for (field, value, expected) in [
        ("heading=c", "725.5", "heading=5.5"),
        ("heading=c", "-90", "heading=270.0"),
        ("heading=c", "-1e-30", "heading=0.0"),
        ("odometer=c:mi", "10", "odometer_km=16.09344"),
        ("odometer=c:m", "1500", "odometer_km=1.5"),
        ("altitude=c:ft", "100", "altitude_m=30.48"),
        ("coolant=c:f", "212", "engine_temp_c=100.0"),
        ("fuel=c:fraction", "0.5", "fuel_pct=50.0"),
        ("battery=c:mv", "12500", "battery_v=12.5"),
        ("accel_long=c:g", "1", "accel_long_ms2=9.80665"),
        ("speed_limit=c:knots", "10", "speed_limit_kmph=18.52"),
        ("sats=c", "4.0", "sat_count=4.0"),
        ("ignition=c", "On", "ignition=true"),
        ("ignition=c", "0", "ignition=false"),
        ("driver=c", " Jürgen \"J\" ", "driver_id=\"Jürgen \\\"J\\\"\""),
        ("trip=c+d", "first", "trip_id=\"first second\""),
        ("rpm=c", "", ""),
        ("rpm=c", "NaN", ""),
        ("rpm=c", "N/A", ""),
        ("ignition:=yes", "", "ignition=true"),
    ] {
        assert_eq!(cell(field, value).unwrap(), expected, "{field} {value}");
    }
}

#[test]
fn times_are_read_in_their_unit() {
    for (unit, value) in [
        ("", "2025-11-30T12:00:00Z"),
        (":iso", "2025-11-30 17:30:00+05:30"),
        (":iso", "2025-11-30 12:00:00"),
        (":s", "1764504000"),
        (":s", "1764504000.0004"),
        (":ms", "1764504000000"),
        (":%d.%m.%Y %H:%M", "30.11.2025 12:00"),
        (":%Y%m%d%H%M%S%z", "20251130140000+0200"),
    ] {
        let map = map(&format!("vehicle:=v,lat:=1,lon:=2,speed:=3,time=t{unit}"));
        let json = row(&Mapper::new(&["t"], &map).unwrap(), &[value]).unwrap();
        assert!(json.contains(r#""timestamp":"2025-11-30T12:00:00.000Z""#), "{unit} {value}: {json}");
    }
}

#[test]
fn nonsense_cells_are_refused_with_column_and_value() {
    for (field, value, message) in [
        ("rpm=c", "fast", "column `c` is `fast`, not a number"),
        ("rpm=c", "inf", "column `c` is `inf`, not a number"),
        ("sats=c", "4.5", "column `c` is `4.5`, not a whole number"),
        ("ignition=c", "maybe", "column `c` is `maybe`, neither yes nor no"),
    ] {
        assert_eq!(cell(field, value).unwrap_err().to_string(), message);
    }
    let short = row(&one("rpm=d").unwrap(), &["1"]).unwrap_err();
    assert_eq!(short.to_string(), "1 cells, but column `d` is number 2");
    let overlong = cell("rpm=c", &"x".repeat(500)).unwrap_err();
    assert!(overlong.to_string().len() < 120);
}

#[test]
fn wrong_maps_are_refused_with_what_was_probably_meant() {
    for (text, message) in [
        ("lat", "`lat` is not `field=column`, `field=column:unit` or `field:=constant`"),
        ("=x", "`=x` is not `field=column`, `field=column:unit` or `field:=constant`"),
        ("lat=a+", "`lat=a+` is not `field=column`, `field=column:unit` or `field:=constant`"),
        ("latitud=x", "telemetry has no field `latitud`; did you mean `latitude`?"),
        ("lat=a,latitude=b", "`lat` is mapped twice"),
        ("speed=x:mhp", "`speed_kmph` cannot be in `mhp`; it can be in kmph, mph, ms, knots"),
        ("vehicle=x:m", "`vehicle_id` cannot be in `m`; it can be in no other unit"),
        (
            "time=x:%Q%",
            "`timestamp` cannot be in `%Q%`; it can be in s, ms, iso, or a strptime format such as %m/%d/%Y %H:%M:%S",
        ),
        ("rpm:=many", "`rpm` cannot be `many`: not a number"),
    ] {
        assert_eq!(ColumnMap::parse(text).unwrap_err().to_string(), message);
    }
    let unmapped = Mapper::new(&["a"], &map("lat=a")).unwrap_err();
    assert_eq!(
        unmapped.to_string(),
        "no column is mapped to `vehicle_id`; add `vehicle_id=COLUMN` (or `vehicle_id:=VALUE`) to --map"
    );
    let unknown = one("rpm=cc").unwrap_err();
    assert_eq!(unknown.to_string(), "the file has no column `cc`; did you mean `c`?");
}

#[test]
fn what_is_missing_is_judged_by_decoding() {
    let map = map("vehicle:=v,time=t:ms,lat=a,lon=b,speed=c,ignition=i");
    let mapper = Mapper::new(&["t", "a", "b", "c", "i"], &map).unwrap();
    let messages = [["1764504000000", "1", "2", "", "1"], ["1764504000000", "1", "2", "3", ""]]
        .map(|cells| row(&mapper, &cells).unwrap());
    let (batch, rejected) = decode(&messages);
    assert_eq!((batch.len(), batch.ignition_at(0)), (1, Tristate::Unknown));
    assert_eq!(rejected[0].detail, "`speed_kmph` is missing");
}

/// Points of a drive due north: seconds, metres.
fn track(points: &[(i64, f64)]) -> Vec<TrackPoint> {
    let start = LatLon { lat: 12.9, lon: 77.6 };
    let point = |(s, m): &(i64, f64)| TrackPoint { at: EventTime(s * 1_000), position: start.destination(0.0, *m) };
    points.iter().map(point).collect()
}

/// Speeds in km/h, to one decimal, of all points; in order and all at once.
fn speeds(points: &[(i64, f64)]) -> Vec<Option<f64>> {
    let track = track(points);
    let rounded = |speed: Option<f64>| speed.map(|kmph| (kmph * 10.0).round() / 10.0);
    let mut finder = SpeedFinder::default();
    let mut found = Vec::new();
    for (row, point) in track.iter().enumerate() {
        finder.push(row, Some(("v".to_owned(), *point)));
        found.extend(std::iter::from_fn(|| finder.pop_found()));
    }
    found.extend(std::iter::from_fn(|| finder.pop_last()));
    assert!(found.iter().map(|(row, _)| *row).eq(0..points.len()), "in their order");
    let all: Vec<_> = (0..points.len()).map(|index| rounded(speed_from_positions(&track, index))).collect();
    assert!(found.iter().map(|(_, speed)| rounded(*speed)).eq(all.iter().copied()), "held and freed alike");
    all
}

#[test]
fn a_speed_is_that_of_the_20_seconds_around_a_position() {
    // 10 m/s for 20 s, then it stands.
    let drive = [(0, 0.0), (5, 50.0), (10, 100.0), (15, 150.0), (20, 200.0), (25, 200.0), (30, 200.0), (35, 200.0)];
    let expected = [36.0, 36.0, 36.0, 27.0, 18.0, 9.0, 0.0, 0.0].map(Some);
    assert_eq!(speeds(&drive), expected);
}

#[test]
fn a_speed_reaches_to_the_next_position_but_not_over_a_gap_or_back_in_time() {
    assert_eq!(speeds(&[(0, 0.0), (60, 600.0), (120, 1_200.0)]), [36.0; 3].map(Some), "one fix a minute");
    assert_eq!(speeds(&[(0, 0.0), (5, 50.0), (126, 9_000.0)]), [Some(36.0), Some(36.0), None], "121 s are a gap");
    assert_eq!(speeds(&[(9, 0.0), (5, 50.0), (5, 60.0), (6, 70.0)]), [None, None, Some(36.0), Some(36.0)]);
    assert_eq!(speeds(&[(7, 0.0)]), [None]);
}

#[test]
fn a_vehicle_that_falls_silent_holds_the_others_up_for_so_many_rows_only() {
    let mut finder = SpeedFinder::default();
    let places = track(&[(0, 0.0), (1, 10.0), (2, 20.0)]);
    finder.push(0, Some(("silent".to_owned(), places[0])));
    finder.push(1, Some(("silent".to_owned(), places[1])));
    for row in 2..(1 << 16) {
        finder.push(row, None);
        assert_eq!(finder.pop_found(), None);
    }
    finder.push(1 << 16, None);
    let (row, speed_kmph) = finder.pop_found().unwrap();
    assert_eq!((row, speed_kmph.map(f64::round)), (0, Some(36.0)));
}

#[test]
fn a_file_without_speeds_gets_them_from_its_positions() {
    let text = "vehicle=v,time=t:s,lat=a,lon=b,speed:=positions";
    let mapper = Mapper::new(&["v", "t", "a", "b"], &map(text)).unwrap();
    assert!(mapper.finds_speed());
    let cells = ["car", "5", "12.9", "77.6"];
    let mut json = row(&mapper, &cells).unwrap().into_bytes();
    Mapper::add_speed(&mut json, 36.004_9);
    let expected =
        r#"{"vehicle_id":"car","timestamp":"1970-01-01T00:00:05.000Z","lat":12.9,"lon":77.6,"speed_kmph":36.0}"#;
    assert_eq!(String::from_utf8(json).unwrap(), expected);
    let place = TrackPoint { at: EventTime(5_000), position: LatLon { lat: 12.9, lon: 77.6 } };
    assert_eq!(mapper.place(&cells), Ok(Some(("car".to_owned(), place))));
    assert_eq!(mapper.place(&["car", "", "12.9", "77.6"]), Ok(None));
    assert!(matches!(mapper.place(&["car", "5", "north", "77.6"]), Err(RowError::Cell { .. })));
    let error =
        Mapper::new(&["v"], &map("vehicle=v,time:=2025-11-30T12:00:00Z,lat:=1,lon:=2")).unwrap_err().to_string();
    assert!(error.contains("`speed:=positions` if the file has none"), "{error}");
}
