//! What the READMEs of `examples/` say of how one is tried.

use std::fs;
use std::path::Path;

/// An example, where it listens unless told otherwise, and where that is written. Flask has its port by itself.
const EXAMPLES: [(&str, &str, &str, &str); 6] = [
    ("embedded", "127.0.0.1:8082", "src/main.rs", r#"unwrap_or("127.0.0.1:8082".into())"#),
    ("own-issuer", "127.0.0.1:8081", "src/main.rs", r#"unwrap_or("127.0.0.1:8081".into())"#),
    ("remote", "127.0.0.1:8000", "src/main.rs", r#"unwrap_or("127.0.0.1:8000")"#),
    ("tonic", "127.0.0.1:50051", "src/main.rs", r#"unwrap_or("127.0.0.1:50051")"#),
    ("python", "127.0.0.1:5000", "service.py", "flask.Flask(__name__)"),
    ("node", "127.0.0.1:8000", "service.mjs", "PORT = 8000"),
];

#[test]
fn each_names_where_it_listens_and_a_line_to_try_it_by() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let read = |path: &str| fs::read_to_string(home.join(path)).unwrap_or_else(|why| panic!("{path}: {why}"));
    let overview = read("README.md");
    for (example, address, file, written) in EXAMPLES {
        assert!(read(&format!("{example}/{file}")).contains(written), "{example} listens elsewhere");
        let readme = read(&format!("{example}/README.md"));
        let tries = |line: &str| line.contains("curl ") && line.contains(&format!("http://{address}/"));
        assert!(readme.lines().any(tries), "{example}: how is it tried?");
        assert!(readme.contains(&format!("istens on `{address}`")), "{example}: where does it listen?");
        let row = overview.lines().find(|line| line.contains(&format!("]({example}/)")));
        assert!(row.is_some_and(|row| row.contains(address)), "{example} in the overview");
    }
}
