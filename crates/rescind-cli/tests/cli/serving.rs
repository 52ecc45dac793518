//! `rescind serve`, as far as it is the command's business: the first start, and what it prints.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};

use crate::home::Home;

/// A server that was started, and its standard output up to the line that a test waits for.
struct Serving {
    child: Child,
    lines: Vec<String>,
    output: BufReader<std::process::ChildStdout>,
}

impl Serving {
    fn start(home: &Home, settings: &[(&str, &str)]) -> Self {
        let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.envs(settings.iter().copied()).stderr(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut serving = Self { child, lines: Vec::new(), output };
        serving.read_until("listening on ");
        serving
    }

    fn read_until(&mut self, begin: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "it ended: {:?}", self.lines);
            self.lines.push(line.trim_end().to_owned());
            if line.starts_with(begin) {
                return line.trim_end().to_owned();
            }
        }
    }

    /// Ends it, and answers with everything that it printed.
    fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        self.lines.join("\n") + "\n" + &rest
    }
}

#[test]
fn the_first_start_makes_everything_and_prints_the_password_once() {
    let home = Home::empty();
    let mut serving = Serving::start(&home, &[]);
    let email = serving.read_until("admin e-mail: ");
    let password = serving.read_until("admin password: ");
    let command = serving.read_until("  printf ");
    let printed = serving.end();
    assert_eq!(email, "admin e-mail: admin@localhost");
    let password = password.trim_start_matches("admin password: ");
    assert_eq!(printed.matches(password).count(), 1, "{printed}");
    let address = printed.lines().find_map(|line| line.strip_prefix("listening on ")).unwrap();
    assert!(command.contains(&format!("{address}/api/v1/auth/login")), "{command}");

    for (file, mode) in [(".", 0o700), ("rescind.db", 0o600), ("master.key", 0o600)] {
        let metadata = fs::metadata(home.data().join(file)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{file}");
    }
    let admin = home.json(&["users", "list"]);
    assert_eq!(
        (&admin["items"][0]["email"], &admin["items"][0]["role"]),
        (&"admin@localhost".into(), &"admin".into())
    );

    let key = fs::read(home.data().join("master.key")).unwrap();
    let again = Serving::start(&home, &[]).end();
    assert!(!again.contains("admin"), "{again}");
    assert_eq!(fs::read(home.data().join("master.key")).unwrap(), key);
}

#[test]
fn a_password_that_was_given_is_not_printed() {
    let home = Home::empty();
    let given =
        [("RESCIND_ADMIN_PASSWORD", "correct horse battery"), ("RESCIND_ADMIN_EMAIL", "ops@example.com")];
    let mut serving = Serving::start(&home, &given);
    assert_eq!(serving.read_until("admin e-mail: "), "admin e-mail: ops@example.com");
    serving.read_until("  printf ");
    let printed = serving.end();
    assert!(!printed.contains("correct horse") && !printed.contains("admin password"), "{printed}");
}

#[test]
fn an_address_that_is_taken_is_named_and_the_next_start_is_still_the_first() {
    let home = Home::empty();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let answer = home.refused(&["serve", "--listen", &address], 1, "cannot_listen");
    assert!(answer.err.contains(&address) && answer.err.contains("--listen"), "{}", answer.err);
    let mut serving = Serving::start(&home, &[]);
    serving.read_until("admin password: ");
    serving.end();
}

#[test]
fn a_health_check_asks_the_server_and_fails_where_none_is() {
    let home = Home::empty();
    let serving = Serving::start(&home, &[]);
    let address = serving.lines[0].trim_start_matches("listening on http://").to_owned();
    let listen = [("RESCIND_LISTEN", address.as_str())];
    for (args, state) in [(&["healthcheck"][..], "alive"), (&["healthcheck", "--ready"], "ready")] {
        let said = home.run_set(&listen, args).must(0, args);
        assert_eq!(said, format!("the server on {address} is {state}\n"));
    }
    serving.end();
    let answer = home.run_set(&listen, &["healthcheck"]);
    answer.assert_refused(1, "unhealthy");
    assert!(answer.err.contains(&address) && answer.err.contains("rescind doctor"), "{}", answer.err);
}

#[test]
fn a_health_check_tells_a_server_that_is_alive_from_one_that_is_ready() {
    let home = Home::empty();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answering = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let lines: Vec<_> = BufReader::new(&stream)
                .lines()
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
                .collect();
            let alive = lines[0].starts_with("GET /healthz ");
            let status = if alive { "200 OK" } else { "503 Service Unavailable" };
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
    });
    let listen = [("RESCIND_LISTEN", address.as_str())];
    home.run_set(&listen, &["healthcheck"]).must(0, &["healthcheck"]);
    let answer = home.run_set(&listen, &["healthcheck", "--ready"]);
    answer.assert_refused(1, "unhealthy");
    assert!(answer.err.contains("/readyz answers 503"), "{}", answer.err);
    answering.join().unwrap();
}

