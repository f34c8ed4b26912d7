use super::*;
use proptest::prelude::*;

const KIND: [u8; 4] = *b"VGRP";

#[test]
fn what_was_sealed_is_what_is_opened() {
    for payload in [&b""[..], b"x", &[0; 70_000]] {
        let sealed = seal(KIND, 3, payload);
        assert_eq!(open(&sealed).unwrap(), (KIND, 3, payload));
        assert_eq!(open_as(&sealed, KIND, 3).unwrap(), payload);
        assert_eq!(sealed_len(&sealed).unwrap(), sealed.len());
    }
}

#[test]
fn another_kind_or_version_is_refused_in_words() {
    let sealed = seal(KIND, 1, b"state");
    let error = open_as(&sealed, KIND, 2).unwrap_err();
    assert_eq!(error.to_string(), "format version 1 of VGRP; this build reads version 2");
    assert!(matches!(open_as(&sealed, *b"DRVR", 1), Err(EnvelopeError::Kind { .. })));
}

#[test]
fn envelopes_behind_one_another_are_told_apart() {
    let file = [seal(KIND, 1, b"first"), seal(KIND, 1, b"second")].concat();
    let first_len = sealed_len(&file).unwrap();
    assert_eq!(open_as(&file[..first_len], KIND, 1).unwrap(), b"first");
    assert_eq!(open_as(&file[first_len..], KIND, 1).unwrap(), b"second");
}

proptest! {
    #[test]
    fn every_flipped_bit_is_found(payload in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), bit in 0u32..8) {
        let mut sealed = seal(KIND, 1, &payload);
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert!(open(&sealed).is_err());
    }

    #[test]
    fn every_cut_and_every_added_byte_is_found(payload in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), added in any::<u8>()) {
        let mut sealed = seal(KIND, 1, &payload);
        prop_assert!(open(&sealed[..at.index(sealed.len())]).is_err());
        sealed.push(added);
        prop_assert!(open(&sealed).is_err());
    }

    #[test]
    fn noise_is_refused_and_harms_nobody(noise in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert!(open(&noise).is_err());
    }
}
