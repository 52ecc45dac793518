//! libFuzzer calls [`rescind_fuzz::json_body::run`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescind_fuzz::json_body::run(data));
