//! libFuzzer calls [`rescind_fuzz::access_token::run`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescind_fuzz::access_token::run(data));
