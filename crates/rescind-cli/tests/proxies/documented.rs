//! What docs/proxies.md shows of nginx is what is tested here.

use std::path::Path;

use super::front::FILES;

const NAMES: [&str; 3] = ["conf.d/site.conf", "rescind/server.conf", "rescind/keep.conf"];

#[test]
fn what_is_shown_of_nginx_stands_in_the_files() {
    let page = Path::new(FILES).join("../../docs/proxies.md");
    let page = std::fs::read_to_string(page).expect("the page is part of the repository");
    let files: Vec<String> = NAMES
        .map(|name| std::fs::read_to_string(Path::new(FILES).join(name)).expect("a file of ours"))
        .to_vec();
    let shown: Vec<&str> =
        page.split("```nginx\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect();
    assert!(!shown.is_empty(), "the page shows nothing of nginx");
    for text in shown {
        assert!(files.iter().any(|file| file.contains(text)), "no file says:\n{text}");
    }
}
