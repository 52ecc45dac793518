//! axe-core, the judge of what people with screen readers, keyboards or weak eyes can use.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::browser::Browser;

/// The rules that are held: WCAG 2.2 AA, and what else is good practice.
const TAGS: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const RUN: &str = "
    const [tags, done] = arguments;
    axe.run(document, {runOnly: {type: 'tag', values: tags}}).then(
        found => done({
            passes: found.passes.length,
            violations: found.violations.map(one =>
                one.id + ': ' + one.help + ' at ' + one.nodes.map(node => node.target + ' ' + node.failureSummary).join(' | ')),
        }),
        error => done({violations: [String(error)]}),
    );
";

/// The script, where `cargo xtask tools` has put it.
pub(crate) fn script() -> String {
    let modules = std::env::var("RESCIND_TEST_PAGE_NODE_MODULES").unwrap_or_else(|_| {
        panic!(
            "RESCIND_TEST_PAGE_NODE_MODULES is not set: run `cargo xtask test`, or eval \"$(cargo xtask tools)\" first"
        )
    });
    let path = PathBuf::from(modules).join("axe-core/axe.min.js");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What is wrong with the page that is shown, light and dark, on a desk and on a phone.
pub(crate) async fn faults(browser: &Browser, script: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let place = browser.place().await;
    browser.evaluate::<Value>(script, vec![]).await;
    for (dark, width) in [(false, 1280), (true, 1280), (true, 390), (false, 390)] {
        browser.set_dark(dark).await;
        browser.set_width(width).await;
        let found = browser.wait_for(RUN, vec![json!(TAGS)]).await;
        let violations = found["violations"].as_array().expect("a list");
        assert!(
            !violations.is_empty() || found["passes"].as_u64() > Some(5),
            "it looked at nothing: {found}"
        );
        let scheme = if dark { "dark" } else { "light" };
        faults.extend(
            violations
                .iter()
                .map(|one| format!("{place}, {scheme}, {width} px: {}", one.as_str().unwrap_or_default())),
        );
        if browser.is_too_wide().await {
            faults.push(format!("{place}, {scheme}, {width} px: the page moves sideways"));
        }
    }
    browser.set_dark(false).await;
    browser.set_width(1280).await;
    faults
}
