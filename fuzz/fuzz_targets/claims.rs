//! libFuzzer calls [`rescind_fuzz::claims::run`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescind_fuzz::claims::run(data));
