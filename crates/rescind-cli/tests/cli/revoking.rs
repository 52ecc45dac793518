//! Sessions, and every way to take something back.

use std::time::Duration;

use rescind::clock::Timestamp;
use serde_json::Value;

use crate::home::{Home, members};

const ADA: &str = "ada@example.com";

#[test]
fn a_session_is_listed_shown_and_ended() {
    let home = Home::started();
    let tokens = home.sign_in(ADA);
    let listed = home.json(&["sessions", "list", "--user", ADA]);
    let session = &listed["items"][0];
    assert_eq!(
        members(session),
        [
            "access_jti",
            "created_at",
            "current",
            "device_name",
            "expires_at",
            "idle_expires_at",
            "ip",
            "last_used_at",
            "number",
            "revoked_at",
            "revoked_by",
            "revoked_reason",
            "session_id",
            "status",
            "tenant_id",
            "user_agent",
            "user_id"
        ]
    );
    assert_eq!(session["session_id"], tokens.session.as_str());
    let table = home.ok(&["sessions", "show", &tokens.session]);
    assert!(table.contains("laptop\\u{202e}x") && !table.contains('\u{202e}'), "{table}");

    assert_eq!(home.json(&["sessions", "revoke", &tokens.session, "--dry-run"])["status"], "active");
    assert!(home.takes(&tokens.access));
    let ended = home.json(&["sessions", "revoke", &tokens.session, "--reason", "lost laptop"]);
    assert_eq!(
        (&ended["status"], &ended["revoked_reason"], &ended["revoked_by"]),
        (&"revoked".into(), &"lost laptop".into(), &"cli".into())
    );
    assert!(!home.takes(&tokens.access));
    home.ok(&["sessions", "revoke", &tokens.session]);
    home.refused(&["sessions", "show", "01900000-0000-7000-8000-000000000000"], 1, "not_found");
}

#[test]
fn what_ends_more_than_one_session_shows_first_asks_and_then_does() {
    for command in [
        &["sessions", "revoke", "--user", ADA][..],
        &["users", "revoke-all", ADA],
        &["revoke", "--user", ADA],
        &["tenants", "revoke-all", "default"],
        &["revoke", "--tenant", "default"],
    ] {
        let home = Home::started();
        let tokens = [home.sign_in(ADA), home.sign_in(ADA)];
        let asked = home.refused(command, 2, "confirmation_needed");
        assert!(asked.err.contains("2 sessions") && asked.err.contains("--yes"), "{}", asked.err);
        let would = home.json(&[command, &["--dry-run"]].concat());
        assert_eq!(
            (&would["dry_run"], &would["revoked"], &would["seq"]),
            (&true.into(), &2.into(), &Value::Null)
        );
        assert_eq!(home.active(ADA), 2, "{command:?}: a dry run and a refusal change nothing");

        let did = home.json(&[command, &["--yes", "--reason", "leak"]].concat());
        assert_eq!(members(&did), ["revoked", "seq", "token_version"]);
        assert_eq!(did["revoked"], 2);
        assert_eq!(home.active(ADA), 0);
        assert!(tokens.iter().all(|tokens| !home.takes(&tokens.access)));
        let fresh = home.sign_in(ADA);
        assert!(home.takes(&fresh.access), "{command:?}: what is minted after the cut is good");
    }
}

#[test]
fn disabling_and_deleting_a_user_ask_too() {
    let home = Home::started();
    home.sign_in(ADA);
    for command in [&["users", "update", ADA, "--disable"][..], &["users", "delete", ADA]] {
        home.refused(command, 2, "confirmation_needed");
        assert_eq!(home.json(&[command, &["--dry-run"]].concat())["revoked"], 1);
        assert_eq!(home.active(ADA), 1);
    }
    let password = ["users", "update", ADA, "--password-generate", "--yes"];
    assert!(home.json(&password)["password"].is_string());
    assert_eq!(home.active(ADA), 0);
    home.refused(&["users", "update", ADA], 2, "wrong_usage");
}

