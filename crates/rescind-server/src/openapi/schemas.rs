//! How errors look, for the document.

use std::borrow::Cow;

use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::http::{Code, OAuthError, OAuthErrorCode, Problem};

/// RFC 9457.
pub(super) fn problem() -> Object {
    ObjectBuilder::new()
        .description(Some("A problem document (RFC 9457)."))
        .property("type", text("Where the code is explained."))
        .property("title", text("The code in words."))
        .property(
            "status",
            ObjectBuilder::new().schema_type(Type::Integer).description(Some("The HTTP status.")),
        )
        .property("detail", text("What went wrong this time."))
        .property(
            "code",
            one_of("What to branch on; it never changes.", Code::ALL.iter().map(|code| code.as_str())),
        )
        .property("member", text("The member of the body, or the parameter, that is at fault."))
        .property("request_id", text("What to look for in the log."))
        .required("type")
        .required("title")
        .required("status")
        .required("detail")
        .required("code")
        .build()
}

/// RFC 6749 §5.2.
pub(super) fn oauth_error() -> Object {
    ObjectBuilder::new()
        .description(Some("An error as OAuth has it (RFC 6749 §5.2)."))
        .property("error", one_of("What to branch on.", OAuthErrorCode::ALL.iter().map(|code| code.as_str())))
        .property("error_description", text("What went wrong this time."))
        .required("error")
        .build()
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).description(Some(description))
}

fn one_of(description: &str, values: impl Iterator<Item = &'static str>) -> ObjectBuilder {
    text(description).enum_values(Some(values.collect::<Vec<_>>()))
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        problem().into()
    }
}

impl ToSchema for Problem {
    fn name() -> Cow<'static, str> {
        "Problem".into()
    }
}

impl PartialSchema for OAuthError {
    fn schema() -> RefOr<Schema> {
        oauth_error().into()
    }
}

impl ToSchema for OAuthError {
    fn name() -> Cow<'static, str> {
        "OAuthError".into()
    }
}
