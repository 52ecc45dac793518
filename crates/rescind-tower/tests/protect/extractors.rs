//! What handlers and layers may ask of the caller: roles, scopes, tenants; and a handler without a layer.

use axum::Router;
use axum::routing::get as on_get;
use rescind_tower::{Authenticated, Denial, InTenant, Protect, Require, Requirement};
use serde_json::json;

use super::support::*;

struct Editor;

impl Requirement for Editor {
    fn check(caller: &Authenticated) -> Result<(), Denial> {
        caller.require_any_role(&["editor", "admin"])?;
        caller.require_scope("notes:write")
    }
}

fn with_role(world: &World, role: &str) -> String {
    let mut claims = claims(1);
    claims.role = role.into();
    world.sign(1, &claims)
}

fn with_scope(world: &World, scope: &serde_json::Value) -> String {
    world.sign(1, &with_extra(claims(1), &json!({ "scope": scope })))
}

#[tokio::test]
async fn a_handler_without_a_layer_refuses_everybody() {
    let world = world();
    let app = Router::<()>::new()
        .route("/", on_get(async |_: Authenticated| "reached"))
        .route("/optional", on_get(async |_: Option<Authenticated>| "reached"))
        .route("/editor", on_get(async |_: Require<Editor>| "reached"))
        .route("/tenants/{tenant_id}", on_get(async |_: InTenant| "reached"));
    for path in ["/", "/optional", "/editor", &format!("/tenants/{}", id(1, 3))] {
        let answer = get(&app, path, &world.token(1)).await;
        assert_eq!(answer.outcome(), "401 authentication_required", "{path}");
    }
}

/// An extension is what a layer left there, and only this crate's layer can: a caller that a service has put there is none.
#[tokio::test]
async fn a_caller_cannot_be_put_into_a_request() {
    let world = world();
    let (tell, told) = std::sync::mpsc::channel();
    let leak = async move |caller: Authenticated| tell.send(caller).unwrap();
    let app = Router::new().route("/", on_get(leak)).layer(Protect::new(world.verifier.clone()));
    get(&app, "/", &world.token(1)).await;
    let stolen = told.recv().unwrap();

    let bare = Router::<()>::new().route("/", on_get(async |_: Authenticated| "reached"));
    let anonymous = bare.clone().layer(Protect::new(world.verifier.clone()).optional());
    let strict = bare.clone().layer(Protect::new(world.verifier.clone()));
    for app in [bare, anonymous, strict] {
        let mut request = with_headers("/", []);
        request.extensions_mut().insert(stolen.clone());
        assert_eq!(send(&app, request).await.outcome(), "401 authentication_required");
    }
}

