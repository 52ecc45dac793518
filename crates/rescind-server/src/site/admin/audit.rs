//! `/admin/audit`: who did what, on whom, from where; on a page, or as a file.

use std::sync::Arc;

use askama::Template;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use rescind::audit::{AuditEntry, AuditFilter};
use rescind::authority::Authority;
use rescind::store::PageRequest;
use serde::Deserialize;

use super::since::Since;
use crate::http::{Code, Problem};
use crate::site::area::Area;
use crate::site::desk::{Desk, Html, Shell, address};
use crate::site::door::Visitor;
use crate::site::form::Asked;
use crate::site::walk;
use crate::site::when::When;
use crate::view::AuditView;

/// How many stand on a page, and are read at once for a file.
const ROWS: u32 = 50;
const ROWS_OF_FILE: u32 = 500;

#[derive(Template)]
#[template(path = "site/admin/audit.html")]
struct Page {
    shell: Shell,
    filter: Filter,
    since: String,
    rows: Vec<Row>,
    next: Option<String>,
    /// The addresses of the same entries as files.
    as_csv: String,
    as_json_lines: String,
}

struct Row {
    at: When,
    action: String,
    actor: String,
    target: String,
    reason: Option<String>,
    ip: Option<String>,
    request: Option<String>,
}

/// What is searched by.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Filter {
    actor: Option<String>,
    target: Option<String>,
    action: Option<String>,
    request: Option<String>,
    since: Option<Since>,
    cursor: Option<String>,
}

pub(super) async fn page(desk: Desk, Asked(filter): Asked<Filter>) -> Result<Html, Problem> {
    let request = PageRequest { limit: ROWS, cursor: filter.cursor.clone() };
    let found = desk.authority().audit(desk.caller(), filter.near(), &request).await?;
    Html::of(&Page {
        shell: desk.shell(Area::Admin, "Audit trail"),
        rows: found.items.into_iter().map(|entry| row(&desk, entry)).collect(),
        next: found.next_cursor.map(|cursor| filter.address("/admin/audit", Some(&cursor))),
        as_csv: filter.address("/admin/audit.csv", None),
        as_json_lines: filter.address("/admin/audit.jsonl", None),
        since: filter.since.map(Since::for_input).unwrap_or_default(),
        filter,
    })
}

/// The same entries as comma-separated values (RFC 4180).
pub(super) async fn csv(desk: Desk, Asked(filter): Asked<Filter>) -> Result<Response, Problem> {
    file(desk, filter, "audit.csv", "text/csv; charset=utf-8; header=present", as_csv).await
}

/// The same entries, a JSON object in each line.
pub(super) async fn json_lines(desk: Desk, Asked(filter): Asked<Filter>) -> Result<Response, Problem> {
    file(desk, filter, "audit.jsonl", "application/jsonl", as_json_lines).await
}

impl Filter {
    fn wanted(&self) -> AuditFilter {
        AuditFilter {
            actor: self.actor.clone(),
            target: self.target.clone(),
            action: self.action.clone(),
            request: self.request.clone(),
            since: self.since.map(Since::timestamp),
            ..AuditFilter::default()
        }
    }

    /// No further than a page searches.
    fn near(&self) -> AuditFilter {
        AuditFilter { walk: Some(walk::ENTRIES), ..self.wanted() }
    }

    /// The address of what fits it.
    fn address(&self, path: &str, cursor: Option<&str>) -> String {
        let since = self.since.map(Since::for_input);
        let asked = [
            ("actor", self.actor.as_deref()),
            ("target", self.target.as_deref()),
            ("action", self.action.as_deref()),
            ("request", self.request.as_deref()),
            ("since", since.as_deref()),
            ("cursor", cursor),
        ];
        address(path, asked)
    }
}

fn row(desk: &Desk, entry: AuditEntry) -> Row {
    Row {
        at: desk.when(entry.at),
        action: entry.action,
        actor: entry.actor.to_string(),
        target: entry
            .target
            .id
            .map_or_else(|| entry.target.kind.to_owned(), |id| format!("{}:{id}", entry.target.kind)),
        reason: entry.reason,
        ip: entry.ip.map(|ip| ip.to_string()),
        request: entry.request_id,
    }
}

/// How entries are written into a file; the first page says so, for a heading.
type Write = fn(Vec<AuditEntry>, bool) -> Result<Bytes, Problem>;

