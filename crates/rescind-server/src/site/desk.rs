//! What every page stands on: who visits, what surrounds the content, and how it becomes an answer.

use askama::Template;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Redirect, Response};
use http::header;
use http::request::Parts;
use rescind::authority::{Authority, Caller};
use rescind::clock::Timestamp;

use super::area::Area;
use super::door::Visitor;
use super::form::FormToken;
use super::notice::{Done, Notice, told};
use super::when::When;
use crate::app::App;
use crate::http::Problem;

/// What a handler of a page behind the door is handed.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) app: App,
    pub(super) visitor: Visitor,
    token: FormToken,
    notice: Notice,
}

/// What surrounds the content of a page.
#[derive(Clone, Debug)]
pub(super) struct Shell {
    pub(super) title: String,
    pub(super) area: Area,
    /// Who is signed in.
    pub(super) visitor: Option<VisitorView>,
    pub(super) form_token: String,
    /// What was done before.
    pub(super) notice: Notice,
}

/// Who is signed in, for the head of a page.
#[derive(Clone, Debug)]
pub(super) struct VisitorView {
    pub(super) email: String,
    pub(super) user: String,
    pub(super) is_operator: bool,
}

/// A rendered page.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Desk {
    /// The authority.
    pub(super) fn authority(&self) -> &Authority {
        &self.app.authority
    }

    /// On whose behalf everything is done.
    pub(super) const fn caller(&self) -> &Caller {
        &self.visitor.caller
    }

    /// Whether the visitor rules all tenants.
    pub(super) fn is_operator(&self) -> bool {
        self.visitor.me.tenant == self.app.authority.system_tenant()
    }

    /// A point in time, beside the present one.
    pub(super) fn when(&self, at: Timestamp) -> When {
        When::of(at, self.app.authority.now())
    }

    /// What surrounds a page with this title.
    pub(super) fn shell(&self, area: Area, title: impl Into<String>) -> Shell {
        Shell {
            title: title.into(),
            area,
            visitor: Some(VisitorView {
                email: self.visitor.email.clone(),
                user: self.visitor.me.user.to_string(),
                is_operator: self.is_operator(),
            }),
            form_token: self.token.0.clone(),
            notice: self.notice.clone(),
        }
    }
}

impl Shell {
    /// What surrounds a page that anybody sees.
    pub(super) fn anonymous(area: Area, title: impl Into<String>, token: FormToken) -> Self {
        Self { title: title.into(), area, visitor: None, form_token: token.0, notice: Notice::default() }
    }

    /// Whether the visitor rules all tenants.
    pub(super) fn is_operator(&self) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.is_operator)
    }

    /// The pages of the area, for whoever may see them: path and name.
    pub(super) fn places(&self) -> Vec<(&'static str, &'static str)> {
        let Some(visitor) = &self.visitor else { return Vec::new() };
        match self.area {
            Area::Admin => {
                let mut places = vec![
                    ("/admin", "Overview"),
                    ("/admin/users", "Users"),
                    ("/admin/revocations", "Revocations"),
                    ("/admin/tenants", "Tenants"),
                    ("/admin/clients", "API clients"),
                ];
                if visitor.is_operator {
                    places.push(("/admin/keys", "Keys"));
                }
                places.push(("/admin/audit", "Audit trail"));
                places
            }
            Area::Account => vec![
                ("/account", "Devices"),
                ("/account/password", "Password"),
                ("/account/events", "Security events"),
            ],
        }
    }
}

impl Html {
    /// Renders a template.
    pub(super) fn of(page: &impl Template) -> Result<Self, Problem> {
        page.render().map(Self).map_err(|error| Problem::internal(&error))
    }
}

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], self.0).into_response()
    }
}

/// The address of `path` with what is given of `asked` in its query.
pub(super) fn address<'a>(
    path: &str,
    asked: impl IntoIterator<Item = (&'static str, Option<&'a str>)>,
) -> String {
    let given = asked.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Sends the browser from an act to `page`, which tells of it and leads to what was recorded.
pub(super) fn after(page: &str, done: Done) -> Redirect {
    Redirect::to(&told(page, done))
}

impl FromRequestParts<App> for Desk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let missing = || Problem::internal(&"a page stands outside of its gates");
        Ok(Self {
            app: app.clone(),
            visitor: parts.extensions.get::<Visitor>().cloned().ok_or_else(missing)?,
            token: parts.extensions.get::<FormToken>().cloned().ok_or_else(missing)?,
            notice: Notice::of(parts.uri.query().unwrap_or_default()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_what_is_given_and_nothing_else() {
        assert_eq!(address("/admin/users", [("query", None), ("cursor", None)]), "/admin/users");
        let asked = [("query", Some("a&b=c")), ("tenant_id", None), ("cursor", Some("u1/2"))];
        assert_eq!(address("/admin/users", asked), "/admin/users?query=a%26b%3Dc&cursor=u1%2F2");
    }
}
