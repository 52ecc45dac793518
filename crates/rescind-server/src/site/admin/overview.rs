//! `/admin`: how things stand.

use std::time::Duration;

use crate::http::Problem;
use crate::site::area::Area;
use crate::site::chart::{Chart, HEIGHT, WIDTH};
use crate::site::desk::{Desk, Html, Shell};
use crate::site::form::Asked;
use crate::site::tally::Counted;
use crate::site::when::about;
use crate::tasks::Minute;
use askama::Template;
use rescind::id::TenantId;
use serde::Deserialize;

/// How long the page waits for the store to say how far behind this node is.
const PATIENCE: Duration = Duration::from_millis(25);

#[derive(Template)]
#[template(path = "site/admin/overview.html")]
struct Page {
    shell: Shell,
    /// Whether a script is to keep the figures up to date.
    follows: bool,
    figures: Figures,
    tenant_path: Option<String>,
}

/// The part that is kept up to date.
#[derive(Template)]
#[template(path = "site/admin/figures.html")]
struct Figures {
    sessions: Option<Counted>,
    /// What is this node's, for operators.
    node: Option<NodeView>,
}

/// Whether the visitor would rather not have them change.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Updates {
    Paused,
}

#[derive(Default, Deserialize)]
pub(in crate::site) struct Shown {
    updates: Option<Updates>,
}

struct NodeView {
    seq: i64,
    marks: usize,
    lag: Option<u64>,
    freshness: String,
    is_ready: bool,
    purge_overdue: Option<String>,
    leads: bool,
    hit_rate: Option<String>,
    key_age: String,
    charts: [Chart; 3],
}

/// Administration
///
/// For people: begins with a sign-in form. It takes no credentials of the API.
#[utoipa::path(
    get, path = "/admin", tag = "Pages", operation_id = "admin_pages",
    responses(
        (status = 200, body = String, content_type = "text/html", description = "How things stand."),
        (status = 303, description = "To the sign-in form."),
    )
)]
pub(in crate::site) async fn page(desk: Desk, Asked(shown): Asked<Shown>) -> Result<Html, Problem> {
    Html::of(&Page {
        shell: desk.shell(Area::Admin, "Overview"),
        follows: shown.updates.is_none(),
        figures: count(&desk).await,
        tenant_path: own_tenant(&desk).map(super::tenant::path),
    })
}

/// The figures alone, for the script that keeps the page up to date.
pub(super) async fn figures(desk: Desk) -> Result<Html, Problem> {
    Html::of(&count(&desk).await)
}

async fn count(desk: &Desk) -> Figures {
    Figures {
        sessions: desk.app.tally.count(&desk.app.authority, own_tenant(desk)).await,
        node: if desk.is_operator() { Some(node(desk).await) } else { None },
    }
}

/// The one tenant that the visitor sees; none: all of them.
fn own_tenant(desk: &Desk) -> Option<TenantId> {
    (!desk.is_operator()).then_some(desk.visitor.me.tenant)
}

async fn node(desk: &Desk) -> NodeView {
    let authority = desk.authority();
    let backlog = tokio::time::timeout(PATIENCE, authority.backlog()).await.ok().and_then(Result::ok);
    let replica = authority.replica();
    let staleness = replica.staleness(authority.now());
    NodeView {
        seq: replica.cursor().seq,
        marks: rescind::ledger::CutKind::ALL.into_iter().map(|kind| replica.count(kind)).sum(),
        lag: backlog.map(|backlog| backlog.unread),
        freshness: staleness
            .map_or_else(|| "never read".to_owned(), |age| format!("{} ms old", age.as_millis())),
        is_ready: staleness.is_some_and(|age| age <= authority.settings().max_staleness),
        purge_overdue: backlog.map(|backlog| about(backlog.purge_overdue)),
        leads: authority.leads(),
        hit_rate: hit_rate(desk),
        key_age: about(authority.signing_key_age()),
        charts: charts(&desk.app.pulse.minutes()),
    }
}

fn charts(minutes: &[Minute]) -> [Chart; 3] {
    let of = |count: fn(&Minute) -> u64| minutes.iter().map(count).collect::<Vec<_>>();
    [
        Chart::of("Refreshes a minute", &of(|minute| minute.refreshes)),
        Chart::of("Revocations a minute", &of(|minute| minute.revocations)),
        Chart::of("Stolen tokens blocked", &of(|minute| minute.reuses)),
    ]
}

/// The share of checked tokens whose signature was known.
fn hit_rate(desk: &Desk) -> Option<String> {
    let counts = desk.authority().verifier().cache()?.counts();
    let all = counts.hits + counts.misses;
    (all > 0).then(|| format!("{} %", counts.hits.saturating_mul(100) / all))
}
