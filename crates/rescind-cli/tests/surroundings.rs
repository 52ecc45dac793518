//! What surrounds the server may be wrong: it says so, names what is wrong, and changes nothing.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

mod support;

use rescind_testkit::process::{Credentials, Options, Refused, Server};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::json;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_rescind");
/// 32 bytes in base64, and another 32.
const ONE_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const ANOTHER_KEY: &str = "HxQVFhcYGRobHB0eHwABAgMEBQYHCAkKCwwNDg8QERI=";

fn options(data: &Path) -> Options {
    Options::new(BINARY).data_dir(data)
}

async fn refused(options: Options, code: &str) -> String {
    let Refused { status, output } = Server::try_start(options).await.expect_err("it does not start");
    let status = status.and_then(|status| status.code());
    assert!(matches!(status, Some(1 | 2)), "{status:?}: {output}");
    assert!(output.contains(&format!("error[{code}]")), "{output}");
    assert!(!output.contains("panicked"), "{output}");
    output
}

/// A first start, ended in order: its database, as a whole.
async fn made(options: Options) -> (u16, String) {
    let mut server = options.start().await;
    let port = server.base().rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
    let pair = server.api().login(server.admin_email(), &server.admin_password()).await.expect(200);
    assert!(server.terminate().await.success());
    (port, pair.text("refresh_token").to_owned())
}

#[tokio::test]
async fn a_wrong_master_key_stops_the_start_and_harms_nothing() {
    let place = TempDir::new().expect("a directory");
    let data = place.path().join("data");
    let right = options(&data).env("RESCIND_MASTER_KEY", ONE_KEY);
    let (port, refresh) = made(right.clone()).await;

    let wrong = options(&data).env("RESCIND_MASTER_KEY", ANOTHER_KEY);
    let output = refused(wrong, "wrong_master_key").await;
    assert!(output.contains("RESCIND_MASTER_KEY"), "{output}");
    for key in ["not base64!", "c2hvcnQ=", ""] {
        let none = options(&data).env("RESCIND_MASTER_KEY", key);
        let refused = Server::try_start(none).await.expect_err("it does not start");
        assert!(refused.output.contains("RESCIND_MASTER_KEY"), "{}", refused.output);
        assert!(key.is_empty() || !refused.output.contains(key), "it repeats the key: {}", refused.output);
    }
    for text in [ONE_KEY, ANOTHER_KEY] {
        assert!(!output.contains(text), "{output}");
    }
    // A key that was there and is gone is not made anew.
    refused_with_kept_key_gone().await;

    let server = right.port(port).start().await;
    server.api().refresh(&refresh).await.expect(200);
}

