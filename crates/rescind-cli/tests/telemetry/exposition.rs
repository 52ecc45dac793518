//! What `/metrics` has is what the catalogue says, to the label, and docs/metrics.md is made from that.

use std::collections::{BTreeMap, BTreeSet};

use rescind_server::telemetry::catalog::{AREAS, Kind, Metric};

use super::support::{House, new_user};

/// The samples of a scrape.
pub(super) struct Exposition {
    /// The type of each family.
    types: BTreeMap<String, String>,
    /// The labels of each sample's name.
    labels: BTreeMap<String, BTreeSet<String>>,
}

impl Exposition {
    /// Of a server that has answered something.
    pub(super) async fn of(house: &House) -> Self {
        house.desk.open(&new_user()).await;
        // Once for what the answer to itself is counted as.
        house.desk.api.get("/metrics", house.desk.caller()).await.expect(200);
        let reply = house.desk.api.get("/metrics", house.desk.caller()).await.expect(200);
        Self::parse(&reply.body)
    }

    fn parse(text: &str) -> Self {
        assert!(text.ends_with("# EOF\n"), "{text}");
        let mut parsed = Self { types: BTreeMap::new(), labels: BTreeMap::new() };
        for line in text.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                let (name, kind) = family.split_once(' ').expect("a name and a type");
                assert!(parsed.types.insert(name.into(), kind.into()).is_none(), "{name} comes twice");
            } else if !line.starts_with('#') {
                let (sample, value) = line.rsplit_once(' ').expect("a sample and its value");
                assert!(value.parse::<f64>().is_ok(), "{line}");
                let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
                parsed.labels.entry(name.into()).or_default().extend(names_of(labels));
            }
        }
        parsed
    }

    /// Whether there is a sample of that name, with all of those labels.
    pub(super) fn has(&self, name: &str, labels: &BTreeSet<String>) -> bool {
        self.labels.get(name).is_some_and(|known| labels.is_subset(known))
    }
}

/// The names in `a="x",b="y"}`. No value has a comma or a quote in it.
fn names_of(labels: &str) -> impl Iterator<Item = String> {
    labels.trim_end_matches('}').split(',').filter_map(|label| Some(label.split_once('=')?.0.to_owned()))
}

/// The names that the samples of a metric have.
fn sample_names(metric: &Metric) -> Vec<String> {
    match metric.kind {
        Kind::Histogram => ["_bucket", "_sum", "_count"].map(|end| format!("{}{end}", metric.name)).into(),
        Kind::Counter | Kind::Gauge => vec![metric.exposed()],
    }
}

#[tokio::test]
async fn a_server_exposes_what_is_documented_and_nothing_else() {
    let house = House::open(&[]).await;
    let exposition = Exposition::of(&house).await;
    let mut samples = BTreeSet::new();
    let mut families = BTreeSet::new();
    for metric in AREAS.iter().flat_map(|area| area.metrics) {
        families.insert(metric.name.to_owned());
        assert_eq!(
            exposition.types.get(metric.name).map(String::as_str),
            Some(metric.kind.as_str()),
            "{}",
            metric.name
        );
        for name in sample_names(metric) {
            let mut labels: BTreeSet<String> =
                metric.labels.iter().map(|label| label.name.to_owned()).collect();
            if name.ends_with("_bucket") {
                labels.insert("le".to_owned());
            }
            assert_eq!(exposition.labels.get(&name), Some(&labels), "{name}");
            samples.insert(name);
        }
    }
    assert_eq!(exposition.types.into_keys().collect::<BTreeSet<_>>(), families);
    assert_eq!(exposition.labels.into_keys().collect::<BTreeSet<_>>(), samples);
}

/// However many come from wherever, with whatever: as many series as before.
#[tokio::test]
async fn nothing_that_is_sent_becomes_a_series() {
    let house = House::open(&[]).await;
    let series = async || {
        let reply = house.desk.api.get("/metrics", house.desk.caller()).await.expect(200);
        reply.body.lines().filter(|line| !line.starts_with('#')).count()
    };
    let strange = async |number: usize| {
        let api = &house.desk.api;
        api.get(&format!("/nowhere/{number}"), house.desk.caller()).await;
        api.login(&format!("nobody-{number}@example.com"), "wrong").await;
        api.refresh(&format!("not-a-token-{number}")).await;
        api.me(&format!("not-a-token-{number}")).await;
        house.desk.order(&format!("/api/v1/auth/sessions/revoke/jti-{number}")).await.expect(200);
    };
    strange(0).await;
    series().await;
    let before = series().await;
    for number in 1..5 {
        strange(number).await;
    }
    assert_eq!(series().await, before);
}
