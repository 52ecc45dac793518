//! libFuzzer calls [`rescind_fuzz::jwk::run`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescind_fuzz::jwk::run(data));