#[test]
fn a_token_is_revoked_by_its_jti_or_its_text() {
    let home = Home::started();
    let tokens = home.sign_in(ADA);
    let session = home.json(&["sessions", "show", &tokens.session]);
    let jti = session["access_jti"].as_str().unwrap();
    assert_eq!(home.json(&["revoke", "--jti", jti, "--dry-run"])["kind"], "token");
    assert!(home.takes(&tokens.access));

    let revoked = home.json(&["revoke", "--jti", jti, "--reason", "first"]);
    assert_eq!(
        members(&revoked),
        [
            "expires_at",
            "jti",
            "key",
            "kind",
            "min_version",
            "reason",
            "revoked_at",
            "revoked_by",
            "seq",
            "tenant_id",
            "user_id"
        ]
    );
    assert_eq!((&revoked["kind"], &revoked["jti"]), (&"token".into(), &jti.into()));
    assert!(!home.takes(&tokens.access));
    let again = home.json(&["revoke", "--jti", jti, "--reason", "second"]);
    assert_eq!((&again["seq"], &again["reason"]), (&revoked["seq"], &"first".into()));
    assert_eq!(home.json(&["revocations", "show", jti])["seq"], revoked["seq"]);
    home.refused(&["revocations", "show", "nothing-of-the-kind"], 1, "not_found");

    let other = home.sign_in(ADA);
    home.ok_with(&["revoke", "--token", "-"], &format!(" {}\n", other.access));
    assert!(!home.takes(&other.access));
    let third = home.sign_in(ADA);
    home.ok_with(&["revoke", "--token", "-"], &third.refresh);
    assert_eq!(home.json(&["sessions", "show", &third.session])["status"], "revoked");
    let garbage = home.run_with(&["revoke", "--token", "-"], "garbage");
    garbage.assert_refused(2, "wrong_usage");
}

#[test]
fn a_session_and_a_foreign_token_are_revoked() {
    let home = Home::started();
    let tokens = home.sign_in(ADA);
    assert_eq!(home.json(&["revoke", "--session", &tokens.session])["kind"], "session");
    assert!(!home.takes(&tokens.access));
    let digest = "AB".repeat(32);
    let revoked = home.json(&["revoke", "--digest", &digest, "--expires-at", "2030-01-01T00:00:00Z"]);
    assert_eq!((&revoked["kind"], &revoked["key"]), (&"digest".into(), &digest.to_lowercase().into()));
    assert!(revoked["expires_at"].as_str().unwrap().starts_with("2030-"));
    home.refused(&["revoke", "--session", "01900000-0000-7000-8000-000000000000"], 1, "not_found");
    home.refused(&["revoke", "--jti", "a", "--within", "nowhere"], 1, "not_found");
    let scoped = home.json(&["revoke", "--jti", "foreign", "--within", "default"]);
    assert!(scoped["tenant_id"].is_string());
}

#[test]
fn the_ledger_is_listed_newest_first_and_purged_when_it_is_due() {
    let home = Home::started();
    home.sign_in(ADA);
    home.ok(&["revoke", "--jti", "one", "--reason", "because"]);
    home.ok(&["users", "revoke-all", ADA, "--yes"]);
    let listed = home.json(&["revocations", "list"]);
    let kinds: Vec<_> = listed["items"].as_array().unwrap().iter().map(|entry| &entry["kind"]).collect();
    assert_eq!(kinds, ["user", "token"]);
    assert_eq!(home.json(&["revocations", "list", "--kind", "token"])["items"][0]["reason"], "because");
    assert_eq!(home.json(&["revocations", "list", "--user", ADA])["items"].as_array().unwrap().len(), 1);
    let none = home.json(&["revocations", "list", "--since", "2099-01-01T00:00:00Z"]);
    assert_eq!(none["items"].as_array().unwrap().len(), 0);

    assert_eq!(home.json(&["purge"])["purged"], 0);
    home.sql("UPDATE ledger SET expires_at = 1000");
    let would = home.json(&["purge", "--dry-run"]);
    assert_eq!((&would["dry_run"], &would["purged"]), (&true.into(), &2.into()));
    assert_eq!(home.json(&["purge", "--safety-margin", "0"])["purged"], 2);
    assert_eq!(home.json(&["revocations", "list"])["items"].as_array().unwrap().len(), 0);
}

