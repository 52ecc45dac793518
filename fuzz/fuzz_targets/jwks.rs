//! libFuzzer calls [`rescind_fuzz::jwks::run`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescind_fuzz::jwks::run(data));
