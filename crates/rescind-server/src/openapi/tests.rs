//! An example endpoint of each kind, from its description to the page.

use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::*;
use crate::http::{Code, Form, Json, Listing, OAuthError, OptionalJson, Page, Path, Problem, Query};

/// A greeting.
#[derive(Deserialize, Serialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Greeting {
    /// Who is greeted, <b>even</b> in HTML.
    #[garde(length(max = 10))]
    name: String,
}

#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[allow(dead_code, reason = "only its description matters here")]
struct Reason {
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[allow(dead_code, reason = "only its description matters here")]
struct Grant {
    grant_type: String,
}

/// Greets somebody
///
/// Loudly.
#[utoipa::path(
    patch,
    path = "/api/v1/things/{thing_id}",
    tag = "Users",
    params(("thing_id" = Uuid, Path, description = "Which thing")),
    security(("bearer" = [])),
    responses((status = 200, description = "Greeted", body = Greeting), (status = 409, description = "Greeted before")),
)]
async fn greet(Path(_id): Path<Uuid>, Json(greeting): Json<Greeting>) -> Result<Json<Greeting>, Problem> {
    Ok(Json(greeting))
}

/// Lists greetings
#[utoipa::path(
    get,
    path = "/api/v1/things",
    tag = "Administration",
    params(Page),
    security(("basic" = ["sessions:read"]), ("bearer" = [])),
    responses((status = 200, description = "A page", body = Listing<Greeting>)),
)]
async fn list(Query(_page): Query<Page>) -> Json<Listing<Greeting>> {
    Json(Listing { items: Vec::new(), next_cursor: None })
}

/// Revokes
#[utoipa::path(
    post,
    path = "/api/v1/revoke",
    tag = "Administration",
    request_body = Option<Reason>,
    responses((status = 204, description = "Done")),
)]
async fn revoke(OptionalJson(_reason): OptionalJson<Reason>) -> http::StatusCode {
    http::StatusCode::NO_CONTENT
}

/// A token
#[utoipa::path(
    post,
    path = "/oauth2/token",
    tag = "OAuth",
    request_body(content = Grant, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "A pair")),
)]
async fn token(Form(_grant): Form<Grant>) -> Result<(), OAuthError> {
    Ok(())
}

fn example() -> Document {
    let router: OpenApiRouter = OpenApiRouter::with_openapi(base())
        .routes(routes!(greet))
        .routes(routes!(list))
        .routes(routes!(revoke))
        .routes(routes!(token));
    Document::finish(router.get_openapi())
}

fn at<'a>(document: &'a Document, pointer: &str) -> &'a Value {
    document.as_value().pointer(pointer).unwrap_or_else(|| panic!("there is no {pointer}"))
}

#[test]
fn an_operation_has_its_own_answers_and_those_that_all_have() {
    let document = example();
    let statuses = |path: &str, method: &str| -> Vec<String> {
        let path = path.replace('/', "~1");
        at(&document, &format!("/paths/{path}/{method}/responses"))
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(
        statuses("/api/v1/things/{thing_id}", "patch"),
        ["200", "400", "401", "403", "404", "408", "409", "413", "415", "422", "500", "503"]
    );
    assert_eq!(statuses("/api/v1/things", "get"), ["200", "400", "401", "403", "422", "500", "503"]);
    assert_eq!(statuses("/api/v1/revoke", "post"), ["204", "400", "408", "413", "415", "422", "500", "503"]);
    assert_eq!(statuses("/oauth2/token", "post"), ["200", "400", "408", "413", "500", "503"]);
}

#[test]
fn errors_have_the_body_of_their_surface_and_every_answer_a_request_id() {
    let document = example();
    let greet = "/paths/~1api~1v1~1things~1{thing_id}/patch/responses";
    let problem = "#/components/schemas/Problem";
    assert_eq!(at(&document, &format!("{greet}/409/content/application~1problem+json/schema/$ref")), problem);
    assert_eq!(at(&document, &format!("{greet}/409/description")), "Greeted before");
    let oauth = "/paths/~1oauth2~1token/post/responses/400/content/application~1json/schema/$ref";
    assert_eq!(at(&document, oauth), "#/components/schemas/OAuthError");
    for (path, method, operation) in document.operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(response["headers"]["X-Request-Id"].is_object(), "{method} {path} {status}");
        }
    }
}

#[test]
fn what_extractors_take_is_described() {
    let document = example();
    let greet = "/paths/~1api~1v1~1things~1{thing_id}/patch";
    let parameters = at(&document, &format!("{greet}/parameters")).as_array().unwrap();
    assert_eq!(parameters.len(), 1);
    assert_eq!((&parameters[0]["name"], &parameters[0]["in"]), (&"thing_id".into(), &"path".into()));
    let body = format!("{greet}/requestBody/content/application~1json/schema/$ref");
    assert_eq!(at(&document, &body), "#/components/schemas/Greeting");
    assert_eq!(at(&document, &format!("{greet}/requestBody/required")), true);
    assert_ne!(
        document.as_value().pointer("/paths/~1api~1v1~1revoke/post/requestBody/required"),
        Some(&true.into())
    );
    let list = at(&document, "/paths/~1api~1v1~1things/get/parameters").as_array().unwrap();
    let names: Vec<_> = list.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["limit", "cursor"]);
    let codes = at(&document, "/components/schemas/Problem/properties/code/enum").as_array().unwrap();
    assert_eq!(codes.len(), Code::ALL.len());
}

#[test]
fn every_reference_leads_somewhere() {
    for document in [example(), Document::finish(crate::router::routes().get_openapi())] {
        let json = document.to_json();
        let references: std::collections::BTreeSet<_> =
            json.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        let is_dead = |pointer: &&str| document.as_value().pointer(pointer).is_none();
        let dead: Vec<_> = references.into_iter().filter(is_dead).collect();
        assert!(dead.is_empty(), "{dead:?}");
    }
}

#[test]
fn every_call_has_a_name_a_known_group_and_a_summary() {
    let document = Document::finish(crate::router::routes().get_openapi());
    let known: Vec<String> = tags().into_iter().map(|tag| tag.name).collect();
    let mut names = std::collections::HashSet::new();
    for (path, method, operation) in document.operations() {
        let text =
            |pointer: &str| operation.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        assert!(names.insert(text("/operationId")), "{method} {path}: its name is taken");
        assert!(known.contains(&text("/tags/0")), "{method} {path}: {}", text("/tags/0"));
        assert!(!text("/summary").is_empty(), "{method} {path}");
    }
}

#[test]
fn the_page_stands_alone_and_leaves_nothing_out() {
    stands_alone(&example());
    stands_alone(&Document::finish(crate::router::routes().get_openapi()));
}

fn stands_alone(document: &Document) {
    let page = page::render(document);
    for absent in ["<script", "http://", "https://", "style=", "<style", "onclick", "onload", "<b>even"] {
        assert!(!page.contains(absent), "{absent} in {page}");
    }
    for (path, method, _) in document.operations() {
        assert!(page.contains(path), "{method} {path}");
    }
    for code in Code::ALL {
        assert!(page.contains(&format!("id=\"error-{}\"", code.as_str())), "{code:?}");
    }
    for anchor in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(page.contains(&format!("id=\"{anchor}\"")), "#{anchor} leads nowhere");
    }
}

#[test]
fn the_page_may_load_its_style_sheet_only() {
    let answer = fixed("text/html; charset=utf-8", String::new());
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
}
