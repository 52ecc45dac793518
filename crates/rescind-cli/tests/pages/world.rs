//! A server with something to see on every page, made through the API. Wherever people may write, somebody wrote HTML.

use rescind_testkit::process::{Api, Reply, Server};
use serde_json::json;

use super::support::{Desk, House, Pair};

/// What an attacker writes wherever a text is taken.
pub(crate) const HOSTILE: &str = r#"<img src=x onerror=alert(1)>"><script>alert(2)</script>"#;

/// The same, where a text ends a template's attribute by `'`.
const QUOTED: &str = "' onmouseover='alert(3)";

pub(crate) const PASSWORD: &str = "walks past 4 windows";

/// The user who is supported.
pub(crate) const ADA: &str = "ada@acme.example";

/// The administrator of Ada's tenant.
pub(crate) const CHIEF: &str = "chief@acme.example";

/// The tenant of both.
pub(crate) const SLUG: &str = "acme";

/// The tenant that somebody has to name when signing in: operators need not.
pub(crate) fn tenant_of(email: &str) -> &'static str {
    if email.ends_with("@acme.example") { SLUG } else { "" }
}

pub(crate) struct World {
    pub(crate) house: House,
    pub(crate) tenant: String,
    pub(crate) ada: String,
    /// The sessions of Ada, in the order of their numbers; the last has ended.
    pub(crate) sessions: Vec<Pair>,
    pub(crate) client: String,
    pub(crate) client_name: String,
}

/// A device, as a backend tells of it.
struct Device<'a> {
    name: Option<&'a str>,
    agent: &'a str,
    ip: &'a str,
}

const DEVICES: [Device<'static>; 5] = [
    Device {
        name: Some("Laptop"),
        agent: "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
        ip: "192.0.2.17",
    },
    Device {
        name: None,
        agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                Version/18.6 Mobile/15E148 Safari/604.1",
        ip: "198.51.100.4",
    },
    Device {
        name: None,
        agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 \
                Safari/537.36 Edg/141.0.0.0",
        ip: "2001:db8::5",
    },
    Device {
        name: Some("Tablet"),
        agent: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
        ip: "203.0.113.80",
    },
    Device { name: Some("Old phone"), agent: "curl/8.5.0", ip: "203.0.113.9" },
];

