//! Nothing secret is printed, logged, audited or answered where it has no business: a whole run at the highest log level is
//! searched for every secret that it used.

mod common_calls;

use std::collections::BTreeMap;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common_calls::facts::{make, unknown_id};
use common_calls::store;
use common_calls::table::{Access, CALLS};
use common_calls::world::{self, PASSWORD, Tenant, sign_in};
use reqwest::Method;
use rescind_testkit::process::{Api, Client, Credentials, Reply, Server};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

/// What must not show up, and what it is.
#[derive(Default)]
struct Secrets(BTreeMap<String, String>);

impl Secrets {
    fn add(&mut self, what: &str, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(secret.len() >= 6, "{what} is too short to be searched for");
        self.0.insert(secret, what.to_owned());
    }

    fn client(&mut self, client: &Client) {
        self.add("a client's secret", &client.secret);
        let pair = format!("{}:{}", client.id, client.secret);
        self.add("Basic credentials", STANDARD.encode(pair));
    }

    /// A token as a whole, its signature, and what is secret inside of it.
    fn token(&mut self, token: &str) {
        self.add("a token", token);
        let parts: Vec<&str> = token.split('.').collect();
        let [_, payload, signature] = parts[..] else { return };
        self.add("a token's signature", signature);
        let Ok(payload_bytes) = URL_SAFE_NO_PAD.decode(payload) else { return };
        let claims: Value = serde_json::from_slice(&payload_bytes).unwrap_or_default();
        if let Some(id) = claims["token_id"].as_str() {
            self.add("the secret in a refresh token", id);
            self.add("a refresh token's payload", payload);
        }
    }

    /// Whatever the client of the tests has sent or been sent.
    fn seen_by(&mut self, api: &Api) {
        for secret in api.secrets().into_iter().filter(|secret| secret.len() >= 12) {
            if secret.split('.').count() == 3 { self.token(&secret) } else { self.add("a secret", secret) }
        }
    }

    /// The secrets that `text` holds, by what they are, each with the line.
    fn found_in<'a>(&'a self, text: &'a str) -> impl Iterator<Item = String> + 'a {
        text.lines().flat_map(move |line| {
            let held = self.0.iter().filter(move |(secret, _)| line.contains(secret.as_str()));
            held.map(move |(_, what)| format!("{what}: {line}"))
        })
    }
}

#[tokio::test]
async fn no_secret_is_in_any_output_with_text_logs() {
    run_through("text").await;
}

#[tokio::test]
async fn no_secret_is_in_any_output_with_json_logs() {
    run_through("json").await;
}