#[test]
fn commands_work_while_a_server_runs_and_a_restore_waits() {
    let home = Home::started();
    let file = home.root().join("backup.db");
    let serving = Serving::start(&home, &[]);
    home.ok(&["tenants", "create", "acme"]);
    home.ok(&["backup", file.to_str().unwrap()]);
    home.refused(&["restore", file.to_str().unwrap(), "--replace", "--yes"], 1, "in_use");
    serving.end();
    home.ok(&["restore", file.to_str().unwrap(), "--replace", "--yes"]);
}

#[test]
fn an_interrupted_change_of_the_master_key_is_finished_at_the_start() {
    let home = Home::started();
    let (path, next) = (home.data().join("master.key"), home.data().join("master.key.new"));
    let old = fs::read(&path).unwrap();
    home.ok(&["keys", "rewrap"]);
    let new = fs::read(&path).unwrap();
    fs::rename(&path, &next).unwrap();
    fs::write(&path, old).unwrap();
    Serving::start(&home, &[]).end();
    assert_eq!(fs::read(&path).unwrap(), new);
    assert!(!next.exists());
}

/// Whatever way the first one ends. The commands beside it are not kept out.
#[test]
fn a_file_has_one_server_until_that_one_has_ended() {
    let home = Home::started();
    let serving = Serving::start(&home, &[]);
    let answer = home.refused(&["serve"], 1, "already_served");
    assert!(answer.err.contains("rescind.db") && answer.err.contains("--data-dir"), "{}", answer.err);
    let (elsewhere, database) = (home.root().join("other"), format!("sqlite:{}", home.database().display()));
    let args = ["serve", "--data-dir", elsewhere.to_str().unwrap(), "--database-url", &database];
    home.refused(&args, 1, "already_served");
    home.ok(&["tenants", "create", "acme"]);
    // Killed, with no time to tidy up.
    serving.end();
    Serving::start(&home, &[]).end();
}

#[test]
fn a_first_password_that_would_be_guessed_stops_the_first_start_and_no_other() {
    let home = Home::empty();
    for weak in ["short", "password", "admin@localhost"] {
        let answer = home.run_set(&[("RESCIND_ADMIN_PASSWORD", weak)], &["serve"]);
        answer.assert_refused(2, "password_too_weak");
        assert!(answer.err.contains("RESCIND_ADMIN_PASSWORD is too weak: it "), "{}", answer.err);
    }
    let short = home.run_set(&[("RESCIND_ADMIN_PASSWORD", "short")], &["serve"]);
    assert!(short.err.contains("at least 8 characters"), "{}", short.err);
    let mut first = Serving::start(&home, &[]);
    first.read_until("admin password: ");
    first.end();
    // There is an operator, and nobody takes that password for anything.
    Serving::start(&home, &[("RESCIND_ADMIN_PASSWORD", "short")]).end();
}

#[test]
fn an_address_that_is_not_of_this_machine_is_told_from_one_that_is_taken() {
    // Kept for documentation (RFC 5737): nobody's.
    let answer = Home::empty().refused(&["serve", "--listen", "192.0.2.1:8080"], 1, "cannot_listen");
    assert!(answer.err.contains("no such address"), "{}", answer.err);
}
