//! The named queries with values for their parameters, as a dashboard asks them.

use anyhow::{Context, Result, ensure};
use std::{fs, path::Path};

/// What is asked about: something that the store holds, so that answers are not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub trip_id: String,
    pub vehicle_id: String,
    pub driver_id: String,
    /// Day of that trip, as 2026-01-31.
    pub day: String,
}

impl Subject {
    /// The query whose answer [`Subject::parse`] reads: the longest of the trips.
    pub const SQL: &'static str = "SELECT trip_id, vehicle_id, driver_id, toDate(started_at) FROM v_trips \
        WHERE driver_id != '' ORDER BY distance_m DESC, trip_id LIMIT 1 FORMAT TabSeparated";

    /// The store's answer.
    pub fn parse(answer: &str) -> Result<Subject> {
        let mut fields = answer.trim_end_matches('\n').split('\t').map(str::to_owned);
        let mut field = || fields.next().filter(|text| !text.is_empty()).context("there is no trip to ask about");
        Ok(Subject { trip_id: field()?, vehicle_id: field()?, driver_id: field()?, day: field()? })
    }
}

/// A named query and its parameters, `name=value&...`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    pub name: String,
    pub parameters: String,
}

/// Every query of the folder, by name.
pub fn all(folder: &Path, subject: &Subject) -> Result<Vec<Question>> {
    let mut questions = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
        let parameters = parameters(name, &fs::read_to_string(&path)?, subject);
        questions.push(Question { name: name.to_owned(), parameters });
    }
    questions.sort();
    ensure!(!questions.is_empty(), "there are no queries in {}", folder.display());
    Ok(questions)
}

/// Values for the `{name:Type}` of a text: what a dashboard asks for.
fn parameters(query: &str, sql: &str, subject: &Subject) -> String {
    let mut given: Vec<String> = Vec::new();
    for piece in sql.split('{').skip(1) {
        let Some((name, kind)) = piece.split('}').next().and_then(|param| param.split_once(':')) else { continue };
        let value = match (name.trim(), kind.trim()) {
            // Lists can be of all vehicles; only a vehicle's own page names one.
            ("vehicle_id", _) if query.starts_with("vehicle") => &subject.vehicle_id,
            ("trip_id", _) => &subject.trip_id,
            ("driver_id", _) if query != "alerts_page" => &subject.driver_id,
            ("day", _) => &subject.day,
            ("by", _) => "vehicle",
            ("window", _) => "1h",
            ("resolution", _) => "7",
            ("before_ms", _) => "4102444800000",
            ("hours", _) => "24",
            ("days", _) => "7",
            ("minutes" | "step_s" | "late_s", _) => "60",
            ("severity_min" | "km_min", _) => "1",
            (_, "String") => "",
            _ => "100",
        };
        let text = format!("{}={value}", name.trim());
        if !given.contains(&text) {
            given.push(text);
        }
    }
    given.join("&")
}

#[cfg(test)]
mod tests {
    use super::{Subject, parameters};

    fn subject() -> Subject {
        Subject::parse("trip_7\tveh_1500\tdrv_2500\t2026-01-31\n").unwrap()
    }

    #[test]
    fn every_parameter_gets_a_value_once() {
        let sql = "SELECT {vehicle_id:String}, {limit:UInt32}, {vehicle_id:String}, {hours:UInt32}";
        assert_eq!(parameters("vehicle_detail", sql, &subject()), "vehicle_id=veh_1500&limit=100&hours=24");
        assert_eq!(parameters("trips_page", "{vehicle_id:String}", &subject()), "vehicle_id=");
    }

    #[test]
    fn what_has_a_name_is_asked_for_by_the_name_of_one_that_is_stored() {
        let sql = "{trip_id:String}, {driver_id:String}, {day:String}, {resolution:UInt8}, {window:String}";
        let wanted = "trip_id=trip_7&driver_id=drv_2500&day=2026-01-31&resolution=7&window=1h";
        assert_eq!(parameters("trip_path", sql, &subject()), wanted);
    }

    #[test]
    fn a_store_without_a_trip_is_an_error() {
        assert!(Subject::parse("").is_err());
        assert!(Subject::parse("trip_7\tveh_1500\n").is_err());
    }
}
