//! Settings as an operator meets them.

use std::io;
use std::path::Path;
use std::time::Duration;

use rescind::authority::AuthoritySettings;
use rescind::token::Algorithm;

use super::catalog::SETTINGS;
use super::*;

/// 32 bytes.
const KEY: &str = "aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMi4=";

#[derive(Clone, Default)]
struct Case {
    flags: Vec<(String, String)>,
    environment: Vec<(std::ffi::OsString, std::ffi::OsString)>,
    file: Option<FileText>,
}

impl Case {
    fn flag(mut self, name: &str, value: &str) -> Self {
        self.flags.push((name.into(), value.into()));
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    fn file(mut self, text: &str) -> Self {
        self.file = Some(FileText { name: "rescind.toml".into(), text: text.into() });
        self
    }

    fn load(self) -> Result<Settings, SettingsError> {
        let read_file = |path: &Path| match path.to_str() {
            Some("key") => Ok(format!("{KEY}\n")),
            Some("password") => Ok("from a file\r\n".to_owned()),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        let Self { flags, environment, file } = self;
        Settings::load(&Sources { flags, environment, file, read_file: &read_file })
    }

    fn error(self) -> String {
        self.load().unwrap_err().to_string()
    }
}

fn case() -> Case {
    Case::default()
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let settings = case().load().unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.issuer(settings.listen), "http://127.0.0.1:8080");
    assert_eq!(settings.audience(settings.listen), "http://127.0.0.1:8080");
    let file = Path::new("./rescind-data/rescind.db");
    assert!(matches!(&settings.database, Database::Sqlite(path) if path == file));
    assert_eq!(settings.signing_alg, Algorithm::EdDsa);
    assert_eq!(settings.access_ttl, Duration::from_secs(900));
    assert_eq!(settings.refresh_ttl, Duration::from_secs(14 * 86_400));
    assert_eq!(settings.session_ttl, Duration::from_secs(90 * 86_400));
    assert_eq!((settings.minimum_age, settings.registration_open), (16, false));
    assert!(settings.trusted_proxies.is_empty() && settings.cors_origins.is_empty());
}

/// Whoever embeds an authority gets what the server's settings say.
#[test]
fn the_defaults_are_those_of_an_authority_without_settings() {
    let settings = case().load().unwrap();
    let bound = "127.0.0.1:8080".parse().unwrap();
    assert_eq!(settings.authority(bound), AuthoritySettings::new("http://127.0.0.1:8080"));
    assert_eq!(settings.purge_interval, crate::Node::USUAL_PURGE_INTERVAL);
}

#[test]
fn the_issuer_follows_the_port_that_the_system_chose() {
    let settings = case().env("RESCIND_LISTEN", "127.0.0.1:0").load().unwrap();
    assert_eq!(settings.issuer("127.0.0.1:4711".parse().unwrap()), "http://127.0.0.1:4711");
    let settings = case().env("RESCIND_ISSUER", "https://id.example").load().unwrap();
    assert_eq!(settings.audience("127.0.0.1:4711".parse().unwrap()), "https://id.example");
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_defaults() {
    let origin = |case: Case| {
        let settings = case.load().unwrap();
        let row = settings.explain().iter().find(|row| row.name == "RESCIND_ACCESS_TTL").unwrap().clone();
        (settings.access_ttl.as_secs(), row.value, row.origin)
    };
    let file = case().file("access_ttl = '1m'");
    let environment = file.clone().env("RESCIND_ACCESS_TTL", "2m");
    let flag = environment.clone().flag("access-ttl", "3m");
    assert_eq!(origin(case()), (900, "15m".into(), Origin::Default));
    assert_eq!(origin(file), (60, "1m".into(), Origin::File));
    assert_eq!(origin(environment), (120, "2m".into(), Origin::Environment));
    assert_eq!(origin(flag), (180, "3m".into(), Origin::Flag));
}

#[test]
fn the_file_takes_text_numbers_and_lists() {
    let settings = case()
        .file("minimum_age = 18\ntrusted_proxies = ['10.0.0.0/8', '::1']\ncors_origins = 'https://a.example, http://b:3000'")
        .load()
        .unwrap();
    assert_eq!(settings.minimum_age, 18);
    assert_eq!(settings.trusted_proxies.len(), 2);
    assert_eq!(settings.cors_origins, ["https://a.example", "http://b:3000"]);
}

#[test]
fn a_secret_comes_directly_or_from_a_file() {
    use secrecy::ExposeSecret;
    let settings = case().env("RESCIND_ADMIN_PASSWORD_FILE", "password").load().unwrap();
    assert_eq!(settings.admin_password.unwrap().expose_secret(), "from a file");
    assert!(case().env("RESCIND_MASTER_KEY", KEY).load().unwrap().master_key.is_some());
    assert!(case().file("master_key_file = 'key'").load().unwrap().master_key.is_some());
    // A higher source replaces a lower one, whichever way either gives it.
    let both = case().file("admin_password = 'low'").env("RESCIND_ADMIN_PASSWORD_FILE", "password");
    assert_eq!(both.load().unwrap().admin_password.unwrap().expose_secret(), "from a file");

    let both = case().env("RESCIND_MASTER_KEY", KEY).env("RESCIND_MASTER_KEY_FILE", "key").error();
    assert_eq!(both, "RESCIND_MASTER_KEY: it is given both directly and by RESCIND_MASTER_KEY_FILE");
    let missing = case().env("RESCIND_MASTER_KEY_FILE", "nowhere").error();
    assert!(missing.starts_with("RESCIND_MASTER_KEY_FILE: cannot read nowhere"), "{missing}");
}

#[test]
fn what_is_unknown_is_named_with_what_was_perhaps_meant() {
    assert_eq!(
        case().env("RESCIND_ACESS_TTL", "1m").error(),
        "RESCIND_ACESS_TTL: there is no such setting; did you mean RESCIND_ACCESS_TTL?"
    );
    assert_eq!(case().env("RESCIND_COLOUR", "red").error(), "RESCIND_COLOUR: there is no such setting");
    assert_eq!(
        case().file("listne = 'x'").error(),
        "listne in rescind.toml: there is no such setting; did you mean listen?"
    );
    assert_eq!(case().flag("colour", "red").error(), "--colour: there is no such setting");
    // Only secrets have a file.
    assert!(case().env("RESCIND_LISTEN_FILE", "x").load().is_err());
    // Everything wrong is told at once.
    let two = case().env("RESCIND_COLOUR", "red").env("RESCIND_LEEWAY", "x").load().unwrap_err();
    assert_eq!(two.faults.len(), 2);
}

#[test]
fn what_others_set_is_passed_over() {
    case()
        .env("RESCIND_SERVICE_HOST", "10.0.0.1")
        .env("RESCIND_PORT_8080_TCP", "tcp://10.0.0.1:8080")
        .env("RESCIND_TEST_BLESS", "1")
        .env("PATH", "/bin")
        .load()
        .unwrap();
}

#[test]
fn an_impossible_value_names_its_setting() {
    let cases: &[(&str, &[&str])] = &[
        ("RESCIND_LISTEN", &["", "8080", "localhost:8080", "127.0.0.1", "127.0.0.1:65536"]),
        (
            "RESCIND_ISSUER",
            &[
                "",
                "id.example",
                "ftp://id.example",
                "https://id.example/",
                "https://id.example?x",
                "https://id.example#x",
                "https://u:p@id.example",
                "https://",
                "https://ID.example",
                "HTTPS://id.example",
                "https://id example",
            ],
        ),
        ("RESCIND_AUDIENCE", &["", "a b", "a\n"]),
        ("RESCIND_DATA_DIR", &[""]),
        ("RESCIND_DATABASE_URL", &["", "sqlite:", "mysql://u:hunter2@x/y"]),
        ("RESCIND_REDIS_URL", &["", "redis://", "redis:hunter2", "http://u:hunter2@x", "valkey://x"]),
        ("RESCIND_MASTER_KEY", &["", "hunter2", "aHVudGVyMg=="]),
        ("RESCIND_SIGNING_ALG", &["", "none", "HS256", "eddsa", "ES384"]),
        ("RESCIND_CHECK", &["", "redis", "Lookup"]),
        ("RESCIND_ADMIN_EMAIL", &["", "admin", "@x", "a@", "a b@c", "a@b@c"]),
        ("RESCIND_ADMIN_PASSWORD", &[""]),
        ("RESCIND_ACCESS_TTL", &["", "0", "15", "25h", "-1s", "1500ms"]),
        ("RESCIND_FOREIGN_TTL", &["", "-1s", "1500ms", "3651d"]),
        ("RESCIND_REFRESH_TTL", &["0", "3651d"]),
        ("RESCIND_SESSION_TTL", &["0", "3651d"]),
        ("RESCIND_REFRESH_GRACE", &["6m"]),
        ("RESCIND_LOST_REPLY_WINDOW", &["31d"]),
        ("RESCIND_REPLAY_LIMIT", &["", "-1", "+1", "1001", "x"]),
        ("RESCIND_KEY_ROTATION", &["1m", "x"]),
        (
            "RESCIND_CORS_ORIGINS",
            &[
                "*",
                "null",
                "a.example",
                "https://a.example/",
                "https://a.example,",
                "https://A.example",
                "https://a.example:443",
                "ftp://a.example",
                "https://u@a.example",
            ],
        ),
        ("RESCIND_LEEWAY", &["6m", "-1s"]),
        ("RESCIND_MAX_SESSIONS_PER_USER", &["-1", "100001"]),
        ("RESCIND_MAX_STALENESS", &["0", "25h"]),
        ("RESCIND_ON_STALE", &["", "fail"]),
        ("RESCIND_PURGE_INTERVAL", &["0", "8d"]),
        ("RESCIND_PURGE_SAFETY_MARGIN", &["31d"]),
        ("RESCIND_REGISTRATION", &["", "yes"]),
        ("RESCIND_MINIMUM_AGE", &["-1", "121", "x"]),
        ("RESCIND_TRUSTED_PROXIES", &["10.0.0.0/33", "proxy", "10.0.0.1,,"]),
        ("RESCIND_LOG", &["info,=", "rescind=loud"]),
        ("RESCIND_LOG_FORMAT", &["", "xml"]),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            &["otel", "grpc://u:hunter2@otel.example", "http://u:hunter2@otel/?x"],
        ),
    ];
    for (name, values) in cases {
        for value in *values {
            let error = case().env(name, value).load().err().map(|error| error.to_string());
            let error = error.unwrap_or_else(|| panic!("{name}={value} was taken"));
            assert!(error.starts_with(&format!("{name}: ")), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
    let untested: Vec<_> = SETTINGS
        .iter()
        .map(|setting| setting.name)
        .filter(|name| cases.iter().all(|(case, _)| case != name))
        .collect();
    assert!(untested.is_empty(), "{untested:?}");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    for (case, name) in [
        (case().env("RESCIND_ACCESS_TTL", "2h").env("RESCIND_REFRESH_TTL", "1h"), "RESCIND_ACCESS_TTL"),
        (case().env("RESCIND_SESSION_TTL", "1d"), "RESCIND_REFRESH_TTL"),
        (case().env("RESCIND_LEEWAY", "2m").env("RESCIND_PURGE_SAFETY_MARGIN", "1m"), "RESCIND_LEEWAY"),
        (
            case().env("RESCIND_ISSUER", "https://a").env("RESCIND_AUDIENCE", "https://a/admin"),
            "RESCIND_AUDIENCE",
        ),
    ] {
        assert!(case.clone().error().starts_with(name), "{}", case.error());
    }
}

#[test]
fn a_broken_file_is_told_by_its_line_and_never_quoted() {
    let error = case().file("listen = '127.0.0.1:80'\nadmin_password = hunter2\n").error();
    assert_eq!(error, "rescind.toml: line 2 is not TOML");
    let error = case().file("[admin_password]\nx = 'hunter2'\n").error();
    assert_eq!(error, "admin_password in rescind.toml: it must be text, a number or a list of text");
}

#[test]
fn an_issuer_that_nobody_reaches_is_told() {
    for listen in ["0.0.0.0:8080", "[::]:8080"] {
        let notices = case().env("RESCIND_LISTEN", listen).load().unwrap().notices();
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert!(notices[0].starts_with("RESCIND_ISSUER") && notices[0].contains(listen), "{notices:?}");
        let set = case().env("RESCIND_LISTEN", listen).env("RESCIND_ISSUER", "https://auth.example");
        assert!(set.load().unwrap().notices().is_empty());
    }
    assert!(case().env("RESCIND_LISTEN", "127.0.0.1:8080").load().unwrap().notices().is_empty());
}

#[test]
fn nothing_secret_is_shown() {
    let settings = case()
        .env("RESCIND_ADMIN_PASSWORD", "hunter2")
        .env("RESCIND_MASTER_KEY", KEY)
        .env("RESCIND_REDIS_URL", "rediss://u:hunter2@cache.example/0?x=hunter2")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "https://u:hunter2@otel.example")
        .load()
        .unwrap();
    let shown = format!("{settings:?}{:?}", settings.notices());
    assert!(!shown.contains("hunter2") && !shown.contains(KEY), "{shown}");
    assert_eq!(settings.notices().len(), 1, "a weak password");
}

#[test]
fn the_reference_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
    if std::env::var_os("RESCIND_TEST_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, reference()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written,
        reference(),
        "run the tests with RESCIND_TEST_BLESS=1 to write docs/settings.md anew"
    );
}

/// What the domain keeps revocations for is what may be set here.
#[test]
fn the_largest_leeway_is_the_one_that_purges_reckon_with() {
    let largest = rescind::authority::LARGEST_LEEWAY;
    let set = |leeway: Duration| {
        case().env("RESCIND_LEEWAY", &format!("{}s", leeway.as_secs())).load().map(|settings| settings.leeway)
    };
    assert_eq!(set(largest).ok(), Some(largest));
    assert!(set(largest + Duration::from_secs(1)).is_err());
}
