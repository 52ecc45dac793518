//! Every route of the pages, read from their sources: what is added there is missed here.

/// The sources that name the routes.
const SOURCES: [&str; 2] = [
    include_str!("../../../rescind-server/src/site/admin/mod.rs"),
    include_str!("../../../rescind-server/src/site/account/mod.rs"),
];

/// Those of signing in and out, whose paths are put together.
const DOORS: [(&str, &str); 2] =
    [("/admin/sign-in", "/admin/sign-out"), ("/account/sign-in", "/account/sign-out")];

/// The patterns of pages that are looked at.
pub(crate) fn pages() -> Vec<String> {
    let mut pages = with_method("get(");
    pages.extend(DOORS.map(|(sign_in, _)| sign_in.to_owned()));
    pages.sort();
    pages
}

/// The patterns of what changes something.
pub(crate) fn acts() -> Vec<String> {
    let mut acts = with_method("post(");
    acts.extend(DOORS.into_iter().flat_map(|(sign_in, sign_out)| [sign_in.to_owned(), sign_out.to_owned()]));
    acts.sort();
    acts
}

/// Whether a path (without its query) is one of a pattern's.
pub(crate) fn fits(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given => {}
            (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => {}
            _ => return false,
        }
    }
}

/// The pattern that a path belongs to: the one without parameters, where there are two.
pub(crate) fn pattern(path: &str) -> Option<String> {
    let mut found: Vec<String> = pages().into_iter().filter(|pattern| fits(pattern, path)).collect();
    found.sort_by_key(|pattern| pattern.matches('{').count());
    found.into_iter().next()
}

fn with_method(method: &str) -> Vec<String> {
    let routes = SOURCES.iter().flat_map(|source| source.split(".route(\"").skip(1));
    let has_it = routes.filter(|route| {
        let handlers = route.split(".route(\"").next().unwrap_or_default();
        let handlers = handlers.split(".merge(").next().unwrap_or_default();
        handlers.split("\n}").next().unwrap_or_default().contains(method)
    });
    has_it.filter_map(|route| Some(route.split_once('"')?.0.to_owned())).collect()
}

#[test]
fn the_sources_are_read_as_they_are_meant() {
    let (pages, acts) = (pages(), acts());
    for page in
        ["/admin", "/admin/users/{tenant}/{user}", "/admin/audit.csv", "/account/events", "/admin/sign-in"]
    {
        assert!(pages.iter().any(|found| found == page), "{page} is not in {pages:?}");
    }
    for act in ["/admin/keys/{kid}/revoke", "/admin/clients", "/account/sign-out-others", "/account/password"]
    {
        assert!(acts.iter().any(|found| found == act), "{act} is not in {acts:?}");
    }
    assert!(
        !pages.iter().any(|page| page == "/admin/keys/rotate")
            && !acts.iter().any(|act| act == "/admin/keys")
    );
    // Nothing else changes something.
    for source in SOURCES {
        for method in ["put(", "patch(", "delete(", "any(", "nest(", "fallback(", "route_service("] {
            assert!(!source.contains(method), "{method} is new here: see to it");
        }
    }
    assert_eq!(pattern("/admin/revocations/new").as_deref(), Some("/admin/revocations/new"));
    assert_eq!(pattern("/admin/tenants/1").as_deref(), Some("/admin/tenants/{tenant}"));
}