/// A file of all entries, read a page at a time as the browser takes it: as much memory as a page needs. It breaks off where the session is
/// cut meanwhile, so that no browser takes what it has for the whole.
async fn file(
    desk: Desk,
    filter: Filter,
    name: &'static str,
    kind: &'static str,
    write: Write,
) -> Result<Response, Problem> {
    let reader =
        Reader { authority: desk.app.authority, visitor: desk.visitor, wanted: filter.wanted(), write };
    // The first page is read before the answer begins: what is refused is refused with its status.
    let (first, next) = reader.read(None).await?;
    let later = futures_util::stream::try_unfold((reader, next), async |(reader, next)| {
        let Some(cursor) = next else { return Ok(None) };
        let page = reader.read(Some(cursor)).await;
        let (lines, next) = page.map_err(|problem| std::io::Error::other(problem.code().as_str()))?;
        Ok::<_, std::io::Error>(Some((lines, (reader, next))))
    });
    let first = futures_util::stream::once(async { Ok(first) });
    let body = Body::from_stream(futures_util::StreamExt::chain(first, later));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment"))),
    ];
    Ok((headers, body).into_response())
}

/// What reads the entries for a file.
struct Reader {
    authority: Arc<Authority>,
    visitor: Visitor,
    wanted: AuditFilter,
    write: Write,
}

impl Reader {
    /// The lines of the page at `cursor`, and where the next one begins; refused where the session was cut by now.
    async fn read(&self, cursor: Option<String>) -> Result<(Bytes, Option<String>), Problem> {
        let is_first = cursor.is_none();
        let request = PageRequest { limit: ROWS_OF_FILE, cursor };
        let page = self.authority.audit(&self.visitor.caller, self.wanted.clone(), &request).await?;
        // After it was read: what was cut while the store was asked is not handed out either.
        if self.authority.verifier().evaluate(&self.visitor.token).is_some() {
            return Err(Problem::new(Code::TokenRevoked));
        }
        Ok(((self.write)(page.items, is_first)?, page.next_cursor))
    }
}

fn as_json_lines(entries: Vec<AuditEntry>, _: bool) -> Result<Bytes, Problem> {
    let mut lines = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut lines, &AuditView::from(entry))
            .map_err(|error| Problem::internal(&error))?;
        lines.push(b'\n');
    }
    Ok(lines.into())
}

fn as_csv(entries: Vec<AuditEntry>, is_first: bool) -> Result<Bytes, Problem> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let result = write_csv(&mut writer, entries, is_first);
    result.map_err(|error| Problem::internal(&error))?;
    writer.into_inner().map(Bytes::from).map_err(|error| Problem::internal(&error.error()))
}

const HEADING: [&str; 11] = [
    "id",
    "at",
    "action",
    "actor_kind",
    "actor_id",
    "target_kind",
    "target_id",
    "tenant_id",
    "reason",
    "ip",
    "request_id",
];

fn write_csv(
    writer: &mut csv::Writer<Vec<u8>>,
    entries: Vec<AuditEntry>,
    is_first: bool,
) -> Result<(), csv::Error> {
    if is_first {
        writer.write_record(HEADING)?;
    }
    for entry in entries {
        let entry = AuditView::from(entry);
        let cells = [
            Some(entry.id.to_string()),
            Some(entry.at.to_string()),
            Some(entry.action),
            Some(entry.actor.kind.to_owned()),
            entry.actor.id,
            Some(entry.target.kind.to_owned()),
            entry.target.id,
            entry.tenant_id.map(|id| id.to_string()),
            entry.reason,
            entry.ip,
            entry.request_id,
        ];
        writer.write_record(cells.map(|cell| cell.map(harmless).unwrap_or_default()))?;
    }
    Ok(())
}

/// A spreadsheet takes what begins like this for a formula, and a reason is anybody's text.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use rescind::audit::{Actor, Target};
    use rescind::clock::Timestamp;
    use rescind::id::AuditId;

    use super::*;

    fn entry(reason: &str) -> AuditEntry {
        AuditEntry {
            id: AuditId(uuid::Uuid::from_u128(1)),
            at: Timestamp::from_secs(1_700_000_000),
            action: "session_revoked".into(),
            actor: Actor::CommandLine,
            target: Target::new("session", "s"),
            tenant_id: None,
            reason: Some(reason.into()),
            ip: None,
            request_id: Some("r".into()),
        }
    }

    #[test]
    fn a_file_for_spreadsheets_has_a_heading_once_and_runs_no_formula() {
        let text = as_csv(vec![entry("=1+1"), entry("a \"b\", c\nd")], true).unwrap();
        let text = String::from_utf8(text.to_vec()).unwrap();
        assert!(text.starts_with("id,at,action,"), "{text}");
        assert!(text.contains(",'=1+1,"), "{text}");
        assert!(text.contains(",\"a \"\"b\"\", c\nd\","), "{text}");
        assert!(!as_csv(vec![], false).unwrap().contains(&b'i'));
    }

    #[test]
    fn a_line_is_an_object() {
        let lines = as_json_lines(vec![entry("a\nb"), entry("c")], true).unwrap();
        let lines: Vec<serde_json::Value> = lines
            .split(|b| *b == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["reason"], "a\nb");
        assert_eq!(lines[1]["actor"]["kind"], "cli");
    }
}
