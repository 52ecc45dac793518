//! The pages for people, `/admin` and `/account`: in a real browser, with and without scripts, and by requests that no browser would send.

#[path = "../support/mod.rs"]
mod support;

mod account;
mod axe;
mod browser;
mod clicks;
mod confirming;
mod continuing;
mod forms;
mod headers;
mod keyboard;
mod naming;
mod privacy;
mod routes;
mod screenshots;
mod secrets;
mod tab;
mod transport;
mod walk;
mod watching;
mod world;
