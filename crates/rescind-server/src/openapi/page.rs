//! The reference page.

use std::collections::BTreeMap;

use askama::Template;
use serde_json::Value;

use super::document::Document;
use crate::http::{Code, problem};

/// The page's style sheet, light and dark.
pub(crate) const STYLE: &str = include_str!("../../templates/docs.css");

/// The page as HTML.
pub(super) fn render(document: &Document) -> String {
    let page = Page::of(document);
    // Rendering into a string fails only where a value's own formatting does, and all of these are text.
    page.render().unwrap_or_default()
}

#[derive(Template)]
#[template(path = "docs.html")]
struct Page {
    title: String,
    version: String,
    description: String,
    groups: Vec<Group>,
    schemas: Vec<SchemaView>,
    codes: Vec<CodeView>,
}

struct Group {
    name: String,
    anchor: String,
    description: String,
    operations: Vec<OperationView>,
}

struct OperationView {
    anchor: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    credentials: String,
    parameters: Vec<MemberView>,
    body: Vec<TypeView>,
    responses: Vec<ResponseView>,
}

struct ResponseView {
    status: String,
    description: String,
    body: Vec<TypeView>,
}

struct SchemaView {
    name: String,
    description: String,
    values: String,
    members: Vec<MemberView>,
}

struct MemberView {
    name: String,
    kind: TypeView,
    required: bool,
    description: String,
}

/// A type in words, with the schema that it links to.
#[derive(Clone)]
struct TypeView {
    text: String,
    schema: Option<String>,
}

struct CodeView {
    anchor: String,
    code: &'static str,
    status: u16,
    title: &'static str,
    meaning: &'static str,
}

impl Page {
    fn of(document: &Document) -> Self {
        let value = document.as_value();
        Self {
            title: text(&value["info"]["title"]),
            version: text(&value["info"]["version"]),
            description: text(&value["info"]["description"]),
            groups: groups(document),
            schemas: value["components"]["schemas"].as_object().into_iter().flatten().map(schema).collect(),
            codes: Code::ALL.iter().map(|code| CodeView::of(*code)).collect(),
        }
    }
}

impl CodeView {
    fn of(code: Code) -> Self {
        Self {
            anchor: problem::anchor(code),
            code: code.as_str(),
            status: code.status().as_u16(),
            title: code.title(),
            meaning: code.meaning(),
        }
    }
}

/// The operations by tag: first the tags that the document describes, in its order, then any others.
fn groups(document: &Document) -> Vec<Group> {
    let mut by_tag: BTreeMap<String, Vec<OperationView>> = BTreeMap::new();
    for (path, method, operation) in document.operations() {
        let tag = operation["tags"][0].as_str().unwrap_or("Other").to_owned();
        by_tag.entry(tag).or_default().push(operation_view(path, method, operation));
    }
    let mut groups = Vec::new();
    for tag in document.as_value()["tags"].as_array().into_iter().flatten() {
        let name = text(&tag["name"]);
        if let Some(operations) = by_tag.remove(&name) {
            groups.push(Group::new(name, text(&tag["description"]), operations));
        }
    }
    groups.extend(by_tag.into_iter().map(|(name, operations)| Group::new(name, String::new(), operations)));
    groups
}

impl Group {
    fn new(name: String, description: String, operations: Vec<OperationView>) -> Self {
        Self { anchor: slug(&name), name, description, operations }
    }
}

fn operation_view(path: &str, method: &str, operation: &Value) -> OperationView {
    OperationView {
        anchor: slug(&format!("{method} {path}")),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        credentials: credentials(&operation["security"]),
        parameters: operation["parameters"].as_array().into_iter().flatten().map(parameter).collect(),
        body: contents(&operation["requestBody"]["content"]),
        responses: operation["responses"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(status, response)| ResponseView {
                status: status.clone(),
                description: text(&response["description"]),
                body: contents(&response["content"]),
            })
            .collect(),
    }
}

/// The ways to authenticate, any of which will do.
fn credentials(security: &Value) -> String {
    let ways = security.as_array().into_iter().flatten().map(|way| {
        let schemes: Vec<String> = way
            .as_object()
            .into_iter()
            .flatten()
            .map(|(scheme, scopes)| {
                let scopes: Vec<_> =
                    scopes.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                if scopes.is_empty() { scheme.clone() } else { format!("{scheme} ({})", scopes.join(", ")) }
            })
            .collect();
        if schemes.is_empty() { "none".to_owned() } else { schemes.join(" and ") }
    });
    ways.collect::<Vec<_>>().join(" or ")
}

fn parameter(parameter: &Value) -> MemberView {
    let place = text(&parameter["in"]);
    let mut kind = kind(&parameter["schema"]);
    kind.text = format!("{} in {place}", kind.text);
    MemberView {
        name: text(&parameter["name"]),
        kind,
        required: parameter["required"] == true,
        description: text(&parameter["description"]),
    }
}

fn contents(content: &Value) -> Vec<TypeView> {
    let named = content.as_object().into_iter().flatten().map(|(media, content)| {
        let kind = kind(&content["schema"]);
        TypeView { text: format!("{} as {media}", kind.text), schema: kind.schema }
    });
    named.collect()
}

fn schema((name, schema): (&String, &Value)) -> SchemaView {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let members = schema["properties"].as_object().into_iter().flatten().map(|(name, member)| MemberView {
        name: name.clone(),
        kind: kind(member),
        required: required.contains(&name.as_str()),
        description: text(&member["description"]),
    });
    SchemaView {
        name: name.clone(),
        description: text(&schema["description"]),
        values: values(schema),
        members: members.collect(),
    }
}

/// A schema in words.
fn kind(schema: &Value) -> TypeView {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return TypeView { text: name.to_owned(), schema: Some(name.to_owned()) };
    }
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let kinds: Vec<TypeView> = choices.iter().map(kind).collect();
        let text = kinds.iter().map(|kind| kind.text.as_str()).collect::<Vec<_>>().join(" or ");
        return TypeView { text, schema: kinds.into_iter().find_map(|kind| kind.schema) };
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec!["anything"],
    };
    if types.contains(&"array") {
        let items = kind(&schema["items"]);
        return TypeView { text: format!("list of {}", items.text), schema: items.schema };
    }
    let mut text = types.join(" or ");
    for detail in [schema["format"].as_str().unwrap_or_default(), &values(schema)] {
        if !detail.is_empty() {
            text = format!("{text} ({detail})");
        }
    }
    TypeView { text, schema: None }
}

fn values(schema: &Value) -> String {
    let values = schema["enum"].as_array().into_iter().flatten();
    values
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        .collect::<Vec<_>>()
        .join(", ")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}
