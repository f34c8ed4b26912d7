use super::*;
use proptest::prelude::*;

fn is_json(text: &str) -> bool {
    let mut scanner = Scanner::new(text);
    scanner.skip_whitespace();
    scanner.value(0).is_ok() && scanner.expect_end().is_ok()
}

#[test]
fn what_is_not_json_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "[",
        "]",
        "[1,]",
        "[,1]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{'a':1}",
        "[1 2]",
        "nul",
        "nulL",
        "True",
        "NaN",
        "-NaN",
        "Infinity",
        "-Infinity",
        "-",
        "+1",
        ".5",
        "1.",
        "01",
        "-01",
        "1e",
        "1e+",
        "0x10",
        "1_000",
        "\"",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\n\"",
        "\"\u{0}\"",
        "1 1",
        "{}{}",
        "[1]]",
        "{]",
        "[}",
        "\u{feff}{}",
        "// x\n1",
        "[1,\u{a0}2]",
    ] {
        assert!(!is_json(text), "{text:?}");
        assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "serde_json takes {text:?}");
    }
}

#[test]
fn what_is_json_is_taken() {
    for text in [
        "0",
        "-0",
        "-0.0",
        "1e5",
        "1E+5",
        "12.5e-3",
        "true",
        "false",
        "null",
        "\"\"",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        "\t1\r\n",
        "[1,2,[3,{\"a\":[]}],{}]",
        "{\"a\":{\"b\":[{}]},\"c\":null}",
        "\"\\ud83d\\ude00\"",
        "\"é😀\u{7f}\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"",
    ] {
        assert!(is_json(text), "{text:?}");
    }
}

#[test]
fn nesting_ends_at_the_limit_without_a_deep_stack() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(is_json(&nested(127)));
    assert!(!is_json(&nested(128)));
    assert!(!is_json(&"[".repeat(60_000)));
    assert!(!is_json(&"{\"a\":".repeat(10_000)));
}

#[test]
fn escapes_are_undone() {
    for (raw, text) in [
        ("plain", "plain"),
        ("a\\\"b", "a\"b"),
        ("\\\\\\/\\b\\f\\n\\r\\t", "\\/\u{8}\u{c}\n\r\t"),
        ("\\u0041\\u00e9", "Aé"),
        ("x\\ud83d\\ude00y", "x😀y"),
    ] {
        assert_eq!(decode_string(raw), text);
    }
}

#[test]
fn members_are_found_by_their_last_value() {
    let document = Document::parse(r#" {"a":1,"b":"x","\u0061":2,"c":null,"d":[1, 2]} "#).unwrap();
    assert_eq!(document.number("a").unwrap(), Some(2.0));
    assert_eq!(document.text("b").unwrap(), "x");
    assert!(document.raw("c").is_none());
    assert_eq!(document.others(&["b"]), r#"{"\u0061":2,"c":null,"d":[1, 2]}"#);
    assert_eq!(document.selected(&["c", "d"]), r#"{"d":[1, 2]}"#);
}

#[test]
fn repeated_names_are_found_among_many_members_too() {
    let members: Vec<String> = (0..200).map(|index| format!("\"m{}\":{index}", index % 100)).collect();
    let text = format!("{{{}}}", members.join(","));
    let document = Document::parse(&text).unwrap();
    for index in 0..100 {
        assert_eq!(document.number(&format!("m{index}")).unwrap(), Some(f64::from(100 + index)));
    }
}

#[test]
fn written_strings_read_back() {
    for text in ["", "plain", "a\"b\\c", "\n\r\t\u{0}\u{1f}", "é😀\u{7f}", "ends with \""] {
        let mut out = Vec::new();
        write::push_string(&mut out, text);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }
}

/// Text that is nearly JSON: pieces of the grammar in any order.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b\\n\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "1",
        "-2.5",
        "1e3",
        "01",
        "true",
        "null",
        "nul",
        " ",
        "\n",
        "\"",
        "\\",
        "é",
        "\u{1}",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// JSON, slightly damaged.
fn damaged_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<f64>()
            .prop_filter("JSON has no infinities", |value| value.is_finite())
            .prop_map(|value| format!("{value:e}")),
        ".{0,6}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec(("[a-c]{1,2}", inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\" :{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    });
    (
        value,
        any::<prop::sample::Index>(),
        prop::option::of(prop::sample::select(vec!["", ",", "\"", "}", "0", "-", " "])),
    )
        .prop_map(|(text, at, damage)| match damage {
            None => text,
            Some(damage) => {
                let mut chars: Vec<String> = text.chars().map(String::from).collect();
                let at = at.index(chars.len());
                chars[at] = damage.to_owned();
                chars.concat()
            }
        })
}

proptest! {
    #[test]
    fn the_grammar_is_that_of_serde_json(text in prop_oneof![nearly_json(), damaged_json()]) {
        match serde_json::from_str::<serde_json::Value>(&text) {
            Err(error) if error.to_string().contains("number out of range") => {}
            result => prop_assert_eq!(is_json(&text), result.is_ok(), "{:?}", text),
        }
    }

    #[test]
    fn numbers_are_those_of_the_standard_library(value in any::<f64>(), places in 0usize..22) {
        prop_assume!(value.is_finite());
        let small = value % 1e6;
        for text in [format!("{value}"), format!("{value:e}"), format!("{small:.places$}"), format!("{:?}", small)] {
            let (number, end) = parse_number(&text, 0).unwrap();
            prop_assert_eq!((number.to_bits(), end), (text.parse::<f64>().unwrap().to_bits(), text.len()), "{}", text);
        }
    }

    #[test]
    fn digits_of_any_number_are_exact(text in "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?") {
        let (number, end) = parse_number(&text, 0).unwrap();
        prop_assert_eq!((number.to_bits(), end), (text.parse::<f64>().unwrap().to_bits(), text.len()));
    }
}
