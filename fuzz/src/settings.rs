//! Settings: a file, then from a line `%` on flags (`--name=value`) and variables (`NAME=value`), one a line. What a `…_FILE` names
//! holds its own name.
//!
//! Nothing that is said of a refusal repeats a value, and nothing that is shown of what holds repeats a secret. What is taken
//! fits together, and what is shown of it is taken again and means the same.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use rescind_server::config::catalog::{Secrecy, find};
use rescind_server::config::{Database, FileText, Origin, Settings, SettingsError, Sources};
use secrecy::ExposeSecret as _;

use crate::Seed;

/// Stands for a secret: where it is once in the input, it must not come out.
const CANARY: &str = "hunter2hunter2";

/// Reads the settings.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (file, lines) = text.split_once("\n%\n").unwrap_or((text, ""));
    let given: Vec<(&str, &str)> = lines.lines().filter_map(|line| line.split_once('=')).collect();
    let flags = given.iter().filter_map(|(name, value)| Some((name.strip_prefix("--")?, *value)));
    let variables = given.iter().filter(|(name, _)| !name.starts_with("--"));
    let sources = Sources {
        flags: flags.map(|(flag, value)| (flag.to_owned(), value.to_owned())).collect(),
        environment: variables.map(|(name, value)| (name.into(), value.into())).collect(),
        file: Some(FileText { name: "rescind.toml".to_owned(), text: file.to_owned() }),
        read_file: &|path| its_name(path),
    };
    match Settings::load(&sources) {
        Ok(settings) => {
            check_together(&settings);
            check_shown(&settings, text);
            check_again(&settings);
        }
        Err(error) => check_refusal(&error, text),
    }
}

fn its_name(path: &Path) -> io::Result<String> {
    Ok(format!("{}\n", path.display()))
}

fn check_refusal(error: &SettingsError, text: &str) {
    assert!(!error.faults.is_empty());
    // A file that cannot be read is named; here all can.
    let repeated = error.faults.iter().find(|fault| fault.why.contains(CANARY));
    assert!(repeated.is_none() || !text.contains(CANARY), "a value is repeated: {repeated:?}");
}

fn check_together(settings: &Settings) {
    assert!(settings.access_ttl <= settings.refresh_ttl && settings.refresh_ttl <= settings.session_ttl);
    assert!(settings.leeway <= settings.purge_safety_margin);
    let (issuer, audience) = (settings.issuer(settings.listen), settings.audience(settings.listen));
    assert_ne!(audience, format!("{issuer}/admin"));
    assert!(!issuer.ends_with('/') && !issuer.contains(['?', '#', '@']), "{issuer}");
    assert!(!matches!(settings.database, Database::Postgres(_)) || settings.master_key.is_some());
}

fn check_shown(settings: &Settings, text: &str) {
    if text.matches(CANARY).count() != 1 || !holds_secretly(settings) {
        return;
    }
    let shown = format!("{settings:?} {:?} {:?}", settings.explain(), settings.notices());
    assert!(!shown.contains(CANARY), "a secret is shown: {shown}");
}

/// Whether the canary is a password, or stands where URLs have theirs: before the host, or in the query.
fn holds_secretly(settings: &Settings) -> bool {
    let url_hides = |url: &str| {
        url.find(CANARY).is_some_and(|at| {
            let before = url.find('?').is_some_and(|query| query < at);
            before || url.rfind('@').is_some_and(|host| at < host)
        })
    };
    let database = match &settings.database {
        Database::Postgres(url) => Some(url),
        Database::Sqlite(_) => None,
    };
    let urls = [database, settings.redis_url.as_ref()];
    urls.into_iter().flatten().any(|url| url_hides(url.expose_secret()))
        || settings.admin_password.as_ref().is_some_and(|word| word.expose_secret().contains(CANARY))
}