async fn run_through(format: &str) {
    let options = world::options()
        .await
        .without("RESCIND_ADMIN_PASSWORD")
        .env("RESCIND_LOG", "trace")
        .env("RESCIND_LOG_FORMAT", format);
    let mut server = options.start().await;
    let first = server.admin_password();
    let operator = server.admin_token().await;
    let mut secrets = Secrets::default();
    let mut told = Vec::new();
    let acme = Tenant::make(server.api(), &operator, "acme").await;
    secrets.add("the common password", PASSWORD);
    secrets.client(&acme.client);
    let master = std::fs::read(server.data_dir().join("master.key")).expect("a master key");
    secrets.add("the master key", String::from_utf8(master).expect("base64").trim());
    if let Some(url) = server.database_url() {
        secrets.add("the database's password", store::password(url));
    }

    use_everything(server.api(), &operator, &acme, &mut secrets, &mut told).await;
    refuse_everything(server.api(), &operator, &acme, &mut secrets, &mut told).await;
    told.push(audit(server.api(), &operator).await);
    told.push(administer(&server, &acme, &mut secrets).await);
    assert!(server.terminate().await.success());
    server.restart().await;
    assert!(server.terminate().await.success());

    secrets.seen_by(server.api());
    secrets.0.remove(&first);
    assert!(secrets.0.len() > 50, "{} secrets are too few for such a run", secrets.0.len());
    assert_eq!(
        secrets.found_in(&format!("a line\nwith {PASSWORD} in it")).count(),
        1,
        "the search finds what is there"
    );
    let output = server.output().text();
    assert!(output.contains("DEBUG"), "the log says more than it does by default");
    assert!(output.contains(r#""level":"DEBUG""#) == (format == "json"), "the log has the other format");
    let found: Vec<String> = secrets.found_in(&output).collect();
    assert!(found.is_empty(), "in the server's output: {}", found.join("\n"));
    for text in &told {
        let found: Vec<String> = secrets.found_in(text).collect();
        assert!(found.is_empty(), "in an answer: {}", found.join("\n"));
    }
    let lines = output.lines().filter(|line| line.contains(&first)).collect::<Vec<_>>();
    assert_eq!(lines, [format!("admin password: {first}")], "the first password is on its one line");
    assert!(!told.iter().any(|text| text.contains(&first)));
}

/// Every call with what it takes, and the flows in which secrets change.
async fn use_everything(
    api: &Api,
    operator: &str,
    acme: &Tenant,
    secrets: &mut Secrets,
    told: &mut Vec<String>,
) {
    let by = Credentials::Bearer(operator);
    let pair = sign_in(api, &acme.member_email, Some(&acme.id), false).await;
    let next = api.refresh(&pair.refresh).await.expect(200);
    let own = Credentials::Bearer(next.text("access_token"));
    let new_password = "another for one fixture 9c2e";
    let change = json!({"current_password": PASSWORD, "new_password": new_password});
    api.post("/api/v1/auth/password", own, change).await.expect(200);
    let back = json!({"password": PASSWORD});
    api.patch(&format!("/api/v1/admin/users/{}", acme.member_id), by, back).await.expect(200);
    secrets.add("a password", new_password);

    let rotated = format!("/api/v1/admin/clients/{}/rotate-secret", acme.client.id);
    let rotated = api.post(&rotated, by, json!({"overlap_seconds": 600})).await.expect(200);
    secrets.client(&Client { id: acme.client.id.clone(), secret: rotated.text("client_secret").to_owned() });
    let opened =
        json!({"user_id": unknown_id(), "tenant_id": acme.id, "email": "h@acme.example", "role": "member"});
    let handed = api.post("/api/v1/sessions", Credentials::Basic(&acme.client), opened).await.expect(201);
    let client = acme.client.clone();
    for token in [handed.text("access_token"), handed.text("refresh_token"), "garbage"] {
        let fields = [("token", token)];
        told.push(
            api.form("/oauth2/introspect", Credentials::Basic(&client), &fields).await.expect(200).body,
        );
    }
    let traded = [("grant_type", "refresh_token"), ("refresh_token", handed.text("refresh_token"))];
    let traded = api.form("/oauth2/token", Credentials::Basic(&client), &traded).await.expect(200);
    let in_body = [
        ("token", traded.text("access_token")),
        ("client_id", client.id.as_str()),
        ("client_secret", client.secret.as_str()),
    ];
    api.form("/oauth2/revoke", Credentials::Nobody, &in_body).await.expect(200);
    let by_text = json!({"token": traded.text("refresh_token"), "reason": "by its text"});
    told.push(api.post("/api/v1/admin/revocations", by, by_text).await.expect(201).body);
    api.post("/api/v1/admin/keys/rotate", by, json!({})).await.expect(200);

    let mut own = sign_in(api, &acme.member_email, Some(&acme.id), false).await;
    let used_up = world::user(api, operator, "used-up@acme.example", "member", &acme.id).await;
    let facts =
        acme.facts().with("access", &own.access).with("refresh", &own.refresh).with("user_id", used_up);
    let facts =
        facts.with("client_id", api.create_client(by, "used up", &["introspect"], Some(&acme.id)).await.id);
    for call in CALLS {
        if call.access == Access::User {
            // Some of these end the session that makes them.
            own = sign_in(api, &acme.member_email, Some(&acme.id), false).await;
        }
        for caller in [by, Credentials::Bearer(&own.access), Credentials::Basic(&client), Credentials::Nobody]
        {
            let reply = make(api, call, &facts, caller).await;
            if !holds_secrets(&reply) {
                told.push(reply.body);
            }
        }
    }
}

/// Whether an answer is one that hands something secret out: those are what they are for.
fn holds_secrets(reply: &Reply) -> bool {
    ["access_token", "refresh_token", "client_secret"].iter().any(|member| reply.json[member].is_string())
}

/// Secrets where they do not belong: every refusal is kept.
async fn refuse_everything(
    api: &Api,
    operator: &str,
    acme: &Tenant,
    secrets: &mut Secrets,
    told: &mut Vec<String>,
) {
    let (password, secret) = ("a wrong guess 0b7a", "rcs_wrong-secret-77ab");
    secrets.add("a wrong password", password);
    secrets.add("a wrong secret", secret);
    let pair = sign_in(api, &acme.member_email, Some(&acme.id), false).await;
    let (access, refresh) = (pair.access.as_str(), pair.refresh.as_str());
    let wrong = Client { id: acme.client.id.clone(), secret: secret.to_owned() };
    secrets.client(&wrong);
    let text = |body: String| {
        api.request(Method::POST, "/api/v1/auth/login", Credentials::Nobody)
            .header("content-type", "application/json")
            .body(body)
    };
    let get = |path: String| api.request(Method::GET, &path, Credentials::Nobody);
    let oauth = |path: &str, body: String| {
        api.request(Method::POST, path, Credentials::Nobody)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    };
    let admin =
        |path: &str, body: Value| api.request(Method::POST, path, Credentials::Bearer(operator)).json(&body);
    let tampered = format!("{access}x");
    let requests = vec![
        text(format!(r#"{{"email":"{}","password":"{password}"}}"#, acme.member_email)),
        text(format!(r#"{{"email":"{}","password":"{password}""#, acme.member_email)),
        text(format!(r#"{{"email":"x","password":["{password}"]}}"#)),
        text(format!(r#"{{"email":"x","password":{{"{password}":1}}}}"#)),
        text(format!(r#"{{"email":"x","password":"x","pass word":"{password}"}}"#)),
        text(format!(r#""{password}""#)),
        text(format!(r#"{{"email":"x","password":"{password}","password":"{password}"}}"#)),
        text(format!(r#"{{"email":"x","password":"{password}","tenant":7}}"#)),
        get(format!("/api/v1/auth/me?access_token={access}")),
        get(format!("/api/v1/auth/forward?role={access}")),
        get(format!("/api/v1/auth/{access}")),
        get(format!("/api/v1/admin/users/{access}/sessions")),
        get(format!("/api/v1/admin/revocations/{refresh}")).bearer_auth(operator),
        get(format!("/api/v1/admin/users?cursor={refresh}")).bearer_auth(operator),
        get(format!("/api/v1/admin/users?limit={password}")).bearer_auth(operator),
        get("/api/v1/auth/me".to_owned()).bearer_auth(refresh),
        get("/api/v1/auth/me".to_owned()).bearer_auth(&tampered),
        get("/api/v1/auth/me".to_owned()).header("authorization", format!("Token {access}")),
        get("/api/v1/auth/me".to_owned()).header("authorization", format!("Basic {access}")),
        get("/api/v1/auth/me".to_owned()).bearer_auth(access).bearer_auth(access),
        get("/api/v1/auth/me".to_owned()).header("cookie", format!("session={access}")),
        get("/api/v1/admin/users".to_owned()).basic_auth(&wrong.id, Some(&wrong.secret)),
        get("/api/v1/admin/users".to_owned()).basic_auth(&wrong.secret, Some(&wrong.id)),
        oauth("/oauth2/token", format!("grant_type={refresh}&refresh_token={refresh}")),
        oauth("/oauth2/token", format!("grant_type=refresh_token&refresh_token={access}")),
        oauth("/oauth2/token", format!("grant_type=refresh_token&refresh_token={refresh}&scope={access}")),
        oauth("/oauth2/token", format!("refresh_token={refresh}&refresh_token={refresh}")),
        oauth("/oauth2/introspect", format!("token={access}&client_id={}&client_secret={secret}", wrong.id)),
        oauth("/oauth2/introspect", format!("token={access}&client_secret={secret}")),
        oauth("/oauth2/token", format!("grant_type=refresh_token&refresh_token=x&client_id={secret}")),
        admin("/api/v1/admin/users", json!({"email": "a@b.c", "role": password, "password": password})),
        admin("/api/v1/admin/users", json!({"email": "a@b.c", "role": "x", "password": {"new": password}})),
        admin("/api/v1/admin/users", json!({"email": password, "role": "x"})),
        admin("/api/v1/admin/revocations", json!({"token": tampered})),
        admin("/api/v1/admin/revocations", json!({"digest": access})),
        admin("/api/v1/admin/revocations", json!({"session_id": refresh})),
    ];
    secrets.token(access);
    secrets.token(refresh);
    for request in requests {
        let reply = api.finish(request).await;
        assert!((400..500).contains(&reply.status), "{reply:?}");
        told.push(reply.body);
    }
    // The reuse of a token, which is told loudly.
    let next = api.refresh(refresh).await.expect(200);
    let after = api.refresh(next.text("refresh_token")).await.expect(200);
    for token in [refresh, next.text("refresh_token"), after.text("refresh_token")] {
        let reply = api.refresh(token).await;
        if !holds_secrets(&reply) {
            told.push(reply.body);
        }
    }
}

/// The whole audit trail.
async fn audit(api: &Api, operator: &str) -> String {
    let (mut text, mut next) = (String::new(), String::new());
    loop {
        let path = format!("/api/v1/admin/audit?limit=500{next}");
        let page = api.get(&path, Credentials::Bearer(operator)).await.expect(200);
        text.push_str(&page.body);
        text.push('\n');
        match page.json["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return text,
        }
    }
}

/// What the commands print that are not asked for a secret; and what those that are given one say besides.
async fn administer(server: &Server, acme: &Tenant, secrets: &mut Secrets) -> String {
    let pair = sign_in(server.api(), &acme.admin_email, Some(&acme.id), false).await;
    secrets.token(&pair.access);
    secrets.token(&pair.refresh);
    let given = "given on standard input 4d1a";
    secrets.add("a password for a command", given);
    let commands: Vec<(Vec<&str>, &str)> = vec![
        (vec!["users", "list", "--json"], ""),
        (vec!["tenants", "list", "--json"], ""),
        (vec!["clients", "list", "--json"], ""),
        (vec!["sessions", "list", "--user", &acme.admin_id, "--json"], ""),
        (vec!["revocations", "list", "--json"], ""),
        (vec!["keys", "list", "--json"], ""),
        (vec!["keys", "rotate"], ""),
        (vec!["doctor"], ""),
        (vec!["config"], ""),
        (vec!["token", "inspect", "--json"], &pair.access),
        (vec!["token", "inspect"], &pair.refresh),
        (vec!["token", "inspect"], "garbage"),
        (
            vec![
                "users",
                "create",
                "cli@acme.example",
                "--tenant",
                &acme.id,
                "--role",
                "member",
                "--password-stdin",
            ],
            given,
        ),
        (vec!["revoke", "--token", "-"], &pair.access),
        (vec!["revoke", "--token", "-"], &pair.refresh),
    ];
    let mut text = String::new();
    let talkative = || {
        let mut command = server.command();
        command.env("RESCIND_LOG", "trace").env("RESCIND_ISSUER", server.base());
        command
    };
    for (arguments, input) in commands {
        let mut command = talkative();
        command.args(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        let mut stdin = child.stdin.take().expect("piped");
        // A command that reads nothing may be gone already.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = child.wait_with_output().await.expect("the command ends");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let failed = !output.status.success() && !matches!(arguments[0], "token" | "doctor");
        assert!(!failed, "{arguments:?}: {out}{err}");
        text.push_str(&format!("{arguments:?}\n{out}\n{err}\n"));
    }
    let rewrapped = store::rewrap(server, talkative()).await;
    let (out, err) = (String::from_utf8_lossy(&rewrapped.stdout), String::from_utf8_lossy(&rewrapped.stderr));
    assert!(rewrapped.status.success(), "{out}{err}");
    text.push_str(&format!("{out}\n{err}\n"));
    let master = std::fs::read(server.data_dir().join("master.key")).expect("a master key");
    secrets.add("the new master key", String::from_utf8(master).expect("base64").trim());
    text
}