impl World {
    /// With hostile texts everywhere.
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// On a server with these settings.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let world = Self::plain(settings).await;
        world.write_html().await;
        world
    }

    /// Without hostile texts: for pictures.
    pub(crate) async fn plain(settings: &[(&str, &str)]) -> Self {
        let house = House::open(settings).await;
        let desk = &house.desk;
        let body = json!({"slug": SLUG, "name": "Acme Ltd"});
        let made = desk.api.post("/api/v1/admin/tenants", desk.caller(), body).await.expect(201);
        let tenant = made.text("tenant_id").to_owned();
        add_user(desk, CHIEF, "admin", &tenant).await;
        let ada = add_user(desk, ADA, "member", &tenant).await;
        let mut sessions = Vec::new();
        for device in &DEVICES {
            sessions.push(open(desk, &tenant, &ada, device).await);
        }
        let last = sessions.last().expect("there are some");
        end(desk, &last.session, "lost on a train").await;
        let client_name = "billing".to_owned();
        let scopes = ["introspect", "sessions:write"];
        let client = desk.api.create_client(desk.caller(), &client_name, &scopes, Some(&tenant)).await.id;
        Self { tenant, ada, sessions, client, client_name, house }
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.house.desk
    }

    pub(crate) fn api(&self) -> &Api {
        &self.house.desk.api
    }

    pub(crate) fn server(&self) -> &Server {
        &self.house.server
    }

    /// The e-mail and the password of the first operator.
    pub(crate) fn operator(&self) -> (String, String) {
        (self.server().admin_email().to_owned(), self.server().admin_password())
    }

    /// The address of Ada's page.
    pub(crate) fn ada_path(&self) -> String {
        format!("/admin/users/{}/{}", self.tenant, self.ada)
    }

    /// A further session of Ada's.
    pub(crate) async fn another_session(&self) -> Pair {
        self.open(&DEVICES[0]).await
    }

    /// The newest entry of the audit trail: whatever is done makes another.
    pub(crate) async fn newest_entry(&self) -> String {
        let path = "/api/v1/admin/audit?limit=1";
        let page = self.api().get(path, self.desk().caller()).await.expect(200);
        page.json["items"][0]["id"].as_str().expect("an entry").to_owned()
    }

    /// Whether the API takes this access token.
    pub(crate) async fn is_good(&self, pair: &Pair) -> bool {
        self.api().me(&pair.access).await.status == 200
    }

    /// The keys, newest state.
    pub(crate) async fn keys(&self) -> Reply {
        self.api().get("/api/v1/admin/keys", self.desk().caller()).await.expect(200)
    }

    /// The kid of a key for access tokens in this state.
    pub(crate) async fn key(&self, state: &str) -> String {
        let keys = self.keys().await;
        let found = keys.json["items"]
            .as_array()
            .expect("keys")
            .iter()
            .find(|key| key["use"] == "access" && key["state"] == state);
        let found = found.unwrap_or_else(|| panic!("no {state} key in {keys:?}"));
        found["kid"].as_str().expect("a kid").to_owned()
    }

    async fn write_html(&self) {
        let desk = self.desk();
        let text = format!("{HOSTILE}{QUOTED}");
        let body = json!({"slug": "evil", "name": HOSTILE});
        let evil = desk.api.post("/api/v1/admin/tenants", desk.caller(), body).await.expect(201);
        // Beside Ada's own devices, where she and those who support her see them: one active, one ended.
        let hostile = || Device { name: Some(HOSTILE), agent: &text, ip: "192.0.2.66" };
        self.open(&hostile()).await;
        end(desk, &self.open(&hostile()).await.session, &text).await;
        let body = json!({
            "user_id": "00000000-0000-4000-8000-0000000000ee",
            "tenant_id": evil.text("tenant_id"),
            "email": "'<i>\"@evil.example",
            "role": "member",
            "device_name": HOSTILE,
        });
        desk.api.post("/api/v1/sessions", desk.caller(), body).await.expect(201);
        let body = json!({"jti": HOSTILE, "reason": text, "user_id": self.ada, "tenant_id": self.tenant});
        desk.api.post("/api/v1/admin/revocations", desk.caller(), body).await.expect(201);
        desk.api.create_client(desk.caller(), HOSTILE, &["introspect"], Some(&self.tenant)).await;
    }

    async fn open(&self, device: &Device<'_>) -> Pair {
        open(self.desk(), &self.tenant, &self.ada, device).await
    }
}

/// Makes a user, and answers with its id.
async fn add_user(desk: &Desk, email: &str, role: &str, tenant: &str) -> String {
    let made = desk.api.create_user(desk.caller(), email, PASSWORD, role, Some(tenant)).await.expect(201);
    made.text("user_id").to_owned()
}

/// Opens a session of Ada's, as a backend.
async fn open(desk: &Desk, tenant: &str, user: &str, device: &Device<'_>) -> Pair {
    let body = json!({
        "user_id": user,
        "tenant_id": tenant,
        "email": ADA,
        "role": "member",
        "device_name": device.name,
        "user_agent": device.agent,
        "ip": device.ip,
    });
    Pair::from(&desk.api.post("/api/v1/sessions", desk.caller(), body).await.expect(201))
}

/// Ends a session, for a reason.
async fn end(desk: &Desk, session: &str, reason: &str) {
    let mut path = format!("/api/v1/admin/sessions/{session}?reason=");
    for byte in reason.bytes() {
        path.push_str(&format!("%{byte:02x}"));
    }
    desk.api.delete(&path, desk.caller()).await.expect(200);
}
