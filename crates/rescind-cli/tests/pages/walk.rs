//! Every page, as a person comes to it: by following the links from the first one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::axe;
use super::browser::{Area, Browser, Scripts};
use super::routes;
use super::world::{ADA, CHIEF, HOSTILE, PASSWORD, World};

/// What one is not shown, but given as a file.
const FILES: [&str; 2] = ["/admin/audit.csv", "/admin/audit.jsonl"];

/// What a page asks for by itself, and what one is led to by a form alone.
const NOT_LINKED: [&str; 2] = ["/admin/figures", "/admin/clients/{client}/new-secret"];

/// Follows the links from the first page on, to one page of each kind; `look` looks at each. Returns the patterns that were met.
async fn walk(browser: &Browser, area: Area, mut look: impl AsyncFnMut(&Browser)) -> BTreeSet<String> {
    let mut met = BTreeMap::new();
    let mut waiting = VecDeque::from([area.root().to_owned(), area.sign_in()]);
    while let Some(path) = waiting.pop_front() {
        browser.go(&path).await;
        assert_eq!(browser.count("h1").await, 1, "{path}: {}", browser.text("body").await);
        assert_eq!(browser.count(".trouble[role=alert]").await, 0, "{path}: {}", browser.text("body").await);
        look(browser).await;
        for link in browser.attributes("a[href]", "href").await {
            if link.starts_with('#') {
                continue;
            }
            assert!(link.starts_with(area.root()), "{path} leads to {link}");
            let kind = kind(&link).unwrap_or_else(|| panic!("{path} leads to {link}, which is no page"));
            if !FILES.contains(&kind.0.as_str()) && !met.contains_key(&kind) {
                met.insert(kind, link.clone());
                waiting.push_back(link);
            }
        }
    }
    met.into_keys().map(|(pattern, _)| pattern).chain([area.sign_in()]).collect()
}

/// The pattern of a page, and what its query names.
fn kind(link: &str) -> Option<(String, Vec<String>)> {
    let (path, query) = link.split_once('?').unwrap_or((link, ""));
    let names = query.split('&').filter_map(|pair| Some(pair.split_once('=')?.0.to_owned())).collect();
    Some((routes::pattern(path)?, names))
}

/// All pages of an area, but for files.
fn expected(area: Area) -> BTreeSet<String> {
    let pages = routes::pages().into_iter();
    let is_walked = |page: &str| !FILES.contains(&page) && !NOT_LINKED.contains(&page);
    pages.filter(|page| page.starts_with(area.root()) && is_walked(page)).collect()
}

/// What no page may have: what people wrote is text.
async fn holds_no_foreign_markup(browser: &Browser) {
    let foreign = "img, b, i, [onerror], [onload], [onclick], [onmouseover], script:not([src]), [style]";
    let place = browser.place().await;
    assert_eq!(
        browser.count(foreign).await,
        0,
        "{place}: {:?}",
        browser.attributes(foreign, "onerror").await
    );
    assert_eq!(browser.count("script").await, 1, "{place}");
}