#[test]
fn another_issuers_users_and_sessions_need_not_be_known() {
    const WHO: &str = "01900000-0000-7000-8000-00000000f00d";
    let home = Home::started();
    let user =
        ["revoke", "--foreign", "--user", WHO, "--within", "default", "--expires-at", "2030-01-01T00:00:00Z"];
    home.refused(&user, 2, "confirmation_needed");
    assert_eq!(home.json(&[&user[..], &["--dry-run"]].concat())["revoked"], 0);
    let first = home.json(&[&user[..], &["--yes"]].concat());
    assert_eq!((&first["kind"], &first["key"]), (&"user".into(), &WHO.into()));
    let second = home.json(&[&user[..], &["--yes"]].concat());
    assert!(second["min_version"].as_i64() > first["min_version"].as_i64());
    let session = ["revoke", "--foreign", "--session", WHO, "--expires-at", "2030-01-01T00:00:00Z"];
    assert_eq!(home.json(&session)["kind"], "session");
    let endless = [&user[..6], &["--yes"]].concat();
    assert!(home.refused(&endless, 1, "invalid_member").err.contains("expires_at"));
    let told = [("RESCIND_FOREIGN_TTL", "24h")];
    home.run_set(&told, &endless).must(0, &endless);
    home.refused(&["revoke", "--session", WHO], 1, "not_found");
}

/// Else a token of theirs would outlive the mark that kills it.
#[test]
fn every_act_holds_for_as_long_as_other_issuers_tokens_live() {
    const LONG: [(&str, &str); 1] = [("RESCIND_FOREIGN_TTL", "720h")];
    let home = Home::started();
    home.sign_in(ADA);
    let backup = home.root().join("backup.db");
    let backup = backup.to_str().unwrap();
    home.ok(&["backup", backup]);
    for act in [
        &["tenants", "suspend", "default", "--yes"][..],
        &["users", "delete", ADA, "--yes"],
        &["restore", backup, "--replace", "--yes"],
    ] {
        let before = last_seq(&home);
        home.run_set(&LONG, act).must(0, act);
        let made = home.json(&["revocations", "list"])["items"].as_array().unwrap().clone();
        let made: Vec<_> = made.iter().filter(|entry| entry["seq"].as_i64() > before).collect();
        assert!(!made.is_empty(), "{act:?}");
        let time =
            |entry: &Value, name: &str| entry[name].as_str().map(|at| at.parse::<Timestamp>().unwrap());
        for entry in made {
            // What never expires has none.
            let expires = time(entry, "expires_at").unwrap_or(Timestamp::MAX);
            let lasts = expires.since(time(entry, "revoked_at").unwrap());
            assert!(lasts >= Duration::from_secs(720 * 3600), "{act:?} made {entry}");
        }
    }
}

fn last_seq(home: &Home) -> Option<i64> {
    home.json(&["revocations", "list"])["items"][0]["seq"].as_i64()
}

#[test]
fn a_dry_run_says_what_a_token_is_and_what_would_end_and_writes_nothing() {
    const DRY: [&str; 4] = ["revoke", "--token", "-", "--dry-run"];
    let home = Home::started();
    let tokens = home.sign_in(ADA);
    let would = |text: &str| -> Value {
        let told = home.ok_with(&[&DRY[..], &["--json"]].concat(), text);
        serde_json::from_str(&told).unwrap()
    };
    let session = home.json(&["sessions", "show", &tokens.session]);
    let jti = session["access_jti"].as_str().unwrap();
    let access = would(&tokens.access);
    assert_eq!(
        (&access["kind"], &access["key"], &access["token"]),
        (&"token".into(), &jti.into(), &"access_token".into())
    );
    assert_eq!((&access["session_id"], &access["revoked"]), (&session["session_id"], &0.into()));
    assert_eq!((&access["dry_run"], &access["refused"]), (&true.into(), &Value::Null));
    assert!(access["expires_at"].is_string());
    let refresh = would(&tokens.refresh);
    assert_eq!((&refresh["kind"], &refresh["key"]), (&"session".into(), &session["session_id"]));
    assert_eq!((&refresh["token"], &refresh["revoked"]), (&"refresh_token".into(), &1.into()));
    let told = home.ok_with(&DRY, &tokens.refresh);
    assert!(told.contains(&tokens.session) && told.contains("would end"), "{told}");
    let told = home.ok_with(&DRY, &tokens.access);
    assert!(told.contains(jti) && told.contains("goes on"), "{told}");
    assert_eq!((last_seq(&home), home.active(ADA)), (None, 1));
    for nothing in ["", "garbage", "a.b.c", &tokens.session, jti] {
        home.run_with(&DRY, nothing).assert_refused(2, "wrong_usage");
    }

    home.ok(&["revoke", "--jti", jti]);
    assert_eq!(would(&tokens.access)["refused"], "token_revoked");
    home.ok(&["revoke", "--session", &tokens.session]);
    let over = would(&tokens.refresh);
    assert_eq!((&over["revoked"], &over["refused"]), (&0.into(), &"session_revoked".into()));
    let told = home.ok_with(&DRY, &tokens.refresh);
    assert!(told.contains("revoked already") && !told.contains("would"), "{told}");
    home.refused(
        &["revoke", "--session", "01900000-0000-7000-8000-000000000000", "--dry-run"],
        1,
        "not_found",
    );
}

