//! A key, shown.

use rescind::authority::KeyView as Key;
use rescind::clock::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A key.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
/// use rescind_server::view::KeyView;
///
/// let keys = authority.keys(&operator).await?;
/// let kid = keys[0].kid.clone();
/// let revoked = authority.revoke_key(&operator, &kid, Some("it leaked".into())).await?;
/// let shown = serde_json::to_value(KeyView::from(revoked))?;
/// assert_eq!((&shown["kid"], &shown["state"]), (&kid.into(), &"revoked".into()));
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Key, description = "A key.")]
pub struct KeyView {
    /// Its id.
    pub kid: String,
    /// Its JOSE algorithm.
    pub alg: String,
    /// What it signs: `access` or `refresh` tokens.
    #[serde(rename = "use")]
    pub usage: &'static str,
    /// `next`, `active`, `retired` or `revoked`.
    #[schema(pattern = "^(next|active|retired|revoked)$")]
    pub state: &'static str,
    /// When it was made, and first published.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it began to sign, or is to begin.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub active_from: Option<Timestamp>,
    /// When it ceased to sign.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub retired_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
}

/// Keys.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
/// use rescind_server::view::KeysView;
///
/// let shown = KeysView::from(authority.keys(&operator).await?);
/// assert!(shown.items.iter().any(|key| key.usage == "access" && key.state == "active"));
/// assert_eq!(shown.next_cursor, None, "all of them are on one page");
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Keys, description = "Keys.")]
pub struct KeysView {
    /// The keys, oldest first.
    pub items: Vec<KeyView>,
    /// Names the next page; `null` on the last one.
    pub next_cursor: Option<String>,
}

impl From<Vec<Key>> for KeysView {
    fn from(keys: Vec<Key>) -> Self {
        Self { items: keys.into_iter().map(KeyView::from).collect(), next_cursor: None }
    }
}

impl From<Key> for KeyView {
    fn from(key: Key) -> Self {
        Self {
            kid: key.kid,
            alg: key.alg,
            usage: key.usage.as_str(),
            state: key.state.as_str(),
            created_at: key.created_at,
            active_from: key.active_from,
            retired_at: key.retired_at,
            revoked_at: key.revoked_at,
        }
    }
}
