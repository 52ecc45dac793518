//! Users, tenants and API clients.

use crate::home::{Home, OPERATOR, PASSWORD, members};

#[test]
fn a_user_is_made_changed_and_deleted() {
    let home = Home::started();
    let listed = home.json(&["users", "list", "--query", "ada@"]);
    assert_eq!(members(&listed), ["items", "next_cursor"]);
    let ada = &listed["items"][0];
    assert_eq!(
        members(ada),
        ["created_at", "disabled", "email", "role", "tenant_id", "token_version", "user_id"]
    );
    assert_eq!(ada["role"], "member");

    let changed = home.json(&["users", "update", "ADA@example.com", "--role", "editor"]);
    assert_eq!(changed["role"], "editor");
    assert!(changed["token_version"].as_i64() > ada["token_version"].as_i64());

    let id = ada["user_id"].as_str().unwrap();
    let barred = home.json(&["users", "update", id, "--disable", "--yes"]);
    assert_eq!(barred["disabled"], true);
    assert_eq!(home.json(&["users", "update", id, "--enable"])["disabled"], false);

    assert_eq!(home.json(&["users", "delete", id, "--yes"])["dry_run"], false);
    home.refused(&["users", "update", id, "--role", "x"], 1, "not_found");
    assert_eq!(home.json(&["users", "list", "--query", "ada@"])["items"].as_array().unwrap().len(), 0);
}

#[test]
fn the_last_operator_stays_until_there_is_another() {
    let home = Home::started();
    for last in [
        &["users", "update", OPERATOR, "--tenant", "system", "--disable", "--yes"][..],
        &["users", "update", OPERATOR, "--tenant", "system", "--role", "member"],
        &["users", "delete", OPERATOR, "--tenant", "system", "--yes"],
    ] {
        let told = home.refused(last, 1, "last_operator");
        assert!(told.err.contains("rescind users create"), "{told:?}");
    }
    let second = ["users", "create", "second@localhost", "--tenant", "system", "--role", "admin"];
    home.ok_with(&[&second[..], &["--password-stdin"]].concat(), PASSWORD);
    home.ok(&["users", "delete", OPERATOR, "--tenant", "system", "--yes"]);
}

#[test]
fn passwords_come_from_a_file_from_standard_input_or_are_made_up_and_shown_once() {
    let home = Home::started();
    let file = home.root().join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let made = home.ok(&[
        "users",
        "create",
        "bob@example.com",
        "--role",
        "member",
        "--password-file",
        file.to_str().unwrap(),
    ]);
    assert!(!made.contains(PASSWORD));
    home.sign_in("bob@example.com");

    let made = home.json(&["users", "create", "eve@example.com", "--role", "member", "--password-generate"]);
    let password = made["password"].as_str().unwrap();
    assert_eq!(password.split('-').count(), 5);
    assert!(!home.ok(&["users", "list"]).contains(password));

    let backend = home.json(&["users", "create", "job@example.com", "--role", "bot", "--no-password"]);
    assert_eq!(backend["password"], serde_json::Value::Null);

    home.refused(&["users", "create", "x@example.com", "--role", "member"], 2, "password_needed");
    let weak = ["users", "create", "x@example.com", "--role", "member", "--password-stdin"];
    home.run_with(&weak, "password").assert_refused(1, "password_too_weak");
    home.run_with(&weak, "").assert_refused(1, "password_too_weak");
    let taken = ["users", "create", "Ada@Example.com", "--role", "member", "--password-stdin"];
    home.run_with(&taken, PASSWORD).assert_refused(1, "email_taken");
    let odd = ["users", "create", "no-email", "--role", "member", "--no-password"];
    home.refused(&odd, 1, "invalid_member");
}