async fn is_walked_with_scripts(area: Area, email: &str, password: &str, world: &World, missing: &[&str]) {
    let mut browser = Browser::open(world.server().base(), Scripts::On).await;
    let script = axe::script();
    browser.go(&area.sign_in()).await;
    let mut faults = axe::faults(&browser, &script).await;
    browser.sign_in(area, email, password).await;
    let met = walk(&browser, area, async |browser| {
        holds_no_foreign_markup(browser).await;
        faults.extend(axe::faults(browser, &script).await);
    })
    .await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    assert_eq!(faults, Vec::<String>::new(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let wanted: BTreeSet<_> =
        expected(area).into_iter().filter(|page| !missing.contains(&page.as_str())).collect();
    assert_eq!(met, wanted, "no link leads to what is missing on the left");
}

#[tokio::test]
async fn an_operator_walks_every_page_of_administration() {
    let world = World::new().await;
    let (email, password) = world.operator();
    is_walked_with_scripts(Area::Admin, &email, &password, &world, &[]).await;
}

#[tokio::test]
async fn a_tenants_administrator_walks_every_page_but_those_of_operators() {
    let world = World::new().await;
    let missing = ["/admin/keys", "/admin/keys/{kid}/revoke"];
    is_walked_with_scripts(Area::Admin, CHIEF, PASSWORD, &world, &missing).await;
}

#[tokio::test]
async fn a_user_walks_every_page_of_the_account() {
    let world = World::new().await;
    is_walked_with_scripts(Area::Account, ADA, PASSWORD, &world, &[]).await;
}

#[tokio::test]
async fn every_page_works_without_scripts() {
    let world = World::new().await;
    let mut browser = Browser::open(world.server().base(), Scripts::Off).await;
    let (email, password) = world.operator();
    for (area, email, password) in
        [(Area::Admin, email.as_str(), password.as_str()), (Area::Account, ADA, PASSWORD)]
    {
        browser.sign_in(area, email, password).await;
        let met = walk(&browser, area, async |browser| {
            // What a script does for one, a button does.
            for form in browser.attributes("form", "action").await {
                assert!(form.starts_with(area.root()), "{form}");
            }
            assert_eq!(
                browser.count("form:not(:has(button[type=submit]))").await,
                0,
                "{}",
                browser.place().await
            );
            let is_on: bool = browser
                .evaluate(
                    "return document.documentElement.matches('.htmx-request') || Boolean(window.htmx)",
                    vec![],
                )
                .await;
            assert!(!is_on, "scripts run");
        })
        .await;
        assert_eq!(met, expected(area));
    }
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_people_wrote_is_read_as_they_wrote_it() {
    let world = World::new().await;
    let (email, password) = world.operator();
    let mut browser = Browser::open(world.server().base(), Scripts::On).await;
    browser.sign_in(Area::Admin, &email, &password).await;
    let path = world.ada_path();
    for page in [
        format!("{path}?show=all"),
        "/admin/tenants".to_owned(),
        "/admin/clients".to_owned(),
        "/admin/revocations".to_owned(),
        "/admin/audit".to_owned(),
    ] {
        browser.go(&page).await;
        assert!(browser.text("main").await.contains(HOSTILE), "{page} does not show it");
        holds_no_foreign_markup(&browser).await;
    }
    // Back from the address, too.
    let encoded: String = format!("{HOSTILE}'").bytes().map(|byte| format!("%{byte:02x}")).collect();
    for page in [
        "/admin/users?query=",
        "/admin/audit?actor=",
        "/admin/revocations?jti=",
        "/admin/sign-in?next=",
        "/admin?done=",
    ] {
        browser.go(&format!("{page}{encoded}")).await;
        holds_no_foreign_markup(&browser).await;
    }
    // Told to revoke it, the page says what it is.
    browser.go("/admin/revocations/new").await;
    browser.fill("#text", HOSTILE).await;
    browser.click("main form button").await;
    assert!(browser.text("main").await.contains(HOSTILE));
    holds_no_foreign_markup(&browser).await;
    // The secret of a client with such a name, shown once.
    browser.go("/admin/clients").await;
    browser.click("tbody tr:last-child a[href$='/secret']").await;
    assert!(browser.text("main").await.contains(HOSTILE));
    holds_no_foreign_markup(&browser).await;
    browser.fill("#password", &password).await;
    browser.click("main form button").await;
    assert_eq!(browser.count("#secret").await, 1, "{}", browser.text("main").await);
    holds_no_foreign_markup(&browser).await;
    assert_eq!(axe::faults(&browser, &axe::script()).await, Vec::<String>::new());

    browser.sign_in(Area::Account, ADA, PASSWORD).await;
    browser.go("/account").await;
    assert!(browser.text("main").await.contains(HOSTILE));
    holds_no_foreign_markup(&browser).await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

/// What an act leads to is no page of its own address, and is looked at as one all the same.
#[tokio::test]
async fn pages_that_answer_a_form_can_be_used_by_everybody() {
    let world = World::new().await;
    let (script, mut faults) = (axe::script(), Vec::new());
    let mut browser = Browser::open(world.server().base(), Scripts::On).await;
    browser.go("/admin/sign-in").await;
    browser.fill_in_sign_in("nobody@acme.example", PASSWORD).await;
    assert!(browser.text(".trouble").await.contains("The e-mail address or the password is wrong."));
    faults.extend(axe::faults(&browser, &script).await);
    browser.sign_in(Area::Admin, CHIEF, PASSWORD).await;
    for text in [
        world.sessions[0].session.as_str(),
        &world.sessions[1].refresh,
        &world.sessions[2].access,
        "unknown-jti",
    ] {
        browser.go("/admin/revocations/new").await;
        browser.fill("#text", text).await;
        browser.click("main form button").await;
        assert_eq!(browser.text("#found").await, "What it is", "{}", browser.text("main").await);
        faults.extend(axe::faults(&browser, &script).await);
    }
    browser.click("section button.danger").await;
    assert!(browser.text(".notice").await.contains("It was revoked"));
    faults.extend(axe::faults(&browser, &script).await);
    browser.go("/admin/users/nobody").await;
    faults.extend(axe::faults(&browser, &script).await);
    browser.go("/admin/users?query=nobody-at-all").await;
    faults.extend(axe::faults(&browser, &script).await);
    browser.go(&format!("/admin/tenants/{}", world.tenant)).await;
    browser.fill("#typed", "another").await;
    browser.fill("#password", PASSWORD).await;
    browser.click("section[aria-labelledby=cut] button").await;
    assert!(browser.text(".trouble").await.contains("is not the name that was asked for"));
    faults.extend(axe::faults(&browser, &script).await);
    browser.go(&format!("/admin/clients/{}/secret", world.client)).await;
    browser.fill("#password", PASSWORD).await;
    browser.click("main form button").await;
    for shown in [1, 0] {
        assert_eq!(browser.count("#secret").await, shown, "{}", browser.text("main").await);
        faults.extend(axe::faults(&browser, &script).await);
        browser.go(&browser.place().await).await;
    }
    browser.go("/admin?updates=paused").await;
    faults.extend(axe::faults(&browser, &script).await);
    browser.sign_in(Area::Account, ADA, PASSWORD).await;
    browser.go("/account/password").await;
    for (field, text) in
        [("#current", "wrong 1 password"), ("#new", "another 5 geese"), ("#again", "another 5 geese")]
    {
        browser.fill(field, text).await;
    }
    browser.click("main form button").await;
    assert!(browser.text(".trouble").await.contains("The current password is wrong."));
    faults.extend(axe::faults(&browser, &script).await);
    assert_eq!(faults, Vec::<String>::new(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
