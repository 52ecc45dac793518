//! What the dashboard and the alerts in deploy/ ask for is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::exposition::Exposition;
use super::support::House;

/// Labels that Prometheus adds to every sample.
const OF_THE_SCRAPE: [&str; 2] = ["job", "instance"];

#[tokio::test]
async fn every_panel_and_every_alert_asks_for_metrics_that_a_server_has() {
    let house = House::open(&[]).await;
    let exposition = Exposition::of(&house).await;
    let queries = [dashboard(), rules()].concat();
    let mut asked = BTreeSet::new();
    for query in &queries {
        for (name, labels) in selectors(query) {
            assert!(exposition.has(&name, &labels), "{name} with {labels:?} in {query}");
            asked.insert(name);
        }
    }
    assert!(asked.len() > 30, "{asked:?}");
}

#[test]
fn names_and_labels_are_found_in_a_query() {
    let query =
        r#"sum by (le) (rate(http_request_seconds_bucket{job=~"$job", a="x{y"}[5m])) / rescind_leads"#;
    let found: Vec<_> = selectors(query);
    let label = BTreeSet::from(["a".to_owned()]);
    assert_eq!(found[0], ("http_request_seconds_bucket".to_owned(), label));
    assert_eq!(found[1], ("rescind_leads".to_owned(), BTreeSet::new()));
    assert_eq!(found.len(), 2);
}

/// The queries of all panels, and of the variables.
fn dashboard() -> Vec<String> {
    let text = std::fs::read_to_string(deploy("grafana/rescind.json")).expect("the dashboard");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        assert!(panel["targets"].as_array().is_some_and(|targets| !targets.is_empty()), "{}", panel["title"]);
    }
    let mut queries = Vec::new();
    find(&dashboard, &mut queries);
    queries
}

fn find(value: &Value, queries: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(text) if name == "expr" || name == "definition" => queries.push(text.to_owned()),
                    _ => find(member, queries),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| find(item, queries)),
        _ => {}
    }
}

/// The rules, without their comments and what they say to people.
fn rules() -> Vec<String> {
    let text = std::fs::read_to_string(deploy("prometheus/rescind.rules.yml")).expect("the rules");
    let spoken = ["#", "summary:", "action:", "- alert:"];
    let lines = text.lines().filter(|line| !spoken.iter().any(|word| line.trim_start().starts_with(word)));
    lines.map(str::to_owned).collect()
}

/// Every name of a metric of ours in a query, and the labels that it is selected by.
fn selectors(query: &str) -> Vec<(String, BTreeSet<String>)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = query;
    while let Some(start) = rest.find(is_name) {
        let end = rest[start..].find(|c| !is_name(c)).map_or(rest.len(), |length| start + length);
        let name = &rest[start..end];
        rest = &rest[end..];
        if name.starts_with("rescind_") || name.starts_with("http_request") {
            let labels = rest.strip_prefix('{').map(labels).unwrap_or_default();
            found.push((name.to_owned(), labels));
        }
        if let Some(selector) = rest.strip_prefix('{') {
            rest = &selector[end_of(selector)..];
        }
    }
    found
}

/// The labels of a selector, without those of the scrape.
fn labels(selector: &str) -> BTreeSet<String> {
    let mut quoted = false;
    let outside: String = selector[..end_of(selector)]
        .chars()
        .filter(|c| {
            quoted ^= *c == '"';
            !quoted
        })
        .collect();
    let names = outside.split(',').filter_map(|label| label.split(['=', '!']).next());
    let names = names.map(str::trim).filter(|name| !name.is_empty() && !OF_THE_SCRAPE.contains(name));
    names.map(str::to_owned).collect()
}

/// Where a selector ends: at the first brace outside of quotes.
fn end_of(selector: &str) -> usize {
    let mut quoted = false;
    let mut end = selector.char_indices().filter(|(_, c)| {
        quoted ^= *c == '"';
        !quoted && *c == '}'
    });
    end.next().map_or(selector.len(), |(at, _)| at)
}

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(file)
}
