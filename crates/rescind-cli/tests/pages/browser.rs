//! A browser, and what a person does with it.

use std::time::Duration;

use rescind_testkit::browser::{self, Driver};
use serde_json::{Value, json};
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities as _;
use thirtyfour::{By, DesiredCapabilities, Key, LoggingPrefsLogLevel, WebDriver, WebElement};

use super::support::until;
use super::world::tenant_of;

/// A window of a Chromium with a profile of its own, at a server's pages.
pub(crate) struct Browser {
    /// Dropped first. The driver's end is the browser's.
    driver: Option<WebDriver>,
    base: String,
    clicks: u32,
    _chromedriver: Driver,
}

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripts {
    On,
    Off,
}

/// A group of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    Admin,
    Account,
}

impl Area {
    pub(crate) const fn root(self) -> &'static str {
        match self {
            Self::Admin => "/admin",
            Self::Account => "/account",
        }
    }

    pub(crate) fn sign_in(self) -> String {
        format!("{}/sign-in", self.root())
    }
}

impl Browser {
    /// Opens one for the pages of the server at `base`.
    pub(crate) async fn open(base: &str, scripts: Scripts) -> Self {
        let chromedriver = Driver::start().await;
        let mut wanted = DesiredCapabilities::chrome();
        let binary = browser::chromium();
        let set = (|| {
            wanted.set_binary(binary.to_str().unwrap_or_default())?;
            for argument in browser::ARGUMENTS.into_iter().chain([
                "--window-size=1280,900",
                "--lang=en",
                "--hide-scrollbars",
            ]) {
                wanted.add_arg(argument)?;
            }
            wanted.set_browser_log_level(LoggingPrefsLogLevel::All)?;
            // 1: allow, 2: block.
            let javascript = if scripts == Scripts::On { 1 } else { 2 };
            wanted.add_experimental_option(
                "prefs",
                json!({"profile.managed_default_content_settings.javascript": javascript}),
            )
        })();
        set.expect("capabilities are JSON");
        let driver = WebDriver::new(chromedriver.base(), wanted).await;
        let driver = driver.unwrap_or_else(|error| panic!("no browser: {error}; {}", chromedriver.log()));
        Self { driver: Some(driver), base: base.to_owned(), clicks: 0, _chromedriver: chromedriver }
    }

    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().expect("there until it is dropped")
    }

    /// Goes to a page by its address.
    pub(crate) async fn go(&self, path: &str) {
        self.driver().goto(format!("{}{path}", self.base)).await.expect("the page is loaded");
    }

    /// Shows a page of another site, with a link to one of ours.
    pub(crate) async fn go_elsewhere(&self, path: &str) {
        let page = format!("data:text/html,<a href='{}{path}'>there</a>", self.base);
        self.driver().goto(page).await.expect("the page is loaded");
    }

    /// The path and the query of the page that is shown.
    pub(crate) async fn place(&self) -> String {
        let url = self.driver().current_url().await.expect("a page is shown");
        let url = url.as_str();
        url.strip_prefix(&self.base).unwrap_or_else(|| panic!("the browser was led to {url}")).to_owned()
    }

    /// Signs in by the form.
    pub(crate) async fn sign_in(&mut self, area: Area, email: &str, password: &str) {
        self.go(&area.sign_in()).await;
        self.fill_in_sign_in(email, password).await;
        let place = self.place().await;
        assert!(!place.contains("sign-in"), "not signed in: {}", self.text("main").await);
    }

    /// The sign-in form, which is shown.
    pub(crate) async fn fill_in_sign_in(&mut self, email: &str, password: &str) {
        self.fill("#email", email).await;
        self.fill("#password", password).await;
        self.fill("#tenant", tenant_of(email)).await;
        self.click("main form button").await;
    }

    pub(crate) async fn find(&self, css: &str) -> WebElement {
        match self.driver().find(By::Css(css)).await {
            Ok(found) => found,
            Err(_) => panic!("no {css} at {}: {}", self.place().await, self.text("body").await),
        }
    }

    pub(crate) async fn count(&self, css: &str) -> usize {
        self.driver().find_all(By::Css(css)).await.expect("the page can be searched").len()
    }

    /// What a person reads there.
    pub(crate) async fn text(&self, css: &str) -> String {
        let found = self.driver().find(By::Css(css)).await.expect("it is on the page");
        found.text().await.expect("it can be read")
    }

    /// What a person reads in each of them.
    pub(crate) async fn texts(&self, css: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for found in self.driver().find_all(By::Css(css)).await.expect("the page can be searched") {
            texts.push(found.text().await.expect("it can be read"));
        }
        texts
    }

    /// The value of an attribute of each of them that has it.
    pub(crate) async fn attributes(&self, css: &str, name: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(found => found.getAttribute(arguments[1]))
                          .filter(value => value !== null)";
        self.evaluate(script, vec![json!(css), json!(name)]).await
    }

    /// Clicks on it, and waits for the page to which that leads.
    pub(crate) async fn click(&mut self, css: &str) {
        let found = self.find(css).await;
        self.clicks += 1;
        self.evaluate::<Value>("window.isLeft = true", vec![]).await;
        found.click().await.unwrap_or_else(|error| panic!("{css} cannot be clicked: {error}"));
        let script = "return window.isLeft === undefined && document.readyState === 'complete'";
        let has_arrived = async || {
            // In between there is no page to be asked.
            let answer = self.driver().execute(script, vec![]).await;
            answer.is_ok_and(|answer| answer.json() == &Value::Bool(true))
        };
        until("the page is another", has_arrived).await;
    }

    /// How often it was clicked since the browser was opened.
    pub(crate) const fn clicks(&self) -> u32 {
        self.clicks
    }

    /// Types into a field, in place of what was in it.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.expect("it can be emptied");
        field.send_keys(text).await.expect("it can be typed into");
    }

    /// Presses a key, wherever the focus is.
    pub(crate) async fn press(&self, key: Key) {
        self.driver().action_chain().send_keys(key).perform().await.expect("a key can be pressed");
    }

    /// Types, wherever the focus is.
    pub(crate) async fn type_in(&self, text: &str) {
        self.driver().action_chain().send_keys(text).perform().await.expect("it can be typed into");
    }

    /// Whether the focus is on what fits.
    pub(crate) async fn is_focused(&self, css: &str) -> bool {
        self.evaluate("return document.activeElement.matches(arguments[0])", vec![json!(css)]).await
    }

    /// Whether it is within the window.
    pub(crate) async fn is_seen(&self, css: &str) -> bool {
        let script = "const box = document.querySelector(arguments[0]).getBoundingClientRect();
                      return box.width > 0 && box.left >= 0 && box.top >= 0 && box.right <= innerWidth";
        self.evaluate(script, vec![json!(css)]).await
    }

    /// Whether a person sees where the focus is.
    pub(crate) async fn has_outline(&self) -> bool {
        let script = "const style = getComputedStyle(document.activeElement);
                      return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2";
        self.evaluate(script, vec![]).await
    }

    /// Waits for what a script does.
    pub(crate) async fn until(&self, what: &str, css: &str) {
        until(what, async || self.count(css).await > 0).await;
    }

    /// What the browser complained of since the last call.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.driver().browser_log().await.expect("the log is kept");
        let bad = log.into_iter().filter(|entry| !matches!(entry.level.as_str(), "INFO" | "DEBUG"));
        bad.map(|entry| format!("{}: {}", entry.level, entry.message)).collect()
    }

    /// Whether pages are shown dark.
    pub(crate) async fn set_dark(&self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.command("Emulation.setEmulatedMedia", features).await;
    }

    /// How wide the window is, in CSS pixels.
    pub(crate) async fn set_width(&self, width: u32) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600});
        self.command("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Whether the whole page can be moved sideways.
    pub(crate) async fn is_too_wide(&self) -> bool {
        let script = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
        self.evaluate(script, vec![]).await
    }

    /// A picture of the page, down to `most` pixels, as PNG in base64.
    pub(crate) async fn picture(&self, most: u32) -> String {
        let size = "const page = document.documentElement;
                    return {x: 0, y: 0, width: page.clientWidth, height: Math.min(page.scrollHeight, arguments[0]), scale: 1}";
        let clip: Value = self.evaluate(size, vec![json!(most)]).await;
        let wanted = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let taken = self.command("Page.captureScreenshot", wanted).await;
        taken["data"].as_str().expect("a picture").to_owned()
    }

    /// Evaluates a script beside the page's own.
    pub(crate) async fn evaluate<T: serde::de::DeserializeOwned>(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> T {
        let result = self.driver().execute(script, arguments).await.expect("the script runs");
        result.convert().expect("it returns what it should")
    }

    /// Evaluates a script that calls its last argument with the result.
    pub(crate) async fn wait_for(&self, script: &str, arguments: Vec<Value>) -> Value {
        let limit = Duration::from_secs(60);
        self.driver().set_script_timeout(limit).await.expect("a limit can be set");
        self.driver().execute_async(script, arguments).await.expect("the script runs").json().clone()
    }

    async fn command(&self, name: &str, parameters: Value) -> Value {
        let answer = self.driver().cdp().send_raw(name, parameters).await;
        answer.unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Not asked to quit, which takes a moment and a runtime: its driver is ended, and ends it.
        let _ = self.driver.take().map(WebDriver::leak);
    }
}
