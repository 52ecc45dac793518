//! The alerts in deploy/prometheus, held to what they say they do by Prometheus' own tool.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

const RULES: &str = "rescind.rules.yml";
const TESTS: &str = "rescind.test.yml";

#[test]
fn prometheus_reads_the_rules_and_the_settings_around_them() {
    promtool(&["check", "rules", RULES]);
    promtool(&["check", "config", "prometheus.yml"]);
}

/// Which fire, with what they say, and when they do not.
#[test]
fn every_alert_fires_when_it_should_and_not_before() {
    promtool(&["test", "rules", TESTS]);
    let (rules, tests) = (read(RULES), read(TESTS));
    let names = |text: &str, word: &str| -> BTreeSet<String> {
        text.lines().filter_map(|line| line.trim_start().strip_prefix(word)).map(str::to_owned).collect()
    };
    let alerts = names(&rules, "- alert: ");
    assert!(alerts.len() > 10, "{alerts:?}");
    // On a line of its own where it is expected; within braces where nothing is.
    let fired: BTreeSet<_> = tests
        .split("- eval_time:")
        .filter(|case| case.contains("exp_alerts:"))
        .flat_map(|case| names(case, "alertname: "))
        .collect();
    assert_eq!(fired, alerts, "each fires in a test");
    for alert in &alerts {
        assert!(tests.contains(&format!("alertname: {alert}}}")), "{alert} stays silent in a test");
    }
}

fn promtool(arguments: &[&str]) {
    let output = Command::new("promtool").args(arguments).current_dir(directory()).output();
    let output =
        output.expect("promtool (on Debian in the package prometheus; `cargo xtask tools` installs it)");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "promtool {arguments:?}: {}", String::from_utf8_lossy(&said));
}

fn read(file: &str) -> String {
    std::fs::read_to_string(directory().join(file)).expect("a file of deploy/prometheus")
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/prometheus")
}
