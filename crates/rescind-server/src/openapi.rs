//! The OpenAPI document, and the reference page made from it.

use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};

/// The document without its operations.
pub fn base() -> OpenApi {
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("Rescind").version(env!("CARGO_PKG_VERSION")).build())
        .build()
}

/// The document as JSON.
pub fn json(document: &OpenApi) -> String {
    serde_json::to_string(document).unwrap_or_default()
}

/// The document as a page.
pub fn page(document: &OpenApi) -> String {
    json(document)
}
