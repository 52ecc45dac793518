//! libFuzzer calls [`rescind_fuzz::refresh_token::run`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescind_fuzz::refresh_token::run(data));
