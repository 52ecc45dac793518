//! libFuzzer calls [`rescind_fuzz::public_key_pem::run`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rescind_fuzz::public_key_pem::run(data));
