//! An answer of the server.

use std::fmt;

use reqwest::header::HeaderMap;
use serde_json::Value;

/// Status, headers and body of one answer.
#[derive(Clone)]
pub struct Reply {
    /// What was asked, for failure messages.
    pub call: String,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub body: String,
    /// The body as JSON; `Null` where it is none.
    pub json: Value,
}

impl Reply {
    /// Passes the reply through if it has this status.
    ///
    /// # Panics
    /// With the call and the body, if it has another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Passes the reply through if it is a refusal with this status and this stable `code`.
    ///
    /// # Panics
    /// With the call and the body, if it is not.
    #[track_caller]
    pub fn refuses(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{self:?}");
        self
    }

    /// The stable code of an error: `code` of a problem document, `error` under `/oauth2`; empty where there is none.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().or(self.json["error"].as_str()).unwrap_or_default()
    }

    /// A text member of the body.
    ///
    /// # Panics
    /// If there is none of that name.
    #[track_caller]
    pub fn text(&self, member: &str) -> &str {
        self.json[member].as_str().unwrap_or_else(|| panic!("no text `{member}` in {self:?}"))
    }

    /// A header as text; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {}: {}", self.call, self.status, self.body)
    }
}