/// It is run to be sure: it must not say less than would be done, nor promise what would be refused.
#[test]
fn a_dry_run_of_a_jti_goes_by_every_spelling_and_by_the_tenant() {
    let home = Home::started();
    let tokens = home.sign_in(ADA);
    let inspected = home.ok_with(&["token", "inspect", "--json"], &tokens.refresh);
    let inspected: Value = serde_json::from_str(&inspected).unwrap();
    let refresh = inspected["claims"]["jti"].as_str().unwrap().to_uppercase();
    let would = |args: &[&str]| home.json(&[&["revoke", "--dry-run", "--jti"], args].concat());
    let told = would(&[&refresh]);
    assert_eq!((&told["kind"], &told["key"]), (&"session".into(), &tokens.session.as_str().into()));
    home.ok(&["tenants", "create", "elsewhere"]);
    let told = would(&[&refresh, "--within", "elsewhere"]);
    assert_eq!((&told["kind"], &told["session_id"]), (&"token".into(), &Value::Null));
    let within = ["--session", &*tokens.session, "--within", "elsewhere"];
    for dry in [&["--dry-run"][..], &[]] {
        home.refused(&[&["revoke"], &within[..], dry].concat(), 1, "not_found");
        let nothing = [&["revoke", "--jti", ""], dry].concat();
        assert_ne!(home.run(&nothing).code, 0);
    }
    for token in [&tokens.access, &tokens.refresh] {
        let within = ["revoke", "--token", "-", "--within", "elsewhere"];
        home.run_with(&within, token).assert_refused(1, "not_found");
        home.run_with(&[&within[..], &["--dry-run"]].concat(), token).assert_refused(1, "not_found");
    }
    assert_eq!(home.active(ADA), 1);
    home.ok(&["revoke", "--jti", &refresh]);
    assert_eq!(home.active(ADA), 0, "as was told");
}

#[test]
fn a_jti_that_nobody_is_known_to_have_is_revoked_and_said_to_be_unknown() {
    let home = Home::started();
    let tokens = home.sign_in(ADA);
    let dry = home.ok(&["revoke", "--jti", "5", "--dry-run"]);
    assert!(dry.contains("no session's newest token"), "{dry}");
    let answer = home.run(&["revoke", "--jti", "5"]);
    assert!(
        answer.err.contains("no session's newest token") && answer.err.contains("is refused until"),
        "{}",
        answer.err
    );
    assert!(answer.must(0, &["revoke"]).contains("revoked token 5"));
    let session = home.json(&["sessions", "show", &tokens.session]);
    let known = home.run(&["revoke", "--jti", session["access_jti"].as_str().unwrap()]);
    assert_eq!(known.err, "");
}

#[test]
fn what_is_named_by_a_number_says_what_to_name_it_by() {
    let home = Home::started();
    for args in [&["sessions", "show", "1"][..], &["sessions", "revoke", "1"], &["revoke", "--session", "1"]]
    {
        let answer = home.run(args);
        assert_eq!(answer.code, 2);
        assert!(
            answer.err.contains("UUID") && answer.err.contains("rescind sessions list"),
            "{}",
            answer.err
        );
    }
    let answer = home.refused(&["revocations", "show", "3"], 1, "not_found");
    assert!(answer.err.contains("jti") && answer.err.contains("rescind revocations list"), "{}", answer.err);
}