#[tokio::test]
async fn a_handler_that_needs_a_caller_refuses_whom_the_layer_let_through_without() {
    let world = world();
    let app = Router::new()
        .route("/", on_get(async |_: Authenticated| "reached"))
        .layer(Protect::new(world.verifier.clone()).optional().realm("notes"));
    let answer = send(&app, with_headers("/", [])).await;
    assert_eq!(answer.outcome(), "401 authentication_required");
    assert_eq!(answer.challenge(), Some(r#"Bearer realm="notes""#));
}

#[tokio::test]
async fn a_layer_asks_for_roles_and_scopes() {
    let world = world();
    let protect = || Protect::new(world.verifier.clone());
    let (forbidden, insufficient) = ("403 forbidden", "403 insufficient_scope");
    let both = json!("read write");
    let cases = [
        (protect().role("admin"), with_role(&world, "admin"), "200"),
        (protect().role("admin"), with_role(&world, "Admin"), forbidden),
        (protect().role("admin"), with_role(&world, "admin "), forbidden),
        (protect().role("admin"), world.token(1), forbidden),
        (protect().any_role(["admin", "editor"]), with_role(&world, "editor"), "200"),
        (protect().any_role(["admin", "editor"]), world.token(1), forbidden),
        (protect().any_role([""; 0]), with_role(&world, "admin"), forbidden),
        (protect().any_role(["admin", "editor"]).role("editor"), with_role(&world, "editor"), "200"),
        (protect().any_role(["admin", "editor"]).role("editor"), with_role(&world, "admin"), forbidden),
        (protect().role("editor").role("admin"), with_role(&world, "admin"), forbidden),
        (protect().scope("read"), with_scope(&world, &both), "200"),
        (protect().scope("read").scope("write"), with_scope(&world, &both), "200"),
        (protect().scope("read").scope("write"), with_scope(&world, &json!(["write", "read"])), "200"),
        (protect().scope("read").scope("write"), with_scope(&world, &json!("read")), insufficient),
        (protect().scope("rea"), with_scope(&world, &both), insufficient),
        (protect().scope("read"), with_scope(&world, &json!({ "read": true })), insufficient),
        (protect().scope("read"), world.token(1), insufficient),
        (protect().scope(""), with_scope(&world, &json!("")), insufficient),
        (protect().role("admin").scope("read"), with_scope(&world, &both), forbidden),
    ];
    for (protect, token, outcome) in cases {
        let name = format!("{protect:?}");
        let app = Router::new().route("/", on_get(async || "reached")).layer(protect);
        let answer = get(&app, "/", &token).await;
        assert_eq!(answer.outcome(), outcome, "{name}");
        let error = (answer.status == 403).then_some("error=\"insufficient_scope\"");
        assert!(error.is_none_or(|error| answer.challenge().unwrap().contains(error)), "{name}");
    }
    let app = Router::new()
        .route("/", on_get(async || "reached"))
        .layer(protect().scope("notes:read").scope("notes:write"));
    let challenge = get(&app, "/", &world.token(1)).await.challenge().unwrap().to_owned();
    assert!(challenge.ends_with(r#", scope="notes:read notes:write""#), "{challenge}");
}

#[tokio::test]
async fn a_role_or_a_scope_is_never_optional() {
    let world = world();
    let protect = || Protect::new(world.verifier.clone()).optional();
    for protect in [protect().role("admin"), protect().scope("read")] {
        let app = Router::new().route("/", on_get(async || "reached")).layer(protect);
        assert_eq!(send(&app, with_headers("/", [])).await.outcome(), "401 authentication_required");
    }
}

#[tokio::test]
async fn a_handler_asks_for_roles_and_scopes() {
    let world = world();
    let app = Router::new()
        .route("/", on_get(async |_: Require<Editor>| "reached"))
        .layer(Protect::new(world.verifier.clone()).realm("notes"));
    let mut editor = with_extra(claims(1), &json!({ "scope": "notes:write" }));
    editor.role = "editor".into();
    assert_eq!(get(&app, "/", &world.sign(1, &editor)).await.outcome(), "200");
    editor.role = "member".into();
    assert_eq!(get(&app, "/", &world.sign(1, &editor)).await.outcome(), "403 forbidden");
    let answer = get(&app, "/", &with_role(&world, "admin")).await;
    assert_eq!(answer.outcome(), "403 insufficient_scope");
    let challenge = answer.challenge().unwrap();
    assert!(challenge.starts_with("Bearer realm=\"notes\"") && challenge.ends_with("scope=\"notes:write\""));
}

#[tokio::test]
async fn another_tenant_does_not_exist() {
    let world = world();
    let who = async |caller: InTenant| caller.tenant_id().unwrap().to_string();
    let tenants = Router::new().route("/notes", on_get(who));
    let app = Router::new()
        .nest("/tenants/{tenant_id}", tenants)
        .route("/nameless", on_get(who))
        .layer(Protect::new(world.verifier.clone()));
    let own = id(1, 3).to_string();
    let path = |tenant: &str| format!("/tenants/{tenant}/notes");
    assert_eq!(get(&app, &path(&own), &world.token(1)).await.body, own);
    let other = id(2, 3).to_string();
    let nobody = ["acme", "%FF", "%20", "..", &other, &format!("{own}%00"), &format!("{own}{own}")];
    for tenant in nobody {
        assert_eq!(get(&app, &path(tenant), &world.token(1)).await.outcome(), "404 not_found", "{tenant}");
    }
    assert_eq!(get(&app, "/nameless", &world.token(1)).await.outcome(), "404 not_found");
    assert_eq!(send(&app, with_headers(&path(&own), [])).await.outcome(), "401 authentication_required");
}
