//! Bodies that are not what they should be.

use reqwest::Method;
use rescind_testkit::process::Credentials;

use crate::bench::{Bench, JSON};
use crate::common_calls::world::PASSWORD;

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be() {
    let bench = Bench::new().await;
    let login = |body: &str| bench.login(JSON, body.to_owned());
    let users = |body: &str| bench.admin(Method::POST, "/api/v1/admin/users", JSON, body.to_owned());
    let good = format!(r#"{{"email":"{}","password":"{PASSWORD}"}}"#, bench.acme.member_email);
    let unknown = good.replace('{', r#"{"colour":"red","#);
    let deep = format!(r#"{{"email":{}"x"{},"password":"x"}}"#, "[".repeat(5000), "]".repeat(5000));
    let escaped = r#"{"email":"a@example.com","password":"x","p\u0061ssword":"y"}"#;
    let tenant = &bench.acme.id;
    let purge =
        |body: &str| bench.admin(Method::POST, "/api/v1/admin/revocations/purge", JSON, body.to_owned());
    let rotate = format!("/api/v1/admin/clients/{}/rotate-secret", bench.acme.client.id);
    let rotate = |body: &str| bench.admin(Method::POST, &rotate, JSON, body.to_owned());
    let revoke = |body: &str| bench.admin(Method::POST, "/api/v1/admin/revocations", JSON, body.to_owned());
    let keys = |body: &str| bench.admin(Method::POST, "/api/v1/admin/keys/rotate", JSON, body.to_owned());
    let own = |path: &str, body: &str| {
        let caller = Credentials::Bearer(&bench.acme.member.access);
        let request = bench.api().request(Method::POST, path, caller);
        request.header("content-type", JSON).body(body.to_owned())
    };
    let others = |body: &str| own("/api/v1/auth/sessions/revoke-others", body);
    let all = |body: &str| own("/api/v1/auth/sessions/revoke-all", body);
    bench
        .refuses(vec![
            ("no body and no type", bench.login("", ""), 415, "unsupported_media_type"),
            ("no body", login(""), 400, "invalid_json"),
            ("another type", bench.login("text/plain", good.clone()), 415, "unsupported_media_type"),
            (
                "a form",
                bench.login("application/x-www-form-urlencoded", "email=a&password=b"),
                415,
                "unsupported_media_type",
            ),
            (
                "another charset",
                bench.login("application/json; charset=utf-16", good.clone()),
                415,
                "unsupported_media_type",
            ),
            ("half a body", login(&good[..20]), 400, "invalid_json"),
            ("trailing bytes", login(&format!("{good} x")), 400, "invalid_json"),
            ("two values", login(&format!("{good}{good}")), 400, "invalid_json"),
            (
                "invalid UTF-8",
                bench.login(JSON, b"{\"email\":\"\xff\",\"password\":\"x\"}".to_vec()),
                400,
                "invalid_json",
            ),
            ("a byte order mark", login(&format!("\u{feff}{good}")), 400, "invalid_json"),
            ("5,000 levels", login(&deep), 400, "invalid_json"),
            ("NaN", login(r#"{"email":NaN,"password":"x"}"#), 400, "invalid_json"),
            ("a doubled member", login(r#"{"email":"a","email":"b","password":"x"}"#), 400, "invalid_json"),
            ("a doubled member, escaped", login(escaped), 400, "invalid_json"),
            ("an array", login("[]"), 422, "invalid_member"),
            (
                "members without names",
                login(&format!(r#"["{}","{PASSWORD}",null,null,null]"#, bench.acme.member_email)),
                422,
                "invalid_member",
            ),
            ("a member where there is none", others(r#"{"colour":"red"}"#), 422, "invalid_member"),
            ("a member where there is none", all(r#"{"colour":"red"}"#), 422, "invalid_member"),
            ("a member where there is none", keys(r#"{"colour":"red"}"#), 422, "invalid_member"),
            ("null", login("null"), 422, "invalid_member"),
            ("a text", login(r#""text""#), 422, "invalid_member"),
            ("a missing member", login(r#"{"email":"a@example.com"}"#), 422, "invalid_member"),
            ("an unknown member", login(&unknown), 422, "invalid_member"),
            ("a number for a text", login(r#"{"email":1,"password":"x"}"#), 422, "invalid_member"),
            ("an object for a text", login(r#"{"email":{"$ne":""},"password":"x"}"#), 422, "invalid_member"),
            (
                "an email of 300 characters",
                login(&format!(r#"{{"email":"{}","password":"x"}}"#, "a".repeat(300))),
                422,
                "invalid_member",
            ),
            (
                "a password of 10,000 bytes",
                login(&format!(r#"{{"email":"a@b.c","password":"{}"}}"#, "a".repeat(10_000))),
                422,
                "invalid_member",
            ),
            (
                "a device name of 10,000",
                login(&good.replace('{', &format!(r#"{{"device_name":"{}","#, "d".repeat(10_000)))),
                422,
                "invalid_member",
            ),
            ("70 KB", login(&format!(r#"{{"email":"{}"}}"#, "a".repeat(70_000))), 413, "payload_too_large"),
            (
                "a user without an at sign",
                users(&format!(r#"{{"email":"nobody","role":"x","tenant_id":"{tenant}"}}"#)),
                422,
                "invalid_member",
            ),
            (
                "a user with a line break",
                users(&format!(r#"{{"email":"a@b.c\n","role":"x","tenant_id":"{tenant}"}}"#)),
                422,
                "invalid_member",
            ),
            (
                "a user with a NUL",
                users(&format!(r#"{{"email":"a\u0000@b.c","role":"x","tenant_id":"{tenant}"}}"#)),
                422,
                "invalid_member",
            ),
            (
                "a role with a blank",
                users(&format!(r#"{{"email":"a@b.c","role":"ad min","tenant_id":"{tenant}"}}"#)),
                422,
                "invalid_member",
            ),
            (
                "a role with a line break",
                users(&format!(
                    r#"{{"email":"a@b.c","role":"x\r\nX-Auth-Role: admin","tenant_id":"{tenant}"}}"#
                )),
                422,
                "invalid_member",
            ),
            (
                "a weak password",
                users(&format!(
                    r#"{{"email":"a@b.c","role":"x","tenant_id":"{tenant}","password":"short"}}"#
                )),
                422,
                "password_too_weak",
            ),
            (
                "an id that is none",
                users(r#"{"email":"a@b.c","role":"x","tenant_id":"1 OR 1=1"}"#),
                422,
                "invalid_member",
            ),
            (
                "a slug that is none",
                bench.admin(Method::POST, "/api/v1/admin/tenants", JSON, r#"{"slug":"../etc"}"#),
                422,
                "invalid_member",
            ),
            (
                "an unknown scope",
                bench.admin(Method::POST, "/api/v1/admin/clients", JSON, r#"{"name":"x","scopes":["root"]}"#),
                422,
                "invalid_member",
            ),
            (
                "no scopes",
                bench.admin(Method::POST, "/api/v1/admin/clients", JSON, r#"{"name":"x","scopes":[]}"#),
                422,
                "invalid_member",
            ),
            ("-1", purge(r#"{"safety_margin_seconds":-1}"#), 422, "invalid_member"),
            ("1.5", purge(r#"{"safety_margin_seconds":1.5}"#), 422, "invalid_member"),
            ("2^64", purge(r#"{"safety_margin_seconds":18446744073709551616}"#), 422, "invalid_member"),
            ("2^64 - 1", rotate(r#"{"overlap_seconds":18446744073709551615}"#), 422, "invalid_member"),
            ("1e400", rotate(r#"{"overlap_seconds":1e400}"#), 400, "invalid_json"),
            (
                "a year that no one writes",
                revoke(r#"{"jti":"x","expires_at":"99999-01-01T00:00:00Z"}"#),
                422,
                "invalid_member",
            ),
            ("a number for a time", revoke(r#"{"jti":"x","expires_at":1e18}"#), 422, "invalid_member"),
            ("nothing to revoke", revoke("{}"), 422, "invalid_member"),
            ("two things to revoke", revoke(r#"{"jti":"x","token":"y"}"#), 422, "invalid_member"),
            (
                "a jti of 64 KB less",
                revoke(&format!(r#"{{"jti":"{}"}}"#, "j".repeat(60_000))),
                422,
                "invalid_member",
            ),
            ("a jti with a line break", revoke(r#"{"jti":"a\nb"}"#), 422, "invalid_member"),
            ("an empty jti", revoke(r#"{"jti":""}"#), 422, "invalid_member"),
            ("a digest that is none", revoke(r#"{"digest":"abc"}"#), 422, "invalid_member"),
            ("a token that is none", revoke(r#"{"token":"abc"}"#), 422, "invalid_member"),
            ("a reason with a NUL", revoke(r#"{"jti":"x","reason":"a\u0000b"}"#), 422, "invalid_member"),
            (
                "a reason of 10,000",
                revoke(&format!(r#"{{"jti":"x","reason":"{}"}}"#, "r".repeat(10_000))),
                422,
                "invalid_member",
            ),
        ])
        .await;
    let named = bench.api().finish(login(&unknown)).await.refuses(422, "invalid_member");
    assert_eq!(named.text("member"), "colour");
}
