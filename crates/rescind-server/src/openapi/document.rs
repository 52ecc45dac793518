//! The finished document.

use http::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use crate::http::exchange::Surface;

/// The OpenAPI document as it is served.
#[derive(Clone, Debug)]
pub(crate) struct Document(Value);

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

impl Document {
    /// Adds to `api` what holds for every call: `X-Request-Id` on each answer, the errors that its credentials,
    /// parameters and body make possible, and the body that an error has on its surface.
    pub(crate) fn finish(api: &OpenApi) -> Self {
        let mut document = serde_json::to_value(api).unwrap_or_default();
        document["components"]["headers"]["RequestId"] = json!({
            "description": "Names this answer in logs and in the audit trail.",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$" },
        });
        if let Some(paths) = document["paths"].as_object_mut() {
            for (path, item) in paths {
                for method in METHODS {
                    if let Some(operation) = item.get_mut(method) {
                        complete(path, operation);
                    }
                }
            }
        }
        Self(document)
    }

    /// The document as JSON.
    pub(crate) fn to_json(&self) -> String {
        self.0.to_string()
    }

    /// The document as a value.
    pub(crate) const fn as_value(&self) -> &Value {
        &self.0
    }

    /// Every operation, as path, method and description.
    pub(super) fn operations(&self) -> impl Iterator<Item = (&str, &'static str, &Value)> {
        let paths = self.0["paths"].as_object().into_iter().flatten();
        paths.flat_map(|(path, item)| {
            METHODS.into_iter().filter_map(move |method| Some((path.as_str(), method, item.get(method)?)))
        })
    }
}

fn complete(path: &str, operation: &mut Value) {
    let possible = possible_errors(operation);
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for status in possible {
        responses
            .entry(status.as_str())
            .or_insert_with(|| json!({ "description": status.canonical_reason().unwrap_or_default() }));
    }
    // Whether a map is in order by itself is decided by whatever else is compiled along.
    responses.sort_keys();
    for (status, response) in responses {
        response["headers"]["X-Request-Id"] = json!({ "$ref": "#/components/headers/RequestId" });
        let is_error = status.starts_with(['4', '5']) && response.get("$ref").is_none();
        if is_error && response.get("content").is_none() {
            response["content"] = error_content(path);
        }
    }
}

fn error_content(path: &str) -> Value {
    let mut content = Map::new();
    let (kind, schema) = match Surface::of(path) {
        Surface::OAuth => ("application/json", "OAuthError"),
        Surface::Api => ("application/problem+json", "Problem"),
        Surface::Page(_) => return json!({ "text/html": { "schema": { "type": "string" } } }),
    };
    let reference = format!("#/components/schemas/{schema}");
    content.insert(kind.to_owned(), json!({ "schema": { "$ref": reference } }));
    content.into()
}

/// The errors that follow from what an operation takes.
fn possible_errors(operation: &Value) -> Vec<StatusCode> {
    let mut possible =
        vec![StatusCode::BAD_REQUEST, StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE];
    if operation["security"].as_array().is_some_and(|ways| !ways.is_empty()) {
        possible.extend([StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN]);
    }
    if takes_parameter(operation, "path") {
        possible.push(StatusCode::NOT_FOUND);
    }
    if takes_parameter(operation, "query") {
        possible.push(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let body = &operation["requestBody"]["content"];
    if body.is_object() {
        possible.extend([StatusCode::REQUEST_TIMEOUT, StatusCode::PAYLOAD_TOO_LARGE]);
    }
    if body.get("application/json").is_some() {
        possible.extend([StatusCode::UNSUPPORTED_MEDIA_TYPE, StatusCode::UNPROCESSABLE_ENTITY]);
    }
    possible
}

fn takes_parameter(operation: &Value, place: &str) -> bool {
    let parameters = operation["parameters"].as_array();
    parameters.is_some_and(|parameters| parameters.iter().any(|parameter| parameter["in"] == place))
}
