//! The JSON body of a call.
//!
//! What is taken is one JSON object without doubled members, and says what a second reader finds in it. What such a reader would
//! take is refused for a member only, which is named, and no value is repeated.

use garde::Validate;
use rescind_server::fuzzing::json_body;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Seed;
use crate::support::json::object;

/// Stands for a secret: where it is a value, it must not come out.
const CANARY: &str = "hunter2hunter2";

/// Members of the kinds that calls have.
#[derive(Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct Body {
    #[garde(length(chars, max = 20))]
    name: String,
    #[garde(range(max = 100))]
    age: Option<u8>,
    id: Option<uuid::Uuid>,
    #[serde(default)]
    claims: serde_json::Map<String, Value>,
    inner: Option<Inner>,
    #[serde(default)]
    list: Vec<i64>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "kind")]
enum Inner {
    One { value: bool },
    Other,
}

/// Reads the body.
pub fn run(data: &[u8]) {
    let members = object(data);
    match json_body::<Body>(data) {
        Ok(body) => {
            let members = members.expect("an object without doubled members");
            assert_eq!(members.get("name").and_then(Value::as_str), Some(body.name.as_str()));
            let theirs: Body = serde_json::from_slice(data).expect("a stricter reader took it");
            assert_eq!(theirs, body);
            let written = serde_json::to_vec(&body).expect("JSON");
            assert_eq!(json_body::<Body>(&written).ok(), Some(body), "written anew it is something else");
        }
        Err(refusal) => {
            let expected = if members.is_some() { "invalid_member" } else { refusal.code };
            assert_eq!(refusal.code, expected, "{}", refusal.explanation);
            let is_named = members.is_some_and(|members| has_name(&Value::Object(members)));
            assert!(is_named || !refusal.explanation.contains(CANARY), "{}", refusal.explanation);
        }
    }
}

/// Whether the canary is, or is part of, a member's name.
fn has_name(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, value)| name.contains(CANARY) || has_name(value))
        }
        Value::Array(elements) => elements.iter().any(has_name),
        _ => false,
    }
}

/// Bodies that are good, and what has to be refused.
pub fn seeds() -> Vec<Seed> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("short", text(r#"{"name":"ada"}"#)),
        (
            "long",
            text(
                r#"{"name":"ad\u0061 \ud83d\ude00","age":36,"id":"00000000-0000-0000-0000-000000000001","claims":{"a":{"b":[1,2.5,null]}},"inner":{"kind":"one","value":true},"list":[1,-2]}"#,
            ),
        ),
        ("unknown", text(r#"{"name":"ada","colour":"hunter2hunter2"}"#)),
        ("wrong", text(r#"{"name":"ada","age":"hunter2hunter2, expected x"}"#)),
        ("wrong_variant", text(r#"{"name":"ada","inner":{"kind":"hunter2hunter2"}}"#)),
        ("wrong_id", text(r#"{"name":"ada","id":"hunter2hunter2"}"#)),
        ("too_long", text(r#"{"name":"hunter2hunter2hunter2hunter2"}"#)),
        ("doubled", text(r#"{"name":"ada","claims":{"a":1,"\u0061":2}}"#)),
        ("array", text(r#"["hunter2hunter2"]"#)),
        ("trailing", text(r#"{"name":"ada"} {}"#)),
        ("broken", text(r#"{"name":"hunter2hunter2"#)),
    ]
}
