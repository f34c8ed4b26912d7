//! Renders the example file and the table of options from the types of [`crate::config`].

use crate::config::Config;
use schemars::schema_for;
use serde_json::Value;
use std::fmt::Write;

/// One option: section, key, description, default as TOML.
struct Entry {
    section: String,
    key: String,
    description: String,
    default: String,
}

/// `config/example.toml`: every option with its default, commented out.
pub fn example() -> String {
    let mut text = String::from(
        "# Every option with its default. Copy what you change into `tacho.toml`.\n# The environment overrides the file: TACHO_SECTION__KEY, as TACHO_HTTP__LISTEN=127.0.0.1:8081.\n",
    );
    for (section, description, entries) in sections() {
        let _ = write!(text, "\n# {description}\n[{section}]\n");
        for entry in entries {
            let _ = write!(text, "# {}\n# {} = {}\n", entry.description, entry.key, entry.default);
        }
    }
    text
}

/// `docs/configuration.md`: the same as a table per section.
pub fn reference() -> String {
    let mut text = String::from(
        "# Configuration\n\nRead from `tacho.toml` (or `--config FILE`), then from the environment (`TACHO_SECTION__KEY`), then from flags. Unknown keys are refused. `tacho config` prints what is in effect.\n",
    );
    for (section, description, entries) in sections() {
        let _ = write!(text, "\n## `[{section}]`\n\n{description}\n\n| key | default | meaning |\n|---|---|---|\n");
        for entry in entries {
            let _ = writeln!(text, "| `{}` | `{}` | {} |", entry.key, entry.default, entry.description);
        }
        debug_assert!(!section.is_empty());
    }
    text
}

fn sections() -> Vec<(String, String, Vec<Entry>)> {
    let schema = serde_json::to_value(schema_for!(Config)).unwrap_or_default();
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    let mut sections = Vec::new();
    for (section, values) in defaults.as_object().into_iter().flatten() {
        let property = &schema["properties"][section];
        let definition = definition_of(&schema, property);
        let entries = values.as_object().into_iter().flatten().map(|(key, default)| Entry {
            section: section.clone(),
            key: key.clone(),
            description: description_of(&definition["properties"][key]),
            default: toml_of(default),
        });
        let entries: Vec<Entry> = entries.collect();
        debug_assert!(entries.iter().all(|entry| entry.section == *section));
        sections.push((section.clone(), description_of(property), entries));
    }
    sections
}

fn definition_of<'a>(schema: &'a Value, property: &'a Value) -> &'a Value {
    let reference = property["$ref"].as_str().unwrap_or_default();
    schema.pointer(reference.trim_start_matches('#')).unwrap_or(property)
}

fn description_of(value: &Value) -> String {
    value["description"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn toml_of(value: &Value) -> String {
    value.to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// With `TACHO_UPDATE=1` the files are written instead of compared.
    fn check(file: &str, expected: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
        if std::env::var_os("TACHO_UPDATE").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
            std::fs::write(&path, expected).expect("written");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == expected, "{file} is stale; run `TACHO_UPDATE=1 cargo test --release -p tacho config_docs`");
    }

    #[test]
    fn the_example_file_is_fresh() {
        check("config/example.toml", &super::example());
    }

    #[test]
    fn the_reference_is_fresh() {
        check("docs/configuration.md", &super::reference());
    }
}
