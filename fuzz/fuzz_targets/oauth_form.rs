//! libFuzzer calls [`rescind_fuzz::oauth_form::run`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescind_fuzz::oauth_form::run(data));
