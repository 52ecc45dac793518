//! An API client, shown.

use rescind::authority::NewSecret;
use rescind::clock::Timestamp;
use rescind::directory::ApiClient;
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An API client.
///
/// ```
/// # rescind_examples::run(async |rescind_examples::World { authority, operator, .. }| {
/// use rescind::store::PageRequest;
/// use rescind_server::view::ClientView;
///
/// let clients = authority.clients(&operator, &PageRequest { limit: 50, cursor: None }).await?;
/// let shown = serde_json::to_value(clients.map(ClientView::from))?;
/// assert_eq!(shown["items"][0]["name"], "shop");
/// assert_eq!(shown["items"][0]["client_secret"], serde_json::Value::Null, "nobody knows it any more");
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Client, description = "An API client.")]
pub struct ClientView {
    /// Its id: the user name of HTTP Basic.
    pub client_id: Uuid,
    /// Its name for people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<&'static str>,
    /// The tenant it is bound to; `null`: none.
    pub tenant_id: Option<Uuid>,
    /// Whether a refresh of a session that it opened needs its secret.
    pub refresh_requires_secret: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last proved its secret, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
}

/// An API client with a secret, which is shown this once.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = NewClient)]
pub(crate) struct NewClientView {
    /// The client.
    #[serde(flatten)]
    pub(crate) client: ClientView,
    /// Its secret: the password of HTTP Basic.
    pub(crate) client_secret: String,
}

impl From<ApiClient> for ClientView {
    fn from(client: ApiClient) -> Self {
        Self {
            client_id: client.id.0,
            name: client.name,
            scopes: client.scopes.iter().map(rescind::directory::Scope::as_str).collect(),
            tenant_id: client.tenant.map(|tenant| tenant.0),
            refresh_requires_secret: client.refresh_requires_secret,
            created_at: client.created_at,
            last_used_at: client.last_used_at,
        }
    }
}

impl From<NewSecret> for NewClientView {
    fn from(new: NewSecret) -> Self {
        Self { client: new.client.into(), client_secret: new.secret.expose_secret().to_owned() }
    }
}
