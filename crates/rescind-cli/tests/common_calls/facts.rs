//! Filling the templates of the table, and sending what comes of it.

use std::collections::BTreeMap;

use reqwest::Method;
use rescind_testkit::process::{Api, Credentials, Reply};
use uuid::Uuid;

use super::table::{Body, Call};

/// What the placeholders of a call stand for: `{name}` in paths, `<name>` in queries and bodies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts(BTreeMap<&'static str, String>);

impl Facts {
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.0.insert(name, value.into());
    }

    pub(crate) fn get(&self, name: &str) -> &str {
        &self.0[name]
    }

    /// All values: what must not show up where another tenant's things are listed.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    fn fill(&self, template: &str, fresh: &str) -> String {
        let filled = self.0.iter().fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value).replace(&format!("<{name}>"), value)
        });
        filled.replace("<fresh>", fresh)
    }
}

/// A name that no other call of this run uses.
pub(crate) fn fresh() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("n{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// An id that nothing has.
pub(crate) fn unknown_id() -> String {
    Uuid::from_u128(0x0199_aaaa_bbbb_7ccc_8ddd_eeee_ffff_0000).to_string()
}

/// Makes a call of the table.
pub(crate) async fn make(api: &Api, call: &Call, facts: &Facts, caller: Credentials<'_>) -> Reply {
    let fresh = fresh();
    let path = facts.fill(call.path, &fresh) + &facts.fill(call.query, &fresh);
    let left = path.contains('{') || path.contains('<');
    assert!(!left, "nothing is known to fill {path} with");
    let method = Method::from_bytes(call.method.as_bytes()).expect("a method");
    let request = api.request(method, &path, caller);
    let request = match call.body {
        Body::None => request,
        Body::Json(template) => {
            request.header("content-type", "application/json").body(facts.fill(template, &fresh))
        }
        Body::Form(template) => request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(facts.fill(template, &fresh)),
    };
    api.finish(request).await
}
