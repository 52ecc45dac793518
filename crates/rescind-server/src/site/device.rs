//! What a `User-Agent` says of a device, in words.

use woothee::parser::Parser;

/// "Firefox on Linux"; none where nothing is known of it.
pub(super) fn describe(user_agent: Option<&str>) -> Option<String> {
    fn known(name: &str) -> Option<&str> {
        (name != "UNKNOWN" && !name.is_empty()).then_some(name)
    }
    let found = Parser::new().parse(user_agent?)?;
    match (known(found.name), known(found.os)) {
        (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_systems_of_today_are_known() {
        let mozilla = |rest: &str| describe(Some(&format!("Mozilla/5.0 {rest}")));
        for (rest, expected) in [
            ("(X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox on Linux"),
            (
                "(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
                "Chrome on Windows 10",
            ),
            (
                "(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
                "Edge on Windows 10",
            ),
            (
                "(iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
                "Safari on Mac OSX",
            ),
            (
                "(Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
        ] {
            assert_eq!(mozilla(rest).as_deref(), Some(expected), "{rest}");
        }
        assert_eq!(describe(Some("")), None);
        assert_eq!(describe(Some("<script>alert(1)</script>")), None);
        assert_eq!(describe(None), None);
    }
}
