//! Geofences from a file: a GeoJSON `FeatureCollection` becomes commands, checked as the control stream checks them.

use crate::{json::Document, side::read_command};
use serde_json::{Map, Value, json};
use tacho_model::{CommandKind, EventTime};

/// Properties of a feature that are fields of the command; others are left out.
const PROPERTIES: [&str; 8] = ["name", "kind", "radius_m", "width_m", "limit_kmph", "schedule", "scope", "crossings"];

/// A geofence of a file, ready for the topic `commands`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeofenceCommand {
    /// Its id, the record's key.
    pub geofence_id: String,
    /// The command.
    pub json: String,
}

/// A feature that is no geofence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("feature {index}: {detail}")]
pub struct BadFeature {
    /// Its place in the file, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub detail: String,
}

/// The file is no collection of features.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadGeofile(String);

/// A command for each feature of a GeoJSON text, effective from `from`; or why not. The id is the feature's `id`, or
/// its property `geofence_id` or `id`.
///
/// # Errors
/// When the text is no JSON, or neither a `FeatureCollection` nor a `Feature`.
pub fn geofence_commands(
    text: &str,
    from: EventTime,
    record_bytes_max: usize,
) -> Result<Vec<Result<GeofenceCommand, BadFeature>>, BadGeofile> {
    let document: Value = serde_json::from_str(text).map_err(|error| BadGeofile(format!("not JSON: {error}")))?;
    let features = match (document["type"].as_str(), &document["features"]) {
        (Some("FeatureCollection"), Value::Array(features)) => features.clone(),
        (Some("Feature"), _) => vec![document],
        _ => return Err(BadGeofile("neither a GeoJSON FeatureCollection nor a Feature".to_owned())),
    };
    let command = |(index, feature): (usize, &Value)| {
        command_of(feature, from, record_bytes_max).map_err(|detail| BadFeature { index, detail })
    };
    Ok(features.iter().enumerate().map(command).collect())
}

fn command_of(feature: &Value, from: EventTime, record_bytes_max: usize) -> Result<GeofenceCommand, String> {
    let properties = &feature["properties"];
    let geofence_id =
        [&feature["id"], &properties["geofence_id"], &properties["id"]].into_iter().find_map(|id| match id {
            Value::String(id) if !id.is_empty() => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        });
    let geofence_id = geofence_id.ok_or("it has no `id`, and no property `geofence_id` or `id`")?;
    let mut command = Map::new();
    command.insert("command_id".to_owned(), json!(format!("import-{geofence_id}-{}", from.ms())));
    command.insert("ts".to_owned(), json!(from.ms()));
    command.insert("type".to_owned(), json!("geofence.upsert"));
    command.insert("geofence_id".to_owned(), json!(geofence_id));
    for name in PROPERTIES {
        if let Some(value) = properties.get(name).filter(|value| !value.is_null()) {
            command.insert(name.to_owned(), value.clone());
        }
    }
    command.insert("geometry".to_owned(), feature["geometry"].clone());
    let json = Value::Object(command).to_string();
    if json.len() > record_bytes_max {
        return Err(format!("{} bytes as a command, at most {record_bytes_max} are allowed", json.len()));
    }
    let document = Document::parse(&json).map_err(|problem| problem.detail)?;
    let read = read_command(&document, &json).map_err(|problem| problem.detail)?;
    debug_assert!(matches!(read.kind, CommandKind::GeofenceUpsert(_)));
    Ok(GeofenceCommand { geofence_id, json })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_become_commands_and_bad_ones_say_why() {
        let text = r#"{"type":"FeatureCollection","features":[
            {"type":"Feature","id":7,"properties":{"name":"Depot","kind":"required","radius_m":150,"colour":"red"},
             "geometry":{"type":"Point","coordinates":[77.5,12.9]}},
            {"type":"Feature","properties":{"geofence_id":"x"},
             "geometry":{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}},
            {"type":"Feature","properties":{},"geometry":null}]}"#;
        let commands = geofence_commands(text, EventTime(5), 65_536).unwrap();
        let [Ok(depot), Err(crossed), Err(nameless)] = &commands[..] else { panic!("{commands:?}") };
        assert_eq!(depot.geofence_id, "7");
        let json: Value = serde_json::from_str(&depot.json).unwrap();
        assert_eq!((&json["kind"], &json["ts"], &json["colour"]), (&json!("required"), &json!(5), &Value::Null));
        assert!(crossed.to_string().contains("feature 1: `geometry`: a ring crosses or touches itself"), "{crossed}");
        assert!(nameless.to_string().contains("feature 2: it has no `id`"), "{nameless}");
        assert!(geofence_commands("[]", EventTime(5), 65_536).unwrap_err().to_string().contains("neither"));
        let too_long = geofence_commands(text, EventTime(5), 50).unwrap();
        assert!(too_long[0].clone().unwrap_err().detail.contains("at most 50"));
    }
}
