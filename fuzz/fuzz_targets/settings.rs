//! libFuzzer calls [`rescind_fuzz::settings::run`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescind_fuzz::settings::run(data));