fn check_again(settings: &Settings) {
    let mut environment = Vec::new();
    for row in settings.explain().iter().filter(|row| row.origin != Origin::Default) {
        let Some(setting) = find(row.name) else { panic!("{} is no setting", row.name) };
        let value = match (row.name, &settings.database) {
            ("RESCIND_ADMIN_PASSWORD", _) => expose(settings.admin_password.as_ref()),
            ("RESCIND_REDIS_URL", _) => expose(settings.redis_url.as_ref()),
            ("RESCIND_DATABASE_URL", Database::Postgres(url)) => expose(Some(url)),
            // It is shown nowhere.
            ("RESCIND_MASTER_KEY", _) => MASTER_KEY.to_owned(),
            _ => row.value.clone(),
        };
        assert!(setting.secrecy != Secrecy::Secret || row.value == "(set, not shown)");
        environment.push((row.name.into(), value.into()));
    }
    let sources = Sources { flags: Vec::new(), environment, file: None, read_file: &|path| its_name(path) };
    let again = Settings::load(&sources).expect("what is shown is taken");
    assert_eq!(meaning(&again), meaning(settings));
}

/// 32 bytes in base64.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn expose(secret: Option<&secrecy::SecretString>) -> String {
    secret.map(|secret| secret.expose_secret().to_owned()).unwrap_or_default()
}

/// All that counts and is no path.
fn meaning(settings: &Settings) -> String {
    let bound = SocketAddr::from(([127, 0, 0, 1], 1));
    let authority = settings.authority(bound);
    let ttls = (authority.access_ttl, authority.refresh_ttl, authority.session_ttl, authority.key_rotation);
    let windows =
        (settings.leeway, settings.max_staleness, settings.purge_interval, settings.purge_safety_margin);
    let lists = (&settings.cors_origins, &settings.trusted_proxies, &settings.log, settings.log_format);
    let limits = (settings.max_sessions_per_user, settings.minimum_age, settings.registration_open);
    let rows: Vec<_> = settings.explain().iter().map(|row| (row.name, &row.value)).collect();
    format!("{:?}", (authority.issuer, authority.audience, ttls, windows, lists, limits, rows))
}

/// What people write.
pub fn seeds() -> Vec<Seed> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("nothing", text("")),
        (
            "file",
            text(
                "listen = \"[::]:8080\"\nissuer = \"https://auth.example\"\naccess_ttl = \"10m\"\nmax_sessions_per_user = 5\ncors_origins = [\"https://app.example\", \"http://localhost:3000\"]\n",
            ),
        ),
        (
            "variables",
            text(
                "\n%\nRESCIND_SIGNING_ALG=ES256\nRESCIND_TRUSTED_PROXIES=10.0.0.0/8, fd00::1\nRESCIND_LOG=info,rescind::access=debug\nRESCIND_REGISTRATION=open\nRESCIND_MINIMUM_AGE=16\nRESCIND_SERVICE_PORT=8080\n",
            ),
        ),
        (
            "flags",
            text(
                "purge_interval = \"1h\"\n%\n--listen=127.0.0.1:0\n--refresh-ttl=1d12h\n--on-stale=allow\n--check=lookup\n--key-rotation=0\n",
            ),
        ),
        (
            "postgres",
            text(
                "\n%\nRESCIND_DATABASE_URL=postgres://rescind:hunter2hunter2@db.example/rescind\nRESCIND_MASTER_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
            ),
        ),
        ("password_with_a_mark", text("\n%\nRESCIND_REDIS_URL=rediss://u:hunter2hunter2?@cache.example/0\n")),
        ("query", text("\n%\nRESCIND_REDIS_URL=redis://cache.example/0?password=hunter2hunter2@x\n")),
        (
            "secret_files",
            text("\n%\nRESCIND_ADMIN_PASSWORD_FILE=hunter2hunter2\n--redis-url-file=redis://cache.example\n"),
        ),
        (
            "secret_in_the_wrong_place",
            text(
                "leeway = \"hunter2hunter2\"\nlog = [1]\nnonsense = \"hunter2hunter2\"\n%\n--listne=hunter2hunter2\n",
            ),
        ),
        ("not_toml", text("admin_password = \"hunter2hunter2\nx")),
        (
            "contradictions",
            text("access_ttl = \"2h\"\nrefresh_ttl = \"1h\"\nleeway = \"5m\"\npurge_safety_margin = \"0\"\n"),
        ),
    ]
}
