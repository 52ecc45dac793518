//! libFuzzer calls [`rescind_fuzz::header::run`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescind_fuzz::header::run(data));
