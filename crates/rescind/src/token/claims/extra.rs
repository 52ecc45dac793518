//! The caller's own claims in an access token.

use serde::Serialize;
use serde_json::{Map, Value};

/// Names that a caller's claims may not have: those of our tokens, those of RFC 7519 §4.1, and those by which a reader
/// would take the token for something that we do not vouch for (`active`, an introspection's verdict; `act` and
/// `may_act`, delegation; `cnf`, a proof of possession that nobody checks).
///
/// ```
/// use rescind::token::{ExtraClaims, RESERVED_CLAIMS};
/// use serde_json::{Map, Value};
///
/// for name in RESERVED_CLAIMS {
///     let claims = Map::from_iter([(name.to_owned(), Value::Null)]);
///     assert!(ExtraClaims::new(claims).is_err(), "{name}");
/// }
/// ```
pub const RESERVED_CLAIMS: [&str; 23] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "client_id",
    "user_id",
    "tenant_id",
    "email",
    "role",
    "token_type",
    "sid",
    "ver",
    "tver",
    "session_id",
    "token_id",
    "gen",
    "active",
    "act",
    "may_act",
    "cnf",
];

const MAX_BYTES: usize = 4 * 1024;
const MAX_DEPTH: usize = 8;
const MAX_CLAIMS: usize = 64;

/// Claims of the caller's own: they shadow none of ours and are small.
///
/// ```
/// use rescind::token::{ExtraClaims, ExtraClaimsError};
/// use serde_json::json;
///
/// let good = json!({ "plan": "pro" }).as_object().unwrap().clone();
/// assert!(ExtraClaims::new(good).is_ok());
/// let bad = json!({ "role": "admin" }).as_object().unwrap().clone();
/// assert_eq!(ExtraClaims::new(bad), Err(ExtraClaimsError::Reserved("role".to_owned())));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ExtraClaims(Map<String, Value>);

impl ExtraClaims {
    /// These claims, if they may be.
    ///
    /// ```
    /// use rescind::token::{ExtraClaims, ExtraClaimsError};
    /// use serde_json::Map;
    ///
    /// let claims = |bytes: usize| Map::from_iter([("plan".to_owned(), "g".repeat(bytes).into())]);
    /// assert!(ExtraClaims::new(claims(4)).is_ok());
    /// assert_eq!(ExtraClaims::new(claims(4096)), Err(ExtraClaimsError::TooLarge));
    /// ```
    ///
    /// # Errors
    /// [`ExtraClaimsError`].
    pub fn new(claims: Map<String, Value>) -> Result<Self, ExtraClaimsError> {
        if let Some(name) = claims.keys().find(|name| RESERVED_CLAIMS.contains(&name.as_str())) {
            return Err(ExtraClaimsError::Reserved(name.clone()));
        }
        if claims.len() > MAX_CLAIMS {
            return Err(ExtraClaimsError::TooMany);
        }
        if claims.values().any(|value| is_deeper(value, MAX_DEPTH - 1)) {
            return Err(ExtraClaimsError::TooDeep);
        }
        let size = serde_json::to_vec(&claims).map_or(usize::MAX, |json| json.len());
        if size > MAX_BYTES { Err(ExtraClaimsError::TooLarge) } else { Ok(Self(claims)) }
    }

    /// None.
    ///
    /// ```
    /// use rescind::token::ExtraClaims;
    ///
    /// assert!(ExtraClaims::none().is_empty());
    /// ```
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether there are none.
    ///
    /// ```
    /// use rescind::token::ExtraClaims;
    /// use serde_json::Map;
    ///
    /// assert!(ExtraClaims::new(Map::new())?.is_empty());
    /// let claims = Map::from_iter([("plan".to_owned(), "gold".into())]);
    /// assert!(!ExtraClaims::new(claims)?.is_empty());
    /// # Ok::<(), rescind::token::ExtraClaimsError>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The claims by name.
    ///
    /// ```
    /// use rescind::token::ExtraClaims;
    /// use serde_json::Map;
    ///
    /// let claims = Map::from_iter([("plan".to_owned(), "gold".into())]);
    /// assert_eq!(ExtraClaims::new(claims)?.as_map()["plan"], "gold");
    /// # Ok::<(), rescind::token::ExtraClaimsError>(())
    /// ```
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// In the order of names, whichever order the map keeps.
    pub(super) fn sorted(&self) -> Vec<(&String, &Value)> {
        let mut claims: Vec<_> = self.0.iter().collect();
        claims.sort_unstable_by_key(|(name, _)| *name);
        claims
    }
}