async fn refused_with_kept_key_gone() {
    let place = TempDir::new().expect("a directory");
    let data = place.path().join("data");
    made(options(&data)).await;
    let key = data.join("master.key");
    let mode = fs::metadata(&key).expect("a master key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fs::remove_file(&key).expect("removed");
    refused(options(&data), "master_key_gone").await;
    assert!(!key.exists());
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_one_is_named() {
    let place = TempDir::new().expect("a directory");
    let file = place.path().join("a-file");
    fs::write(&file, "not a directory").expect("written");
    for data in [file.clone(), file.join("below"), PathBuf::from("/proc/nothing-is-made-here")] {
        let output = refused(options(&data), "data_dir_unusable").await;
        assert!(output.contains(&data.display().to_string()), "{output}");
    }
    assert_eq!(fs::read_to_string(&file).expect("untouched"), "not a directory");
}

#[tokio::test]
async fn a_database_that_is_none_is_left_alone() {
    let place = TempDir::new().expect("a directory");
    let data = place.path().join("data");
    made(options(&data)).await;
    let database = data.join("rescind.db");
    fs::write(&database, "this is no database, whatever it is called").expect("written");
    for rest in ["rescind.db-wal", "rescind.db-shm"] {
        let _ = fs::remove_file(data.join(rest));
    }
    refused(options(&data), "database_corrupt").await;
    assert_eq!(fs::read(&database).expect("read"), b"this is no database, whatever it is called");
}

#[tokio::test]
async fn a_database_newer_than_the_program_is_left_alone() {
    let place = TempDir::new().expect("a directory");
    let data = place.path().join("data");
    let (port, refresh) = made(options(&data)).await;
    let version = |change: Option<u32>| -> u32 {
        let database = rusqlite::Connection::open(data.join("rescind.db")).expect("opened");
        if let Some(version) = change {
            database.pragma_update(None, "user_version", version).expect("set");
        }
        database.query_row("PRAGMA user_version", (), |row| row.get(0)).expect("a version")
    };
    let known = version(None);
    version(Some(known + 1));

    let output = refused(options(&data), "schema_too_new").await;
    assert!(output.contains(&(known + 1).to_string()), "{output}");
    assert_eq!(version(None), known + 1, "it is not migrated back");

    version(Some(known));
    let server = options(&data).port(port).start().await;
    server.api().refresh(&refresh).await.expect(200);
}

#[tokio::test]
async fn an_unknown_or_impossible_setting_stops_the_start_and_names_itself() {
    for (name, value) in [
        ("RESCIND_ACCES_TTL", "15m"),
        ("RESCIND_PORT", "8080"),
        ("RESCIND_ACCESS_TTL", "soon"),
        ("RESCIND_ACCESS_TTL", "-5m"),
        ("RESCIND_SIGNING_ALG", "HS256"),
        ("RESCIND_SIGNING_ALG", "none"),
        ("RESCIND_TRUSTED_PROXIES", "everybody"),
        ("RESCIND_ON_STALE", "maybe"),
        ("RESCIND_ISSUER", "ftp://issuer"),
        ("RESCIND_LOG", "rescind=loud,,,=="),
        ("RESCIND_ADMIN_EMAIL", "nobody"),
    ] {
        let place = TempDir::new().expect("a directory");
        let data = place.path().join("data");
        let output = refused(options(&data).env(name, value), "invalid_setting").await;
        assert!(output.contains(name), "{name}={value}: {output}");
        assert!(!data.exists(), "{name}={value}: something was made");
    }
}

/// A service called `rescind` gives every pod of its namespace variables that begin like ours.
#[tokio::test]
async fn the_variables_of_kubernetes_are_passed_over() {
    let options = Options::new(BINARY)
        .env("RESCIND_SERVICE_HOST", "10.0.0.11")
        .env("RESCIND_SERVICE_PORT", "8080")
        .env("RESCIND_SERVICE_PORT_HTTP", "8080")
        .env("RESCIND_PORT", "tcp://10.0.0.11:8080")
        .env("RESCIND_PORT_8080_TCP", "tcp://10.0.0.11:8080")
        .env("RESCIND_PORT_8080_TCP_PROTO", "tcp")
        .env("RESCIND_PORT_8080_TCP_PORT", "8080")
        .env("RESCIND_PORT_8080_TCP_ADDR", "10.0.0.11");
    let server = options.start().await;
    server.api().login(server.admin_email(), &server.admin_password()).await.expect(200);
}

/// On a full disk nothing is acknowledged that is not kept, what only reads goes on, and with room again all does.
#[tokio::test]
async fn a_full_disk_refuses_what_it_cannot_keep() {
    let place = TempDir::new().expect("a directory");
    let data = place.path().join("data");
    fs::create_dir(&data).expect("made");
    if !can_mount(&data) {
        eprintln!("no small file system can be mounted here: only files that may not grow are tried");
        return;
    }
    let server = wrapped(place.path(), &on_a_small_disk(&data)).data_dir(&data).start().await;
    // The directory as the server sees it: the file system is mounted for it alone.
    let filler = format!("/proc/{}/root{}/filler", server.pid(), data.display());
    let empty = filler.clone();
    keeps_what_it_acknowledged(
        &server,
        || fill(Path::new(&filler)),
        || fs::remove_file(&empty).expect("removed"),
    )
    .await;
}

/// The same where writing fails otherwise than for want of room.
#[tokio::test]
async fn files_that_may_not_grow_refuse_what_they_cannot_keep() {
    let place = TempDir::new().expect("a directory");
    // Without the trap, the process would be ended rather than told.
    let script = format!("#!/bin/sh\ntrap '' XFSZ\nexec \"{BINARY}\" \"$@\"\n");
    let server = wrapped(place.path(), &script).data_dir(place.path().join("data")).start().await;
    let limit_files = |most: Option<u64>| {
        let pid = i32::try_from(server.pid()).ok().and_then(Pid::from_raw);
        let maximum = getrlimit(Resource::Fsize).maximum;
        let limit = Rlimit { current: most.or(maximum), maximum };
        prlimit(pid, Resource::Fsize, limit).expect("a child of ours can be limited");
    };
    keeps_what_it_acknowledged(&server, || limit_files(Some(0)), || limit_files(None)).await;
}

/// The binary behind a script.
fn wrapped(place: &Path, script: &str) -> Options {
    let program = place.join("wrapped");
    fs::write(&program, script).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
    Options::new(program)
}

async fn keeps_what_it_acknowledged(server: &Server, fill: impl FnOnce(), empty: impl FnOnce()) {
    let api = server.api();
    let admin = server.admin_token().await;
    let caller = Credentials::Bearer(&admin);
    let revoke =
        async |jti: String| api.post(&format!("/api/v1/auth/sessions/revoke/{jti}"), caller, json!({})).await;
    revoke("before".to_owned()).await.expect(200);
    let ready = api.get("/readyz", Credentials::Nobody).await.expect(200);
    assert_eq!(ready.json, json!({"status": "ready", "writes": "taken"}));

    fill();
    let (mut kept, mut full) = (Vec::new(), false);
    for number in 0..5_000 {
        let jti = format!("on-a-full-disk-{number}");
        match revoke(jti.clone()).await {
            reply if reply.status == 200 => kept.push(jti),
            reply => {
                full = true;
                reply.refuses(503, "unavailable");
                break;
            }
        }
    }
    assert!(full, "the disk did not become full");
    // It is not taken out of service for that: it still checks, and nobody else could write either.
    let ready = api.get("/readyz", Credentials::Nobody).await.expect(200);
    assert_eq!(ready.json, json!({"status": "ready", "writes": "refused"}), "{}", server.output().text());
    let metrics = api.get("/metrics", caller).await.expect(200);
    assert_eq!(support::metric_of(&metrics, "rescind_store_takes_writes"), 0.0);
    assert!(support::metric_of(&metrics, "rescind_store_refused_writes_total") >= 1.0);
    let lost = format!("/api/v1/admin/revocations/on-a-full-disk-{}", kept.len());
    api.get(&lost, caller).await.refuses(404, "not_found");
    api.get("/healthz", Credentials::Nobody).await.expect(200);

    empty();
    revoke("after".to_owned()).await.expect(200);
    for jti in kept.into_iter().chain(["before".to_owned(), "after".to_owned()]) {
        api.get(&format!("/api/v1/admin/revocations/{jti}"), caller).await.expect(200);
    }
    assert!(!server.output().text().contains("panicked"), "{}", server.output().text());
}

fn can_mount(data: &Path) -> bool {
    let mount = format!("mount -t tmpfs -o size=1m tmpfs '{}'", data.display());
    let tried = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &mount])
        .output();
    tried.is_ok_and(|tried| tried.status.success())
}

/// A program that is the binary, with 4 MB for its data that nobody else sees.
fn on_a_small_disk(data: &Path) -> String {
    let data = data.display();
    format!(
        "#!/bin/sh\nexec unshare --user --map-root-user --mount sh -c \
         'mount -t tmpfs -o size=4m,mode=700 tmpfs \"{data}\" && exec \"{BINARY}\" \"$@\"' rescind \"$@\"\n"
    )
}

fn fill(filler: &Path) {
    let mut file = fs::File::create(filler).expect("the server's own view can be written to");
    let block = [0_u8; 4096];
    while file.write_all(&block).is_ok() {}
}