#[test]
fn the_same_email_in_two_tenants_needs_the_tenant() {
    let home = Home::started();
    home.ok(&["tenants", "create", "acme"]);
    let create =
        ["users", "create", "ada@example.com", "--role", "member", "--no-password", "--tenant", "acme"];
    home.ok(&create);
    home.refused(&["sessions", "list", "--user", "ada@example.com"], 1, "ambiguous");
    home.ok(&["sessions", "list", "--user", "ada@example.com", "--tenant", "acme"]);
    home.refused(&["sessions", "list", "--user", "ada@example.com", "--tenant", "none"], 1, "not_found");
    home.refused(&["sessions", "list", "--user", "nobody@example.com"], 1, "not_found");
}

#[test]
fn a_tenant_is_made_renamed_suspended_and_let_in_again() {
    let home = Home::started();
    let made = home.json(&["tenants", "create", "acme", "--name", "Acme Inc."]);
    assert_eq!(members(&made), ["created_at", "name", "slug", "suspended", "tenant_id", "token_version"]);
    home.refused(&["tenants", "create", "acme"], 1, "slug_taken");
    home.refused(&["tenants", "create", "Not A Slug"], 1, "invalid_member");
    assert_eq!(home.json(&["tenants", "update", "acme", "--name", "Acme"])["name"], "Acme");

    let session = home.sign_in("ada@example.com");
    let would = home.json(&["tenants", "suspend", "default", "--dry-run"]);
    assert_eq!((would["revoked"].as_u64(), would["dry_run"].as_bool()), (Some(1), Some(true)));
    home.refused(&["tenants", "suspend", "default"], 2, "confirmation_needed");
    assert!(home.takes(&session.access), "nothing was done yet");
    assert_eq!(home.json(&["tenants", "suspend", "default", "--yes"])["suspended"], true);
    assert!(!home.takes(&session.access));
    assert_eq!(home.json(&["tenants", "resume", "default"])["suspended"], false);
    home.refused(&["tenants", "suspend", "system", "--yes"], 1, "forbidden");
    let slugs = home.json(&["tenants", "list"]);
    let slugs: Vec<_> =
        slugs["items"].as_array().unwrap().iter().map(|tenant| tenant["slug"].clone()).collect();
    assert_eq!(slugs.len(), 3);
}

#[test]
fn a_client_secret_is_shown_when_it_is_made_and_never_again() {
    let home = Home::started();
    let made =
        home.json(&["clients", "create", "gateway", "--scope", "introspect,feed", "--tenant", "default"]);
    assert_eq!(
        members(&made),
        [
            "client_id",
            "client_secret",
            "created_at",
            "last_used_at",
            "name",
            "refresh_requires_secret",
            "scopes",
            "tenant_id"
        ]
    );
    let (id, secret) = (made["client_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
    assert!(secret.starts_with("rcs_"));
    assert!(!home.run(&["clients", "list"]).out.contains(secret));
    assert_eq!(home.json(&["clients", "list"])["items"][0]["scopes"][0], "introspect");

    let rotated = home.json(&["clients", "rotate-secret", id, "--overlap", "60"]);
    assert_ne!(rotated["client_secret"], made["client_secret"]);
    home.refused(&["clients", "rotate-secret", id, "--overlap", "99999999"], 1, "invalid_member");

    home.refused(&["clients", "delete", id], 2, "confirmation_needed");
    home.ok(&["clients", "delete", id, "--dry-run"]);
    assert_eq!(home.json(&["clients", "list"])["items"].as_array().unwrap().len(), 1);
    home.ok(&["clients", "delete", id, "--yes"]);
    home.refused(&["clients", "delete", id, "--yes"], 1, "not_found");
}

#[test]
fn lists_come_in_pages() {
    let home = Home::started();
    for i in 0..5 {
        home.ok(&["tenants", "create", &format!("t{i}")]);
    }
    let first = home.json(&["tenants", "list", "--limit", "3"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = home.json(&["tenants", "list", "--limit", "4", "--cursor", cursor]);
    assert_eq!(first["items"].as_array().unwrap().len() + second["items"].as_array().unwrap().len(), 7);
    assert!(second["next_cursor"].is_null());
    assert_eq!(home.json(&["tenants", "list", "--all"])["items"].as_array().unwrap().len(), 7);
    home.refused(&["tenants", "list", "--cursor", "rubbish"], 1, "invalid_member");
}