/// Why a caller's claims were refused.
///
/// ```
/// use rescind::token::{ExtraClaims, ExtraClaimsError};
/// use serde_json::{Map, Value};
///
/// let many = (0..65).map(|n| (format!("claim{n}"), Value::Null));
/// assert_eq!(ExtraClaims::new(Map::from_iter(many)), Err(ExtraClaimsError::TooMany));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtraClaimsError {
    /// A name in [`RESERVED_CLAIMS`].
    #[error("the claim `{0}` is reserved")]
    Reserved(String),
    /// More than 64 claims.
    #[error("more than 64 extra claims")]
    TooMany,
    /// Nested more than 8 deep.
    #[error("the extra claims are nested more than 8 deep")]
    TooDeep,
    /// More than 4 KiB as JSON.
    #[error("the extra claims have more than 4096 bytes")]
    TooLarge,
}

impl ExtraClaimsError {
    /// The stable name of the cause.
    ///
    /// ```
    /// use rescind::token::ExtraClaimsError;
    ///
    /// assert_eq!(ExtraClaimsError::Reserved("role".into()).code(), "claim_reserved");
    /// ```
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Reserved(_) => "claim_reserved",
            Self::TooMany => "claims_too_many",
            Self::TooDeep => "claims_too_deep",
            Self::TooLarge => "claims_too_large",
        }
    }
}

fn is_deeper(value: &Value, than: usize) -> bool {
    match value {
        Value::Array(items) => than == 0 || items.iter().any(|item| is_deeper(item, than - 1)),
        Value::Object(members) => than == 0 || members.values().any(|item| is_deeper(item, than - 1)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(json: &str) -> Result<ExtraClaims, ExtraClaimsError> {
        ExtraClaims::new(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn no_reserved_name_passes() {
        for name in RESERVED_CLAIMS {
            let refused = claims(&format!("{{\"{name}\":1}}"));
            assert_eq!(refused, Err(ExtraClaimsError::Reserved(name.to_owned())));
        }
        let spelled_with_an_escape = claims(r#"{"r\u006fle":"admin"}"#);
        assert_eq!(spelled_with_an_escape, Err(ExtraClaimsError::Reserved("role".to_owned())));
    }

    /// They are read again from what the store keeps at each refresh.
    #[test]
    fn a_number_stays_the_same_however_often_it_is_written_and_read() {
        let mut claims =
            claims(r#"{"long":2444444440000000000000000629654652,"small":-1.7976931348623157e-308}"#)
                .unwrap();
        let first = serde_json::to_string(&claims).unwrap();
        for _ in 0..3 {
            let written = serde_json::to_string(&claims).unwrap();
            assert_eq!(written, first);
            claims = ExtraClaims::new(serde_json::from_str(&written).unwrap()).unwrap();
        }
    }

    #[test]
    fn size_depth_and_number_are_bounded() {
        let deep = |n: usize| format!("{{\"a\":{}1{}}}", "[".repeat(n), "]".repeat(n));
        assert!(claims(&deep(7)).is_ok());
        assert_eq!(claims(&deep(8)), Err(ExtraClaimsError::TooDeep));
        assert_eq!(claims(&format!("{{\"a\":\"{}\"}}", "x".repeat(5000))), Err(ExtraClaimsError::TooLarge));
        let many = (0..65).map(|i| format!("\"{i}\":1")).collect::<Vec<_>>().join(",");
        assert_eq!(claims(&format!("{{{many}}}")), Err(ExtraClaimsError::TooMany));
    }
}
