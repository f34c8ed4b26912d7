//! What the SQL of the fleet needs of the configuration: settings, schedules of depots, classes and vehicles, and the days of
//! the time zones in use. Written at every start.

use crate::{
    config::FleetSettings,
    error::store_error,
    statement::{quoted, run},
};
use std::{collections::BTreeSet, fmt};
use tacho_io::StoreError;

/// What a schedule is about. A vehicle's own is taken first, then its group's (the depot's), then its class's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleScope {
    /// One vehicle.
    Vehicle,
    /// The vehicles of a group.
    Group,
    /// The vehicles of a class.
    Class,
}

/// Time zone and scheduled hours of a vehicle, a group or a class, where they are not the fleet's.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetSchedule {
    /// What it is about.
    pub scope: ScheduleScope,
    /// Its name.
    pub name: String,
    /// An IANA name; empty: not said here.
    pub time_zone: String,
    /// Scheduled hours from Monday to Sunday; none: not said here.
    pub hours: Option<[f64; 7]>,
}

/// Why a schedule's text says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; as \"group=north; time_zone=Europe/Berlin; hours=8,8,8,8,8,0,0\"")]
pub struct BadSchedule {
    reason: String,
}

fn bad(reason: impl Into<String>) -> BadSchedule {
    BadSchedule { reason: reason.into() }
}

impl FleetSchedule {
    /// Reads `vehicle=…`, `group=…` or `class=…`, with `time_zone=…`, `hours=…` (one number for every day, or seven from
    /// Monday on) or both, parted by `;`. Whether the time zone exists is not looked at.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(text: &str) -> Result<FleetSchedule, BadSchedule> {
        let mut about = None;
        let (mut time_zone, mut hours) = (String::new(), None);
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or_else(|| bad(format!("`{part}` has no `=`")))?;
            let value = value.trim();
            let scope = match key.trim() {
                "vehicle" => ScheduleScope::Vehicle,
                "group" => ScheduleScope::Group,
                "class" => ScheduleScope::Class,
                "time_zone" => {
                    value.clone_into(&mut time_zone);
                    continue;
                }
                "hours" => {
                    hours = Some(parse_hours(value)?);
                    continue;
                }
                other => return Err(bad(format!("`{other}` is no vehicle, group, class, time_zone or hours"))),
            };
            if value.is_empty() || about.replace((scope, value.to_owned())).is_some() {
                return Err(bad("it must name one vehicle, group or class"));
            }
        }
        let (scope, name) = about.ok_or_else(|| bad("it must name a vehicle, group or class"))?;
        if time_zone.is_empty() && hours.is_none() {
            return Err(bad("it has neither time_zone nor hours"));
        }
        Ok(FleetSchedule { scope, name, time_zone, hours })
    }
}

fn parse_hours(text: &str) -> Result<[f64; 7], BadSchedule> {
    let number = |word: &str| word.trim().parse::<f64>().ok().filter(|hours| (0.0..=24.0).contains(hours));
    let numbers: Option<Vec<f64>> = text.split(',').map(number).collect();
    match numbers.as_deref() {
        Some([every]) => Ok([*every; 7]),
        Some(week) if week.len() == 7 => Ok(std::array::from_fn(|day| week[day])),
        _ => Err(bad(format!("hours are `{text}`, neither one number of 0 to 24 nor seven"))),
    }
}

impl fmt::Display for ScheduleScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ScheduleScope::Vehicle => "vehicle",
            ScheduleScope::Group => "group",
            ScheduleScope::Class => "class",
        })
    }
}

/// Writes what the configuration says of the fleet; the newest rows are the truth.
///
/// # Errors
/// When the store fails, or does not know a time zone: its name would break the views.
pub async fn set_fleet(client: &clickhouse::Client, fleet: &FleetSettings) -> Result<(), StoreError> {
    let FleetSettings { idle_litres_per_hour, fuel_price, scheduled_hours_per_day, under_utilized_share, .. } = fleet;
    let said = fleet.schedules.iter().map(|schedule| schedule.time_zone.as_str()).filter(|zone| !zone.is_empty());
    let zones: BTreeSet<&str> = said.chain([fleet.time_zone.as_str()]).collect();
    for zone in zones {
        run(client, &days_of(&quoted(zone))).await?;
    }
    let version: u64 = client
        .query("SELECT greatest(toUInt64(toUnixTimestamp64Milli(now64(3))), max(version) + 1) FROM fleet_settings")
        .fetch_one()
        .await
        .map_err(|error| store_error(&error))?;
    for FleetSchedule { scope, name, time_zone, hours } in &fleet.schedules {
        let hours = hours.map(|week| week.map(|hours| hours.to_string()).join(",")).unwrap_or_default();
        let (name, zone) = (quoted(name), quoted(time_zone));
        let row = format!("INSERT INTO fleet_schedules SELECT '{scope}', {name}, {zone}, [{hours}], {version}");
        run(client, &row).await?;
    }
    let zone = quoted(&fleet.time_zone);
    let row = format!(
        "INSERT INTO fleet_settings SELECT 0, {zone}, {idle_litres_per_hour}, {fuel_price}, {scheduled_hours_per_day}, \
         {under_utilized_share}, {version}"
    );
    run(client, &row).await
}

/// The days of a zone from 2000 to 2050. Days on which clocks change have 23 or 25 hours.
fn days_of(zone: &str) -> String {
    format!(
        "INSERT INTO zone_days (zone, day, starts_at, ends_at, offset_s, offset_after_s, changes_at, version) \
         SELECT {zone}, toDate32('2000-01-01') + number AS day, toTimeZone(toDateTime(day, {zone}), 'UTC') AS starts, \
         toTimeZone(toDateTime(day + 1, {zone}), 'UTC') AS ends, timeZoneOffset(toDateTime(day, {zone})) AS before, \
         timeZoneOffset(toTimeZone(ends - 1, {zone})) AS after, if(before = after, ends, \
         arrayFirst(at -> timeZoneOffset(toTimeZone(at, {zone})) != before, arrayMap(n -> starts + 900 * n, range(100)))), \
         toUnixTimestamp64Milli(now64(3)) FROM numbers(18628)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_and_what_is_none_is_refused_with_its_reason() {
        let schedule =
            FleetSchedule::parse("group=north yard; time_zone=Europe/Berlin; hours=8,8,8,8,8,0,0.5").unwrap();
        assert_eq!((schedule.scope, schedule.name.as_str()), (ScheduleScope::Group, "north yard"));
        assert_eq!(schedule.time_zone, "Europe/Berlin");
        assert_eq!(schedule.hours, Some([8.0, 8.0, 8.0, 8.0, 8.0, 0.0, 0.5]));
        let schedule = FleetSchedule::parse("class=truck;hours=10").unwrap();
        assert_eq!((schedule.time_zone.as_str(), schedule.hours), ("", Some([10.0; 7])));
        for (text, reason) in [
            ("", "it must name a vehicle, group or class"),
            ("group=a; class=b; hours=1", "it must name one vehicle"),
            ("vehicle=v1", "it has neither time_zone nor hours"),
            ("vehicle=v1; hours=25", "hours are `25`"),
            ("vehicle=v1; hours=1,2", "hours are `1,2`"),
            ("vehicle=v1; zone=UTC", "`zone` is no vehicle"),
            ("v1", "`v1` has no `=`"),
        ] {
            let error = FleetSchedule::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{text}: {error}");
        }
    }
}
